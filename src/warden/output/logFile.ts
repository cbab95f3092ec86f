import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { defaultRotation, type LogRotation } from '../../protocol/logRotation.ts';
import { RotatingFile } from './rotatingFile.ts';

/** How soon a file that could not be opened or written is tried again, in milliseconds: descriptors and room on a disk come back. */
const usualRetryMillis = 5000;

/** A file that is rotated. It never throws and never ends its user: see `onFailure`. */
export class LogFile {
  readonly path: string;
  readonly #onFailure: (error: Error) => void;
  readonly #retryMillis: number;
  readonly #rotation: LogRotation;
  #file: RotatingFile | undefined;
  #drained: (() => void) | undefined;
  #written: (() => void) | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #start = 0;
  #hasUnknownStart = false;

  /** `onFailure` is called once, with what the system said; what is written goes nowhere until it can be written again. */
  constructor(path: string, onFailure: (error: Error) => void, rotation = defaultRotation, retryMillis = usualRetryMillis) {
    this.path = path;
    this.#rotation = rotation;
    this.#retryMillis = retryMillis;
    this.#onFailure = onFailure;
    this.#open();
  }

  /** False where the disk is behind: `drained` is then called once it has caught up, or has failed. */
  write(chunk: Buffer | string, drained: () => void): boolean {
    if (this.#file === undefined && this.#closing === undefined && performance.now() >= this.#retryAt) this.#open();
    if (this.#file === undefined || this.#file.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) return true;
    this.#drained = drained;
    return false;
  }

  /** How much waits for the disk, in bytes; `written` is called when nothing does any more, or it has failed. */
  awaitWritten(written: () => void): number {
    this.#written = written;
    return this.#file?.waitingBytes ?? 0;
  }

  /** How many bytes were written before the first one of the file at `path`; undefined where not all could be written, or that is not known. */
  get start(): number | undefined {
    return this.#hasFailed || this.#hasUnknownStart ? undefined : this.#start;
  }

  /** Whether nothing of it is under way to the disk any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when all that was written is on its way to the disk, or has failed. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.end();
    this.#isClosed = true;
  }

  #open(): void {
    const file = new RotatingFile(this.path, this.#rotation, {
      onDrain: () => this.#release(),
      onWritten: () => this.#tellWritten(),
      onSetAside: () => this.#setAside(),
      onError: (error) => {
        if (this.#file === file) this.#file = undefined;
        this.#release();
        this.#tellWritten();
        this.#failed(error);
      },
    });
    this.#file = file;
  }

  /** The new file is not there yet. */
  #setAside(): void {
    try {
      this.#start += statSync(`${this.path}.1`).size;
    } catch {
      // Another process is setting the next one aside: all is written, but how much came before is not known.
      this.#hasUnknownStart = true;
    }
  }

  #failed(error: Error): void {
    this.#retryAt = performance.now() + this.#retryMillis;
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(error);
  }

  #release(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  #tellWritten(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }
}
