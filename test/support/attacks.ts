import { connect, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { printTable } from './table.ts';

/** Attacks on one target: each is a test and a row of a table that is printed behind them. To be called inside of a `describe`. */
export class Attacks {
  readonly #rows: string[][] = [];

  constructor(target: string) {
    after(() => printTable(`attacks on ${target}`, ['attack', 'count', 'result'], this.#rows));
  }

  /** `work` answers with what the target has done, for the table. */
  add(attack: string, count: number, work: () => Promise<string>): void {
    it(attack, async () => {
      const row = [attack, String(count), 'failed'];
      this.#rows.push(row);
      row[2] = await work();
    });
  }
}

/** Connections to a port of loopback that say nothing, or only what they are given. */
export class Connections implements Disposable {
  readonly sockets: Socket[] = [];

  /** Resolves when each is connected, or was refused. */
  async open(port: number, count: number, first = ''): Promise<void> {
    const opened = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
    this.sockets.push(...opened);
    await Promise.all(
      opened.map(async (socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
        if (first !== '' && !socket.destroyed) socket.write(first);
      }),
    );
  }

  /** To all that are open. */
  write(text: string): void {
    for (const socket of this.sockets) if (!socket.destroyed) socket.write(text);
  }

  /** Those that the other side has not closed. */
  get living(): number {
    return this.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
