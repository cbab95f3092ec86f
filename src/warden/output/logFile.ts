import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { makeFolder } from '../../records/makeFolder.ts';

/** How soon a file that could not be opened or written is tried again, in milliseconds: descriptors and room on a disk come back. */
const usualRetryMillis = 5000;

/** A file that is rotated at 10 MiB, three old ones kept. It never throws and never ends its user: see `onFailure`. */
export class LogFile {
  readonly path: string;
  readonly #onFailure: (error: Error) => void;
  readonly #retryMillis: number;
  #stream: RotatingFileStream | undefined;
  #drained: (() => void) | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #start = 0;

  /** `onFailure` is called once, with what the system said; what is written goes nowhere until it can be written again. */
  constructor(path: string, onFailure: (error: Error) => void, retryMillis = usualRetryMillis) {
    this.path = path;
    this.#retryMillis = retryMillis;
    this.#onFailure = onFailure;
    this.#open();
  }

  /** False where the disk is behind: `drained` is then called once it has caught up, or has failed. */
  write(chunk: Buffer | string, drained: () => void): boolean {
    if (this.#stream === undefined && this.#closing === undefined && performance.now() >= this.#retryAt) this.#open();
    if (this.#stream === undefined || this.#stream.write(chunk)) return true;
    this.#drained = drained;
    return false;
  }

  /** How many bytes were written before the first one of the file at `path`; undefined where not all could be written. */
  get start(): number | undefined {
    return this.#hasFailed ? undefined : this.#start;
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
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined)
      await new Promise<void>((resolve) => {
        stream.once('close', resolve).once('error', () => resolve());
        stream.end();
      });
    this.#isClosed = true;
  }

  #open(): void {
    try {
      makeFolder(dirname(this.path));
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    const stream = createStream(basename(this.path), { path: dirname(this.path), size: '10M', rotate: 3, mode: 0o600 });
    this.#stream = stream;
    stream.on('warning', () => undefined);
    stream.on('drain', () => this.#release());
    stream.on('rotated', () => this.#setAside());
    stream.on('error', (error) => {
      if (this.#stream === stream) this.#stream = undefined;
      this.#release();
      this.#failed(error);
    });
  }

  /** The new file is not there yet. */
  #setAside(): void {
    try {
      this.#start += statSync(`${this.path}.1`).size;
    } catch (error) {
      this.#failed(error as Error);
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
}
