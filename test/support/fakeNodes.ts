/**
 * Nodes that are none: one program stands for the connectors of many trees, and says of each what a real one says, at the same times. The leader of such a tree is a
 * sleep(1), which takes a fiftieth of the memory of a connector.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { coreVersion, hello, spokenVersions } from '../../src/protocol/handshake.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import { type RemoteFigures, remoteReport, remoteStart } from '../../src/protocol/remoteRequests.ts';
import type { RemotePhase, RemoteStatus } from '../../src/protocol/runner.ts';
import type { RemoteStart } from '../../src/protocol/startRequest.ts';

/** A node sends its figures so often, in milliseconds; see the `watch` of a connector. */
const figuresMillis = 1000;

/** In the place of Node.js: a warden that runs its programs by it has connectors that only wait, and nothing to end on a node. */
export function writeNodeProgram(folder: string): string {
  const path = join(folder, 'node');
  const lines = ['#!/bin/sh', 'case "$1 $2" in', '*/remote.js\\ connect) exec sleep 86400 ;;', '*/remote.js\\ end) exit 0 ;;', 'esac'];
  writeFileSync(path, [...lines, `exec ${process.execPath} "$@"`, ''].join('\n'));
  chmodSync(path, 0o755);
  return path;
}

/** Stands for the connector of one tree, from its start to the end of its warden. */
export class FakeConnector implements Disposable {
  readonly #socket: Socket;
  readonly #tree: TreeId;
  readonly #number: number;
  readonly #onReport: () => void;
  #status: RemoteStatus | undefined;
  #lastRequest = 0;
  #text = '';
  readonly #answers = new Map<number, (result: unknown) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(warden: string, tree: TreeId, number: number, onReport: () => void) {
    this.#socket = connect(warden);
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#socket.on('error', () => undefined).once('close', () => clearTimeout(this.#timer));
    this.#tree = tree;
    this.#number = number;
    this.#onReport = onReport;
  }

  /** As for a process that runs at once; resolves with what is to be started. */
  async place(): Promise<RemoteStart> {
    await this.#ask(hello.method, { protocol: coreVersion, versions: spokenVersions, version: '0', client: 'tree-warden remote' });
    const start = (await this.#ask(remoteStart.method, { tree: this.#tree })) as RemoteStart;
    const tell = (phase: RemotePhase): void => {
      this.#status = { runner: 'ssh', lease: start.lease, phase, node: `node${this.#number}` };
      this.#report();
    };
    tell('connecting');
    tell('running');
    return start;
  }

  /** Sends figures from now on, spread over the second, as connectors that have nothing to do with each other do. */
  begin(): void {
    this.#timer = setTimeout(() => {
      this.#timer = setInterval(() => this.#report(this.#figures()), figuresMillis);
    }, Math.random() * figuresMillis);
  }

  /** Sends nothing any more. */
  end(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Of three busy members. */
  #figures(): RemoteFigures {
    const members = Array.from({ length: 3 }, (_, index) => ({
      ...{ pid: 1000 + index, parent: 999 + index, name: 'python3', threads: 4, zombie: false, stray: false },
      cpuPercent: Math.round(Math.random() * 1000) / 10,
      memoryBytes: 2 ** 28 + Math.round(Math.random() * 2 ** 20),
    }));
    const sum = (figure: 'cpuPercent' | 'memoryBytes'): number => members.reduce((total, member) => total + member[figure], 0);
    return { members, cpuPercent: sum('cpuPercent'), memoryBytes: sum('memoryBytes'), readRate: 0, writeRate: 0, zombies: 0 };
  }

  #report(figures?: RemoteFigures): void {
    this.#send({ method: remoteReport.method, params: { tree: this.#tree, status: this.#status, ...(figures && { figures }) } });
    this.#onReport();
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastRequest;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#send({ id, method, params });
    });
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#socket.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  /** Only what a connector has asked for is answered: short messages of plain ASCII. */
  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const [head, length] = this.#text.match(/^Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/) ?? [];
      if (head === undefined || this.#text.length < head.length + Number(length)) return;
      const { id, result, error } = JSON.parse(this.#text.slice(head.length, head.length + Number(length)));
      this.#text = this.#text.slice(head.length + Number(length));
      if (error) throw new Error(error.message);
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    }
  }
}
