import { stripVTControlCharacters } from 'node:util';
import type { OutputLog } from '../../protocol/output.ts';
import type { LogFile } from './logFile.ts';
import { OutputBuffer } from './outputBuffer.ts';

/** Where a tree's output comes from: its pty, or its pipes. */
export interface OutputSource {
  pause(): void;
  resume(): void;
  /** How much of the log file has been read, where the output comes from there. */
  readonly logPosition?: number;
}

/** Someone who reads along. */
export interface OutputReader {
  readonly whenBehind: 'wait' | 'skip';
  /** Called with what comes next; `skipped` bytes before it are lost to this reader. */
  deliver(chunk: Buffer, end: number, skipped: number): void;
  finish(): void;
}

interface Subscription {
  readonly reader: OutputReader;
  readonly follow: boolean;
  sent: number;
  acknowledged: number;
}

const ringBytes = 1024 * 1024;
/** What may be under way to one reader. */
const windowBytes = 256 * 1024;
const chunkBytes = 64 * 1024;
/** Of which the last lines are taken. */
const tailBytes = 8 * 1024;
const maxLineLength = 400;

/** A tree's output: the newest part in memory, all of it to its log file, and to every reader at the reader's own pace. */
export class TreeOutput {
  readonly #ring = new OutputBuffer(ringBytes);
  readonly #subscriptions = new Set<Subscription>();
  /** The file to which a tree with `stdio: "file"` writes by itself. */
  readonly logPath: string | undefined;
  readonly #log: LogFile | undefined;
  #source: OutputSource | undefined;
  #sourcePaused = false;
  #logFull = false;
  #awaitsReader: boolean;
  #ended = false;
  /** Of a log that was read, when the output has ended. */
  #lastLogStart: number | undefined;

  /**
   * @param log A file to which all of it goes; a path where the tree writes to that file by itself.
   * @param awaitReader Hold the source up rather than lose anything before the first reader has come.
   */
  constructor(log: LogFile | string | undefined, awaitReader = false) {
    this.#log = typeof log === 'string' ? undefined : log;
    this.logPath = typeof log === 'string' ? log : undefined;
    this.#awaitsReader = awaitReader;
  }

  get end(): number {
    return this.#ring.end;
  }

  /** Undefined where there is no log, or not all of it could be written. */
  get log(): OutputLog | undefined {
    const path = this.logPath ?? this.#log?.path;
    const start = this.#log === undefined ? this.#readLogStart() : this.#log.start;
    return path === undefined || start === undefined ? undefined : { path, start, keptFrom: this.#ring.start };
  }

  /** The newest lines that say something, without colours; at most `count`. */
  lastLines(count: number): string[] {
    const text = stripVTControlCharacters(this.#ring.read(this.#ring.end - tailBytes, tailBytes).toString());
    const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
    return lines.slice(-count).map((line) => line.trimEnd().slice(0, maxLineLength));
  }

  attach(source: OutputSource): void {
    this.#source = source;
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0 || this.#ended) return;
    this.#ring.append(chunk);
    if (this.#log && !this.#log.write(chunk, () => this.#logDrained())) this.#logFull = true;
    for (const subscription of this.#subscriptions) this.#send(subscription);
    this.#holdSourceIfNeeded();
  }

  /** Nothing more will be written. */
  finish(): void {
    if (this.#ended) return;
    this.#lastLogStart = this.#readLogStart();
    this.#ended = true;
    this.#source = undefined;
    // It tells its failures itself.
    void this.#log?.close();
    for (const subscription of this.#subscriptions) this.#send(subscription);
  }

  subscribe(reader: OutputReader, from: number, follow: boolean): { acknowledge(end: number): void; cancel(): void } {
    const subscription: Subscription = { reader, follow, sent: from, acknowledged: from };
    this.#subscriptions.add(subscription);
    this.#awaitsReader = false;
    // Not before the caller knows its subscription.
    setImmediate(() => this.#send(subscription));
    return {
      acknowledge: (end) => {
        subscription.acknowledged = Math.max(subscription.acknowledged, end);
        this.#send(subscription);
        this.#holdSourceIfNeeded();
      },
      cancel: () => {
        this.#subscriptions.delete(subscription);
        this.#holdSourceIfNeeded();
      },
    };
  }

  #send(subscription: Subscription): void {
    if (!this.#subscriptions.has(subscription)) return;
    while (subscription.sent < this.#ring.end && subscription.sent - subscription.acknowledged < windowBytes) {
      const skipped = Math.max(0, this.#ring.start - subscription.sent);
      const chunk = this.#ring.read(subscription.sent, chunkBytes);
      subscription.sent += skipped + chunk.length;
      // What was left out needs no acknowledgement.
      subscription.acknowledged += skipped;
      subscription.reader.deliver(chunk, subscription.sent, skipped);
    }
    if (subscription.sent >= this.#ring.end && (this.#ended || !subscription.follow)) {
      this.#subscriptions.delete(subscription);
      subscription.reader.finish();
    }
  }

  #readLogStart(): number | undefined {
    const position = this.#source?.logPosition;
    return position === undefined ? this.#lastLogStart : this.#ring.end - position;
  }

  #logDrained(): void {
    this.#logFull = false;
    this.#holdSourceIfNeeded();
  }

  #holdSourceIfNeeded(): void {
    const behind = [...this.#subscriptions].some(({ reader, sent }) => reader.whenBehind === 'wait' && this.#ring.end - sent > windowBytes);
    const unread = this.#awaitsReader && this.#ring.end > windowBytes;
    const hold = this.#logFull || behind || unread;
    if (hold === this.#sourcePaused || this.#source === undefined) return;
    this.#sourcePaused = hold;
    if (hold) this.#source.pause();
    else this.#source.resume();
  }
}
