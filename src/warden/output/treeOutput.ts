import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { LogRotation } from '../../protocol/logRotation.ts';
import type { OutputLog } from '../../protocol/output.ts';
import { appendToPlainFile } from '../../records/plainFile.ts';
import type { LogFile } from './logFile.ts';
import { OutputBuffer } from './outputBuffer.ts';
import { PrintTimes } from './printTimes.ts';

/** Where a tree's output comes from: its pty, or its pipes. */
export interface OutputSource {
  pause(): void;
  resume(): void;
  /** Whether what is printed while it is paused comes as one, as far as there is room for it. */
  readonly gathers?: boolean;
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
  /** Position at which it ends: for a reader that does not follow, the end of what there was when it came. */
  readonly until: number;
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
const drainPollMillis = 10;
/** A shorter piece, in bytes, may be what a person waits for, line by line. */
const leastGathered = 4096;
/**
 * How long a source is left alone for it to gather more, in milliseconds: a disk usually takes what there is in less. Where more than `bytes` wait for it, it is left alone
 * longer: until all of that is written, though others write to the same log.
 */
const gathering = { millis: 5, bytes: 128 * 1024, longMillis: 1000 } as const;
/** How long a disk is waited for, in milliseconds. */
const flushMillis = 1000;

/** A tree's output: the newest part in memory, all of it to its log file, and to every reader at the reader's own pace. */
export class TreeOutput {
  readonly #ring = new OutputBuffer(ringBytes);
  readonly #subscriptions = new Set<Subscription>();
  /** The file to which a tree with `stdio: "file"` writes by itself. */
  readonly logPath: string | undefined;
  /** Of the log; undefined for the usual one. */
  readonly rotation: LogRotation | undefined;
  readonly #log: LogFile | undefined;
  readonly #times: PrintTimes | undefined;
  #source: OutputSource | undefined;
  #sourcePaused = false;
  #logFull = false;
  /** The source is left alone until the log is written, or the time is over. */
  #isGathering = false;
  #gatheringDue: NodeJS.Timeout | undefined;
  #printed = Promise.resolve();
  readonly #awaitReader: boolean | 'always';
  /** Position from which on a reader is waited for; undefined where none is. */
  #unreadFrom: number | undefined;
  #ended = false;
  /** Resolves when nothing more will be written. */
  readonly finished: Promise<void>;
  #onFinished: () => void = () => undefined;
  /** Of a log that was read, when the output has ended. */
  #lastLogStart: number | undefined;
  /** The last lines that were asked for last. */
  #tail: { readonly end: number; readonly count: number; readonly lines: readonly string[] } | undefined;

  /**
   * @param log A file to which all of it goes; a path where the tree writes to that file by itself.
   * @param awaitReader Hold the source up rather than lose anything before the first reader has come; `always`: or before the next one has.
   */
  constructor(log: LogFile | string | undefined, awaitReader: boolean | 'always' = false, rotation?: LogRotation) {
    this.#log = typeof log === 'string' ? undefined : log;
    this.logPath = typeof log === 'string' ? log : undefined;
    this.#times = log === undefined ? undefined : new PrintTimes(() => this.log, rotation);
    this.rotation = rotation;
    this.#awaitReader = awaitReader;
    this.#unreadFrom = awaitReader === false ? undefined : 0;
    this.finished = new Promise((resolve) => {
      this.#onFinished = resolve;
    });
  }

  get end(): number {
    return this.#ring.end;
  }

