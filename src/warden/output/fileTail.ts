import { closeSync, fstatSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { errorText } from '../../protocol/errors.ts';
import { defaultRotation, type LogRotation } from '../../protocol/logRotation.ts';
import { LongTimer } from '../../protocol/timers.ts';
import { openPlainFileSync } from '../../records/plainFile.ts';
import { discardCopy, emptyLog, LogCopy, lateBytes } from './logCopy.ts';

/** How often there may be something new, in milliseconds: seldom where little comes, often where much does. */
const lookMillis = { least: 10, most: 200 } as const;
/** How much may come between two looks, in bytes, as long as the one after the other is not later than that. */
const lookBytes = 2 ** 20;
/** How much is read in one turn of the event loop, in bytes: some writers are as fast as any reader. */
const turnBytes = 512 * 1024;
/** How much may wait to be read, in bytes, and how much of that is read where it is more: as much as is kept in memory. */
const unread = { most: 32 * 2 ** 20, kept: 2 ** 20 } as const;
/** How often a log is copied at most until the copy has its end. */
const maxCopies = 3;
/** How soon a log that could not be set aside is tried again, in milliseconds: room on a disk comes back. */
const retryMillis = 5000;

/** Called with what was read; `skipped` bytes before it were not, and are in the file as long as that keeps them. */
export type OnChunk = (chunk: Buffer, skipped: number) => void;

interface Closing {
  /** Where the file ends. */
  readonly size: number;
  /** Whether no process writes any more, so that the file has its last size. */
  readonly isFinal: boolean;
  readonly done: () => void;
}

/**
 * Reads what a process writes to a file by itself, as it comes. The file is set aside and begun anew: a detached process keeps writing to the one that it was born with. A position in
 * the file is one in what was delivered, with what was skipped; so what is not in any file is not counted.
 */
export class FileTail {
  readonly #path: string;
  readonly #onChunk: OnChunk;
  readonly #rotation: LogRotation;
  readonly #buffer = Buffer.allocUnsafe(64 * 1024);
  readonly #fd: number;
  #timer: LongTimer;
  #timerMillis: number = lookMillis.least;
  /** What the size was when, at the last look that a timer follows. */
  #seen: { readonly size: number; readonly at: number };
  #position: number;
  #next: NodeJS.Immediate | undefined;
  #closing: Closing | undefined;
  #closed = false;
  #copy: LogCopy | undefined;
  #rotating: Promise<void> | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;

  /** Begins with the last `backlogBytes`. @throws Error where it is no plain file, or cannot be read. */
  constructor(path: string, backlogBytes: number, onChunk: OnChunk, rotation = defaultRotation) {
    this.#path = path;
    this.#rotation = rotation;
    this.#onChunk = onChunk;
    this.#fd = openPlainFileSync(path);
    const { size } = fstatSync(this.#fd);
    this.#position = Math.max(0, size - backlogBytes);
    this.#seen = { size, at: performance.now() };
    this.#timer = new LongTimer(() => this.#look(), this.#timerMillis);
    discardCopy(path);
  }

  /** How much of the file has been read. */
  get position(): number {
    return this.#position;
  }

  /**
   * Reads what is there by now, turn by turn, and lets go; `done` is called then, in a later turn where there is much. `isFinal`: no process writes any more, and what is too long
   * is set aside before.
   */
  close(done: () => void = () => undefined, isFinal = false): void {
    if (this.#closed || this.#closing) return;
    this.#closing = { size: this.#sizeNow() ?? 0, isFinal, done };
    this.#look();
  }

  /** A part of what is there now; the rest in the next turns. */
  #look(): void {
    clearImmediate(this.#next);
    this.#timer.cancel();
    if (this.#closed) return;
    const size = this.#closing?.size ?? this.#sizeNow();
    if (size === undefined) return;
    // Another process has truncated it.
    if (size < this.#position && !this.#closing) this.#position = 0;
    // What a copy will not have is in no file then.
    const end = Math.min(size, this.#copy?.limit ?? size);
    const from = this.#isFlooded(size, end) ? Math.max(this.#position, end - unread.kept) : this.#position;
    const isBehind = this.#read(Math.min(end, from + turnBytes), from) && this.#position < end;
    if (this.#closed) return;
    if (!this.#closing && this.#isFull && end - this.#position <= lateBytes) this.#rotating = this.#rotate();
    if (isBehind) this.#next = setImmediate(() => this.#look());
    else if (this.#closing) void this.#finish(this.#closing);
    else this.#lookLater(size);
  }

  #isFlooded(size: number, end: number): boolean {
    return end - this.#position > unread.most || size > this.#rotation.maxBytes + unread.most;
  }

  get #isFull(): boolean {
    return this.#position > this.#rotation.maxBytes && this.#rotating === undefined && performance.now() >= this.#retryAt;
  }

  /** The sooner, the faster it has grown. */
  #lookLater(size: number): void {
    const now = performance.now();
    const millisToCome = ((now - this.#seen.at) * lookBytes) / Math.max(1, size - this.#seen.size);
    this.#seen = { size, at: now };
    this.#timerMillis = Math.min(lookMillis.most, 2 * this.#timerMillis, Math.max(lookMillis.least, millisToCome));
    this.#timer = new LongTimer(() => this.#look(), this.#timerMillis);
  }

  /** False where there was less to read than expected. */
  #read(to: number, from: number): boolean {
    try {
      for (let at = from; at < to; at = this.#position) {
        const count = readSync(this.#fd, this.#buffer, 0, Math.min(this.#buffer.length, to - at), at);
        if (count === 0) return false;
        const skipped = at - this.#position;
        this.#position = at + count;
        this.#onChunk(Buffer.from(this.#buffer.subarray(0, count)), skipped);
      }
      return true;
    } catch (error) {
      this.#giveUp(error);
      return false;
    }
  }

  #sizeNow(): number | undefined {
    try {
      return fstatSync(this.#fd).size;
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  /** All of it has been read. */
  async #finish({ isFinal }: Closing): Promise<void> {
    if (isFinal && this.#isFull) this.#rotating = this.#rotate();
    if (this.#rotating === undefined) {
      this.#letGo();
      return;
    }
    await this.#rotating;
    this.#look();
  }

  #letGo(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.cancel();
    closeSync(this.#fd);
    this.#closing?.done();
  }

  /** A disk that fails is no reason for the warden to fail: the reader is told. */
  #giveUp(error: unknown): void {
    if (this.#closed) return;
    this.#onChunk(Buffer.from(`\ntree-warden: ${this.#path} cannot be read any more: ${errorText(error)}\n`), 0);
    this.#letGo();
  }

  /** The writer appends, so it goes on at the new end. */
  async #rotate(): Promise<void> {
    const before = this.#position;
    try {
      // What was printed last is worth more than what was printed before.
      for (let tries = 1; ; tries++) {
        const copy = new LogCopy(this.#path, this.#fd, this.#rotation);
        this.#copy = copy;
        await copy.make();
        if (this.#closed || this.#position < before) return;
        if (copy.isBehind && tries < maxCopies) continue;
        this.#cut(copy);
        return;
      }
    } catch (error) {
      // A full disk: it goes on growing in the file that there is, up to its bound, or fails there, at the writer.
      this.#retryAt = performance.now() + retryMillis;
      this.#cutWithoutCopy(error);
    } finally {
      this.#copy?.discard();
      this.#copy = undefined;
      this.#rotating = undefined;
    }
  }

  #cut(copy: LogCopy): void {
    this.#read(copy.to, Math.max(this.#position, copy.to - lateBytes));
    if (this.#closed || this.#position < copy.to) return;
    const { from, late } = copy.replaceLog();
    const chunk = late.subarray(this.#position - from);
    this.#begin();
    if (chunk.length > 0) this.#onChunk(chunk, 0);
  }

  #cutWithoutCopy(reason: unknown): void {
    try {
      const { size } = fstatSync(this.#fd);
      if (this.#closed || size <= this.#rotation.maxBytes + unread.most) return;
      emptyLog(this.#path, this.#rotation, Buffer.from(`\ntree-warden: ${size} bytes could not be kept: ${errorText(reason)}\n`));
      this.#begin();
    } catch {
      // The same disk.
    }
  }

  /** The file is a new one. */
  #begin(): void {
    this.#position = 0;
    this.#seen = { size: 0, at: performance.now() };
    if (this.#closing) this.#closing = { ...this.#closing, size: 0 };
  }
}
