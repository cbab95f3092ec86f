import { type ChildProcess, spawn } from 'node:child_process';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardenClient } from '../client/wardenClient.ts';
import { openConnection } from '../protocol/openConnection.ts';
import { noNode, noProgram } from './nodeScript.ts';
import { noWarden, readyLine } from './nodeSide.ts';
import { authorityOf, openStreams, openTunnel, wardenAuthority } from './nodeStreams.ts';
import { complaintIn, handedOn } from './programs.ts';
import type { CommandLine } from './runner.ts';

/** This program is not on the node yet. */
export class ProgramMissingError extends Error {}

/** The node has answered that there is nothing to connect to, and never will be. */
export class NoWardenError extends Error {}

/** The longest that a node has to answer, in milliseconds. */
const openMillis = 60_000;
function period(patienceMillis: number): number {
  return Math.ceil(Math.min(patienceMillis, openMillis));
}

/** Of what stands before the first answer, in bytes: a login shell may have a lot to say. */
const maxPreface = 2 ** 16;

/** The connection to the warden of a lease on its node. */
export class NodeLink {
  readonly warden: WardenClient;
  /** Resolves when it has ended, with the reason as a clause. */
  readonly closed: Promise<string>;
  readonly #child: ChildProcess;
  readonly #session: ClientHttp2Session;
  #onHungUp: () => void = () => undefined;

  /**
   * @param patienceMillis How long it may take; a minute at most, which is for a node that is reached for the first time.
   * @throws ProgramMissingError, or Error with what the node, or the way to it, has answered.
   */
  static async open([program, ...args]: CommandLine, patienceMillis = openMillis): Promise<NodeLink> {
    const child = spawn(program, args, { env: handedOn(), stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = child;
    const complaint = complaintIn(stderr);
    for (const stream of [stdin, stdout]) stream.on('error', () => undefined);
    const closed = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => {
        resolve(complaint() || `${program} ended ${signal === null ? `with code ${code}` : `by ${signal}`}`);
      });
    });
    const ended = closed.then((why): never => {
      throw new (errorOf(child.exitCode))(why);
    });
    const late = AbortSignal.timeout(period(patienceMillis));
    const isLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () =>
        reject(new Error(`${program} has not answered in ${Math.round(period(patienceMillis) / 1000)} s`)),
      );
    });
    try {
      await Promise.race([preface(stdout), ended, isLate]);
      const session = openStreams(stdout, stdin);
      const tunnel = await Promise.race([openTunnel(session, wardenAuthority), ended, isLate]);
      const warden = await Promise.race([WardenClient.greet(openConnection(tunnel, tunnel), 'tree-warden remote'), ended, isLate]);
      return new NodeLink(child, session, warden, closed);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  private constructor(child: ChildProcess, session: ClientHttp2Session, warden: WardenClient, closed: Promise<string>) {
    this.#child = child;
    this.#session = session;
    this.warden = warden;
    // Neither stream ends where a process behind the program that hangs holds its pipes.
    const hungUp = new Promise<string>((resolve) => {
      this.#onHungUp = () => resolve('it does not answer');
    });
    const gone = new Promise<string>((resolve) => {
      warden.onClose(() => resolve('its warden has ended'));
      session.once('close', () => resolve('the connection has ended'));
    });
    // What the program says at its end says more, and comes a moment later.
    this.closed = Promise.race([closed, gone.then((why) => Promise.race([closed, sleep(lastWordsMillis, why)])), hungUp]);
    void this.closed.then(() => this.close());
  }

  /** To what listens at an address of the node. @throws Error where nothing does. */
  async tunnelTo(address: string, port: number): Promise<ClientHttp2Stream> {
    return await openTunnel(this.#session, authorityOf(address, port));
  }

  close(): void {
    this.#onHungUp();
    this.warden.dispose();
    this.#session.destroy();
    this.#child.kill('SIGKILL');
  }
}

function errorOf(status: number | null): new (message: string) => Error {
  if (status === noProgram) return ProgramMissingError;
  return status === noNode || status === noWarden ? NoWardenError : Error;
}

const lastWordsMillis = 500;

/** Reads up to the line that says that the warden is there; what comes behind it stays in the stream. */
function preface(stdout: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let before = Buffer.alloc(0);
    const read = (): void => {
      for (;;) {
        const chunk = stdout.read() as Buffer | null;
        if (chunk === null) return;
        before = Buffer.concat([before, chunk]);
        const at = before.indexOf(readyLine);
        if (at >= 0) {
          stdout.off('readable', read);
          const rest = before.subarray(at + readyLine.length);
          if (rest.length > 0) stdout.unshift(rest);
          resolve();
          return;
        }
        if (before.length > maxPreface) {
          reject(new Error('the login of the node prints more than this program reads'));
          return;
        }
      }
    };
    stdout.on('readable', read);
  });
}
