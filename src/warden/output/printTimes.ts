import { rename, stat } from 'node:fs/promises';
import { defaultRotation } from '../../protocol/logRotation.ts';
import { anotherWriter, fileStartLine, timeLine, timesSuffix } from '../../protocol/logTimes.ts';
import { appendToPlainFile } from '../../records/plainFile.ts';

/** What comes sooner after a noted time, in milliseconds, counts as come at that one. */
const stepMillis = 10;
/** How long times are collected before they are written, in milliseconds. A crash loses no more. */
const collectMillis = 1000;
/** As much of the size of all that is kept of the log, the file may have before it becomes the older half; the half before it is gone then. */
const timesShare = 0.1;
/** Times that wait for the disk: where it hangs, further ones are lost. */
const maxWaiting = 10_000;

/** The log whose times are noted. */
interface TimedLog {
  readonly path: string;
  /** Position of the first byte of the newest file; undefined where the log is not whole. */
  readonly start: number | undefined;
}

/**
 * Notes when a tree has printed what, beside its log, so that the lines of a plain log have their times afterwards. It never throws and holds nothing up: a disk that
 * is full costs the times of what was printed then, and the log itself tells of it.
 */
export class PrintTimes {
  readonly #log: () => TimedLog | undefined;
  readonly #maxBytes: number;
  #waiting: string[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;
  /** As the file of times says it; undefined where it does not. */
  #fileStart: number | undefined;
  /** Where the first file began whose times are noted. */
  #firstStart: number | undefined;
  /** For which the file of times has been, or is being, written. */
  #notedStart: number | undefined;
  #isBegun = false;
  /** Whether the last line may have no end. */
  #isTorn = false;
  #due: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(log: () => TimedLog | undefined, { maxBytes, maxFiles } = defaultRotation) {
    this.#log = log;
    this.#maxBytes = timesShare * maxBytes * (maxFiles + 1);
  }

  /** What is printed from this position on comes now. */
  note(position: number): void {
    const printedAt = Date.now();
    const start = this.#log()?.start;
    this.#firstStart ??= start;
    if (this.#isBegun && start !== undefined && start !== this.#notedStart) {
      // Without a warden, this line alone says where the newest file begins.
      this.#notedStart = start;
      void this.flush();
    }
    // A clock that was put back has times of its own.
    if (Math.abs(printedAt - this.#lastAt) < stepMillis || this.#waiting.length >= maxWaiting) return;
    this.#lastAt = printedAt;
    this.#waiting.push(timeLine(position, printedAt));
    this.#due ??= setTimeout(() => void this.flush(), collectMillis).unref();
  }

  /** Resolves when all that was noted is in the file, or has failed. */
  flush(): Promise<void> {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#writing = this.#writing.then(() => this.#write()).catch(() => undefined);
    return this.#writing;
  }

  async #write(): Promise<void> {
    const log = this.#log();
    if (log?.start === undefined || (this.#waiting.length === 0 && this.#fileStart === log.start)) return;
    const lines = this.#waiting;
    this.#waiting = [];
    const path = `${log.path}${timesSuffix}`;
    const isFull = (await sizeOf(path)) >= this.#maxBytes;
    if (isFull) await rename(path, `${path}.1`);
    // The older half may be gone when this one is read.
    if (isFull || this.#fileStart !== log.start) lines.unshift(fileStartLine(log.start));
    // A line that a crash has torn ends here.
    // What it has noted first is of the file that another writer has left.
    if (!this.#isBegun) lines.unshift('', anotherWriter, fileStartLine(this.#firstStart ?? log.start));
    else if (this.#isTorn) lines.unshift('');
    this.#fileStart = undefined;
    this.#isTorn = true;
    await appendToPlainFile(path, `${lines.join('\n')}\n`);
    this.#fileStart = log.start;
    this.#notedStart = log.start;
    this.#isBegun = true;
    this.#isTorn = false;
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