  /** Nothing more will come, and it is kept for its last lines alone: its log has the rest. */
  shorten(): void {
    if (this.#ended && this.#ring.end - this.#ring.start > tailBytes) this.#ring.shorten(tailBytes);
  }

  /** Whether the first reader that it is kept for has not come yet. */
  get awaitsReader(): boolean {
    return this.#unreadFrom !== undefined;
  }

  /** Of the log, whether all of it could be written or not. */
  get path(): string | undefined {
    return this.logPath ?? this.#log?.path;
  }

  /** Undefined where there is no log, or not all of it could be written. */
  get log(): OutputLog | undefined {
    const { path } = this;
    const start = this.#log === undefined ? this.#readLogStart() : this.#log.start;
    return path === undefined || start === undefined ? undefined : { path, start, keptFrom: this.#ring.start, end: this.#ring.end };
  }

  /** Resolves when the times of what was printed are beside the log, or have failed to get there. */
  async flushTimes(): Promise<void> {
    await Promise.race([this.#times?.flush(), sleep(flushMillis, undefined, { ref: false })]);
  }

  /** The newest lines that say something, without colours; at most `count`. */
  lastLines(count: number): readonly string[] {
    // Each list of trees has them of all that have ended, at every change of any.
    if (this.#tail?.end === this.#ring.end && this.#tail.count === count) return this.#tail.lines;
    const lines = this.#readLastLines(count);
    this.#tail = { end: this.#ring.end, count, lines };
    return lines;
  }

  #readLastLines(count: number): readonly string[] {
    const text = stripVTControlCharacters(this.#ring.read(this.#ring.end - tailBytes, tailBytes).toString());
    const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
    return lines.slice(-count).map((line) => line.trimEnd().slice(0, maxLineLength));
  }

  /** The newest output, up to so many bytes. */
  tail(bytes: number): string {
    return this.#ring.read(Math.max(this.#ring.start, this.#ring.end - bytes), bytes).toString();
  }

  attach(source: OutputSource): void {
    this.#source = source;
  }

  /** `skipped` bytes before it are in the log alone, to which the tree writes by itself. */
  write(chunk: Buffer, skipped = 0): void {
    if (chunk.length === 0 || this.#ended) return;
    if (skipped > 0) this.#ring.skip(skipped);
    this.#ring.append(chunk);
    this.#times?.note(this.#ring.end - chunk.length - skipped);
    if (this.#log && !this.#log.write(chunk, () => this.#logDrained())) this.#logFull = true;
    this.#gather(chunk.length >= leastGathered);
    for (const subscription of this.#subscriptions) this.#send(subscription);
    this.#holdSourceIfNeeded();
  }

  /** What a command prints that is run for the tree: into its file, where the tree itself writes to that. Where it is behind, resolves when there is room; never rejects. */
  print(chunk: Buffer): void | Promise<void> {
    const { logPath } = this;
    if (logPath !== undefined) {
      this.#printed = this.#printed.then(() => appendToPlainFile(logPath, chunk)).catch(() => undefined);
      return this.#printed;
    }
    this.write(chunk);
    return this.#logFull ? this.#hasRoom() : undefined;
  }

  async #hasRoom(): Promise<void> {
    while (this.#logFull && !this.#ended) await sleep(drainPollMillis);
  }

  /** Nothing more will be written. */
  finish(): void {
    if (this.#ended) return;
    this.#lastLogStart = this.#readLogStart();
    this.#ended = true;
    this.#source = undefined;
    clearTimeout(this.#gatheringDue);
    this.#onFinished();
    this.#ring.compact();
    void this.#close();
    for (const subscription of this.#subscriptions) this.#send(subscription);
  }

  /** They tell their failures themselves. The log may still be set aside when the rest of it is written, and the times say where its files begin. */
  async #close(): Promise<void> {
    void this.#times?.flush();
    await this.#log?.close();
    await this.#times?.flush();
  }

  subscribe(reader: OutputReader, from: number, follow: boolean): { acknowledge(end: number): void; cancel(): void } {
    const until = follow ? Number.POSITIVE_INFINITY : this.#ring.end;
    const subscription: Subscription = { reader, until, sent: from, acknowledged: from };
    this.#subscriptions.add(subscription);
    this.#unreadFrom = undefined;
    // Not before the caller knows its subscription.
    setImmediate(() => this.#send(subscription));
    return {
      acknowledge: (end) => {
        subscription.acknowledged = Math.max(subscription.acknowledged, end);
        this.#send(subscription);
        this.#holdSourceIfNeeded();
      },
      cancel: () => {
        const isLast = this.#subscriptions.delete(subscription) && this.#subscriptions.size === 0;
        if (isLast && this.#awaitReader === 'always') this.#unreadFrom = subscription.acknowledged;
        this.#holdSourceIfNeeded();
      },
    };
  }

  #send(subscription: Subscription): void {
    if (!this.#subscriptions.has(subscription)) return;
    const end = Math.min(this.#ring.end, subscription.until);
    while (subscription.sent < end && subscription.sent - subscription.acknowledged < windowBytes) {
      const skipped = Math.max(0, this.#ring.start - subscription.sent);
      const chunk = this.#ring.read(subscription.sent, chunkBytes);
      subscription.sent += skipped + chunk.length;
      // What was left out needs no acknowledgement.
      subscription.acknowledged += skipped;
      subscription.reader.deliver(chunk, subscription.sent, skipped);
    }
    if (subscription.sent >= end && (this.#ended || subscription.sent >= subscription.until)) {
      this.#subscriptions.delete(subscription);
      subscription.reader.finish();
    }
  }

  #readLogStart(): number | undefined {
    const position = this.#source?.logPosition;
    return position === undefined ? this.#lastLogStart : this.#ring.end - position;
  }

  /** A read and a write of little cost as much as those of much. */
  #gather(isLarge: boolean): void {
    if (this.#source?.gathers !== true || this.#isGathering) return;
    const waiting = this.#log?.awaitWritten(() => this.#endGathering()) ?? 0;
    const isMuch = waiting >= gathering.bytes;
    this.#isGathering = isMuch || (isLarge && waiting > 0);
    if (!this.#isGathering) return;
    const end = (): void => this.#endGathering();
    this.#gatheringDue = isMuch ? setTimeout(end, gathering.longMillis) : setTimeout(end, gathering.millis);
  }

  #endGathering(): void {
    clearTimeout(this.#gatheringDue);
    this.#isGathering = false;
    this.#holdSourceIfNeeded();
  }

  #logDrained(): void {
    this.#logFull = false;
    this.#holdSourceIfNeeded();
  }

  #holdSourceIfNeeded(): void {
    const behind = [...this.#subscriptions].some(({ reader, sent }) => reader.whenBehind === 'wait' && this.#ring.end - sent > windowBytes);
    const unread = this.#unreadFrom !== undefined && this.#ring.end - this.#unreadFrom > windowBytes;
    const hold = this.#logFull || this.#isGathering || behind || unread;
    if (hold === this.#sourcePaused || this.#source === undefined) return;
    this.#sourcePaused = hold;
    if (hold) this.#source.pause();
    else this.#source.resume();
  }
}
