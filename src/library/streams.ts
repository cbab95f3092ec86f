/** The streams of a tree: stdin and stdout are its socket, stderr is what its warden has read. */
import { connect, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { OutputSubscription } from '../client/outputSubscriptions.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { OutputRequest } from '../protocol/output.ts';
import { GuardianError } from './api.ts';
import type { TreeHost } from './guardian.ts';

/** Resolves when the socket is connected; its stdin can be ended while its stdout goes on. */
export async function openSocket(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(new GuardianError(`The streams of the process could not be opened: ${error.message}.`)));
  });
  // A process that is gone has closed it; that is no failure of the reader's.
  socket.on('error', () => undefined);
  return socket;
}

/** The half that is written to. It is closed for the process when it is ended or destroyed. */
export function stdinOf(socket: Socket): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.writable) socket.write(chunk, () => done());
      else done();
    },
    final: (done) => {
      if (socket.writable) socket.end(() => done());
      else done();
    },
    destroy: (error, done) => {
      if (socket.writable) socket.end();
      done(error);
    },
  });
}

/** The half that is read. A socket has no way to close this half alone: where it is destroyed before its end, stdin is closed with it. */
export function stdoutOf(socket: Socket): Readable {
  const stdout = new Readable({
    read: () => void socket.resume(),
    destroy(error, done) {
      if (!this.readableEnded) socket.destroy();
      done(error);
    },
  });
  socket.pause();
  socket.on('data', (chunk: Buffer) => {
    if (!stdout.push(chunk)) socket.pause();
  });
  socket.once('end', () => stdout.push(null));
  socket.once('close', () => {
    if (!stdout.readableEnded) stdout.push(null);
  });
  return stdout;
}

/** Nothing is asked for before it is read. For what is read, this program waits; for what is not, it does not. */
export function stderrOf(host: TreeHost, tree: TreeId, whenBehind: OutputRequest['whenBehind']): Readable {
  let subscription: OutputSubscription | undefined;
  let hold: Disposable | undefined;
  /** What has arrived and is more than is wanted now. */
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  const release = (): void => {
    hold?.[Symbol.dispose]();
    hold = undefined;
  };
  return new Readable({
    read() {
      hold ??= host.hold();
      wake();
      subscription ??= host.client.readOutput(
        { tree, from: 0, whenBehind, follow: true },
        {
          onChunk: async (chunk) => {
            if (this.push(chunk)) return;
            release();
            await new Promise<void>((resolve) => waiting.push(resolve));
          },
          onEnd: () => {
            release();
            this.push(null);
          },
        },
      );
    },
    destroy(error, done) {
      wake();
      subscription?.cancel();
      done(error);
    },
  });
}
