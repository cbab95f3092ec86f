import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { makeFolder } from '../../records/makeFolder.ts';

/** A file that is rotated at 10 MiB, three old ones kept. It never throws and never ends its user: see `onFailure`. */
export class LogFile {
  readonly path: string;
  #stream: RotatingFileStream | undefined;
  #drained: (() => void) | undefined;

  /** `onFailure` is called once, with what the system said; from then on what is written goes nowhere. */
  constructor(path: string, onFailure: (error: Error) => void) {
    this.path = path;
    try {
      makeFolder(dirname(path));
    } catch (error) {
      onFailure(error as Error);
      return;
    }
    this.#stream = createStream(basename(path), { path: dirname(path), size: '10M', rotate: 3, mode: 0o600 });
    this.#stream.on('warning', () => undefined);
    this.#stream.on('drain', () => this.#release());
    this.#stream.on('error', (error) => {
      this.#stream = undefined;
      this.#release();
      onFailure(error);
    });
  }

  /** False where the disk is behind: `drained` is then called once it has caught up, or has failed. */
  write(chunk: Buffer | string, drained: () => void): boolean {
    if (this.#stream === undefined || this.#stream.write(chunk)) return true;
    this.#drained = drained;
    return false;
  }

  /** Resolves when all that was written is on its way to the disk. */
  close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    return stream === undefined ? Promise.resolve() : new Promise((resolve) => stream.once('close', resolve).end());
  }

  #release(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }
}
