/**
 * A client and a warden of protocol version 2, frame by frame, as the last build with that version (0.1.0) wrote and read them. Nothing
 * here comes from the source: what the source changes must not change these.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Run } from './run.ts';

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

function frame(message: object): string {
  const text = JSON.stringify({ jsonrpc: '2.0', ...message });
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Calls `onMessage` with each message that arrives. */
function readFrames(socket: Socket, onMessage: (message: Record<string, unknown>) => void): void {
  let data = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    data = Buffer.concat([data, chunk]);
    for (;;) {
      const [head, length] = /^Content-Length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n/.exec(data.toString('latin1')) ?? [];
      if (head === undefined) return;
      const end = head.length + Number(length);
      if (data.length < end) return;
      onMessage(JSON.parse(data.toString('utf8', head.length, end)) as Record<string, unknown>);
      data = data.subarray(end);
    }
  });
}

/** Speaks to the warden of a record folder. */
export class Version2Client implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(folder: string) {
    this.#socket = connect(join(folder, 'warden.sock'));
    this.#socket.on('error', () => undefined);
    readFrames(this.#socket, (message) => this.#waiting.get(Number(message['id']))?.(message));
    this.#socket.once('close', () => {
      for (const settle of this.#waiting.values()) settle({ error: { code: -1, message: 'closed' } });
    });
  }

  /** Resolves with the answer; `params` absent: none are sent. */
  async ask(method: string, params?: object): Promise<Answer> {
    const id = ++this.#last;
    return await new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(frame({ id, method, ...(params && { params }) }));
    });
  }

  async hello(): Promise<Answer> {
    return await this.ask('hello', { protocol: 2, version: '0.1.0', client: 'tree-warden ps' });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

const tree = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'old',
  state: 'ready',
  reason: '',
  leader: { pid: 4_000_000, group: 4_000_000 },
  startedAt: 1_700_000_000_000,
  health: 'none',
  commandLine: 'sleep 1000',
  cwd: '/',
  stdio: 'pipes',
  lifetime: 'managed',
  containment: 'group',
  members: [{ pid: 4_000_000, parent: 1, name: 'sleep', threads: 1, cpuPercent: 0, memoryBytes: 1_000_000, zombie: false, stray: false }],
  cpuPercent: 0,
  memoryBytes: 1_000_000,
  readRate: 0,
  writeRate: 0,
  zombies: 0,
};

/** Listens in a record folder of its own, with one tree on its list. */
export class Version2Warden implements AsyncDisposable {
  /** Every request but hello, in order, with its parameters. */
  readonly asked: [string, unknown][] = [];
  readonly folder: string;
  readonly #lifetime: 'managed' | 'detached';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #hasEnded = false;

  static async start(run: Run, lifetime: 'managed' | 'detached'): Promise<Version2Warden> {
    const warden = new Version2Warden(run, lifetime);
    await new Promise<void>((resolve) => warden.#server.listen(join(warden.folder, 'warden.sock'), resolve));
    return warden;
  }

  private constructor(run: Run, lifetime: 'managed' | 'detached') {
    this.#lifetime = lifetime;
    this.folder = join(run.runtimeFolder, 'ffffffff');
    mkdirSync(run.runtimeFolder, { mode: 0o1700 });
    mkdirSync(this.folder, { mode: 0o700 });
    const record = {
      format: 1,
      warden: 'ffffffff',
      bootId: 'of this boot',
      process: { pid: 4_000_001, startTime: 1 },
      version: '0.1.0',
      workspace: '/an/old/window',
      window: 'file:///an/old/window',
      lifetime,
      startedAt: 1_700_000_000_000,
      homes: [],
    };
    writeFileSync(join(this.folder, 'warden.json'), `${JSON.stringify(record)}\n`, { mode: 0o600 });
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      readFrames(socket, ({ id, method, params }) => {
        const answer = this.#answer(String(method), (params ?? {}) as Record<string, unknown>);
        if (id !== undefined) socket.write(frame({ id, ...answer }));
      });
    });
  }

  #answer(method: string, params: Record<string, unknown>): Answer {
    const welcome = {
      protocol: 2,
      version: '0.1.0',
      warden: 'ffffffff',
      pid: 4_000_001,
      shortcomings: [],
      journalFile: '/dev/null',
      workspace: '/an/old/window',
      lifetime: this.#lifetime,
      folder: this.folder,
    };
    if (method === 'hello')
      return params['protocol'] === 2
        ? { result: welcome }
        : { error: { code: 4, message: `speaks protocol ${params['protocol']}, this warden (0.1.0) speaks 2` } };
    this.asked.push([method, params]);
    const now = {
      ...tree,
      lifetime: this.#lifetime,
      ...(this.#hasEnded && { state: 'exited', reason: 'stopped', endedAt: 1_700_000_001_000 }),
    };
    if (method === 'list') return { result: [now] };
    if (method === 'inspect')
      return {
        result: { ...welcome, startedAt: 1, platform: 'linux', adoptsOrphans: true, switchPid: null, trees: [now], memoryBytes: 1 },
      };
    if (method === 'stop') {
      this.#hasEnded = true;
      return { result: { ...now, state: 'exited', reason: String(params['reason']), endedAt: 1_700_000_001_000, members: [] } };
    }
    if (method === 'shutdown') return { result: null };
    return { error: { code: -32_601, message: `Unhandled method ${method}` } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
