import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { createMessageConnection, type MessageConnection, type RequestType, type RequestType0 } from 'vscode-jsonrpc/node';
import type { Platform, ProcessIdentity } from '../platform/platform.ts';
import * as messages from '../protocol/helperProcess.ts';
import { MessageReader } from '../protocol/messageReader.ts';
import { MessageWriter } from '../protocol/messageWriter.ts';
import { ifReadable } from './ending/ifReadable.ts';

export interface HelperParts {
  readonly platform: Pick<Platform, 'stat' | 'signal'>;
  /** Arguments of Node: options of its own, a bundle, and what that takes. */
  readonly args: readonly string[];
  /** In the same turn as the spawn: the process is no member of any tree. */
  onSpawned(process: ProcessIdentity): void;
  /** Its exit status has been collected. */
  onCollected(process: ProcessIdentity): void;
  /** To be called before the first message is read. */
  handle(connection: MessageConnection): void;
}

/** Interval of the health check, in milliseconds. */
const pingMillis = 1000;
/** Number of checks without an answer, and without CPU time used, after which it counts as hung. */
const maxIdlePings = 5;
/**
 * Limits for a process that uses CPU time but does not answer: it may be busy with a long request, which is one turn of its event loop, or the machine may be.
 * It counts as hung after this CPU time in milliseconds, several times what the longest request takes, or after this number of checks.
 */
const hungBusy = { cpuMillis: 20_000, pings: 120 } as const;
/** Time that it has to end when it is asked to, in milliseconds. */
const closeMillis = 1000;
/** Length of its stderr that is kept to explain its end, in characters. */
const keptErrorLength = 8000;

/** One helper process that reads what comes from outside, from its start to its end. */
export class HelperProcess {
  readonly connection: MessageConnection;
  /** Resolves with how it has ended, as a clause. */
  readonly ended: Promise<string>;
  readonly #parts: HelperParts;
  readonly #child: ChildProcess;
  readonly #identity: ProcessIdentity | undefined;
  readonly #pinging: NodeJS.Timeout;
  #errors = '';
  #isHung = false;
  #answeredAt = Date.now();

  /** Where no process can be started, `ended` says why. */
  constructor(parts: HelperParts) {
    this.#parts = parts;
    const { args, platform } = parts;
    // A session of its own: the keys of a terminal are not meant for it.
    this.#child = spawn(process.execPath, [...args], { detached: true, windowsHide: true, stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
    const { pid, stdin, stdout, stderr } = this.#child;
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once('exit', (code, signal) => resolve(this.#describe(code, signal)));
    });
    const stat = pid === undefined ? undefined : platform.stat(pid);
    this.#identity = stat && { pid: stat.pid, startTime: stat.startTime };
    if (this.#identity) parts.onSpawned(this.#identity);
    if (!stdin || !stdout || !stderr) throw new Error('no descriptors are left for a helper process');
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorLength);
    });
    this.connection = createMessageConnection(new MessageReader(stdout), new MessageWriter(stdin));
    this.connection.onError(() => undefined);
    parts.handle(this.connection);
    this.connection.listen();
    this.#pinging = this.#ping();
    void this.ended.then(() => {
      clearInterval(this.#pinging);
      this.connection.dispose();
      if (this.#identity) parts.onCollected(this.#identity);
    });
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** When it was alive last, as far as that is known: of its start, or of its last answer to a health check; in milliseconds since 1970. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /**
   * Asks it. Rejects also where the connection has closed already, for which the library throws at once: its streams may end before the system tells of its end, and
   * a timer that threw meanwhile would end the warden.
   */
  async request<R>(type: RequestType0<R, void>): Promise<R>;
  async request<P, R>(type: RequestType<P, R, void>, params: P): Promise<R>;
  async request(type: { readonly method: string }, params?: unknown): Promise<unknown> {
    return await this.connection.sendRequest(type.method, params);
  }

  /** Its requests end with an error. Resolves when it has ended. */
  async close(): Promise<void> {
    clearInterval(this.#pinging);
    const asked = this.request(messages.close).catch(() => undefined);
    await Promise.race([asked, this.ended, wait(closeMillis, undefined, { ref: false })]);
    this.#child.stdin?.end();
    await Promise.race([this.ended, wait(closeMillis, undefined, { ref: false })]);
    this.#kill();
    await this.ended;
  }

  /** A process table that cannot be read says nothing of it. */
  #cpuMillis(): number {
    const { platform } = this.#parts;
    return ifReadable(() => this.#identity && platform.stat(this.#identity.pid)?.cpuMillis) ?? 0;
  }

  #kill(): void {
    if (this.#identity && this.#child.exitCode === null && this.#child.signalCode === null)
      this.#parts.platform.signal(this.#identity, 'SIGKILL');
  }

  /** Counts checks instead of time: where the warden itself was stopped, or the machine asleep, one check is missed and no more. */
  #ping(): NodeJS.Timeout {
    let isAnswered = true;
    let missed = 0;
    let missedIdle = 0;
    let cpuMillis = 0;
    let cpuMillisAtPing = 0;
    const check = (): void => {
      const used = this.#cpuMillis();
      const isIdle = used === cpuMillis;
      cpuMillis = used;
      if (isAnswered) {
        isAnswered = false;
        missed = 0;
        missedIdle = 0;
        cpuMillisAtPing = used;
        this.request(messages.ping).then(
          () => {
            isAnswered = true;
            this.#answeredAt = Date.now();
          },
          () => undefined,
        );
        return;
      }
      missed++;
      missedIdle = isIdle ? missedIdle + 1 : 0;
      if (missedIdle < maxIdlePings && missed < hungBusy.pings && used - cpuMillisAtPing < hungBusy.cpuMillis) return;
      this.#isHung = true;
      this.#kill();
    };
    return setInterval(check, pingMillis);
  }

  #describe(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#isHung) return 'did not answer and was killed';
    if (/heap out of memory|Allocation failed/.test(this.#errors)) return 'ran out of memory';
    if (signal !== null) return `was killed by ${signal}`;
    const [line = ''] = this.#errors.trim().match(/^\w*Error: .*$/m) ?? this.#errors.trim().split('\n').slice(-1);
    return `exited with code ${code}${line === '' ? '' : `: ${line.slice(0, 500)}`}`;
  }
}
