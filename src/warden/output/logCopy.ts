import {
  appendFileSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { LogRotation } from '../../protocol/logRotation.ts';
import { openPlainFile } from '../../records/plainFile.ts';

/** How much of what has been written meanwhile is added to a copy in one turn of the event loop, in bytes. */
export const lateBytes = 4 * 2 ** 20;
/** Size of what is copied at once, in bytes. */
const blockBytes = 2 ** 20;
/** What is no longer than this, in bytes, is not worth another round of copying. */
const roundBytes = 256 * 1024;
/** In how many pieces what has been written meanwhile is added, each time. */
const maxLate = 16;
/** Of what is added in that turn, the half is what comes next, and the other half what was written last: that is worth more than what lies between. */
const halfBytes = lateBytes / 2;

/** What has become of the end of a log that was emptied. */
export interface Replaced {
  /** Offset at which it begins that was added last. */
  readonly from: number;
  /** What was added then, and how much is lost, where that was seen. */
  readonly late: Buffer;
}

/**
 * A copy of the log of a process that goes on writing to it, to be set aside when the log is emptied. Of a log that has become longer than all that is kept, the end is copied.
 * It is made by other threads, and what is written meanwhile is added in one turn, its beginning and its end; what lies between, and what is written between that and the cut, is
 * lost.
 */
export class LogCopy {
  readonly #log: string;
  readonly #path: string;
  /** Where it is: set aside, at last. */
  #place: string;
  /** Of the log, for reading. */
  readonly #fd: number;
  readonly #rotation: LogRotation;
  readonly #maxBytes: number;
  /** The part of the log that is copied, as offsets. */
  readonly #from: number;
  #to: number;

  constructor(log: string, fd: number, rotation: LogRotation) {
    this.#log = log;
    this.#path = copyPath(log);
    this.#place = this.#path;
    this.#fd = fd;
    this.#rotation = rotation;
    this.#maxBytes = Math.max(2, rotation.maxFiles) * rotation.maxBytes;
    this.#to = fstatSync(fd).size;
    this.#from = Math.max(0, this.#to - this.#maxBytes);
  }

  /** Offset in the log up to which it is in the copy. */
  get to(): number {
    return this.#to;
  }

  /** Offset in the log up to which it can be in the copy for sure. */
  get limit(): number {
    return this.#to + halfBytes;
  }

  /** Whether more has been written since than can be added in one turn. */
  get isBehind(): boolean {
    return fstatSync(this.#fd).size > this.limit;
  }

  /** Copies what there is, and what comes meanwhile. @throws the system's error. */
  async make(): Promise<void> {
    // The copy takes their place, and there may be no room for both.
    if (this.#from > 0) removeAside(this.#log, this.#rotation.maxFiles);
    const { handle } = await openPlainFile(this.#log);
    await using log = handle;
    await using copy = await open(this.#path, 'w', 0o600);
    let from = this.#from;
    while (from < this.#to) {
      await copyRange(log, copy, from, this.#to);
      from = this.#to;
      const { size } = fstatSync(this.#fd);
      if (size - from > roundBytes) this.#to = Math.min(size, Math.max(from, this.#from + this.#maxBytes));
    }
  }

  /**
   * Sets it aside, with what has been written since, and empties the log. In one turn, so that a reader of the files never sees the same bytes in both, or in neither.
   * @throws the system's error.
   */
  replaceLog(): Replaced {
    const { maxBytes, maxFiles } = this.#rotation;
    const aside = `${this.#log}.1`;
    const from = this.#to;
    const late: Buffer[] = [];
    for (let number = maxFiles; number > 1; number--) renameIfThere(`${this.#log}.${number - 1}`, `${this.#log}.${number}`);
    const log = openSync(this.#log, 'r+');
    let lost: number;
    try {
      this.#addUntil(from + halfBytes, late);
      renameSync(this.#path, aside);
      this.#place = aside;
      this.#leaveOut(fstatSync(log).size - this.#to - halfBytes, late);
      // The last thing before the cut: what is written in between is lost without a word.
      this.#addUntil(this.#to + 2 * halfBytes, late);
      lost = fstatSync(log).size - this.#to;
      ftruncateSync(log);
    } finally {
      closeSync(log);
    }
    removeAside(this.#log, maxFiles, maxFiles * maxBytes);
    if (lost > 0) {
      const note = noteOf(lost);
      appendFileSync(aside, note);
      late.push(note);
    }
    return { from, late: Buffer.concat(late) };
  }

  /** Adds what has been written, up to this offset: a writer may be as fast as this. */
  #addUntil(offset: number, late: Buffer[]): void {
    for (let pieces = 0; pieces < maxLate && this.#to < offset; pieces++) if (this.#addLate(late, offset - this.#to) === 0) return;
  }

  #leaveOut(bytes: number, late: Buffer[]): void {
    if (bytes <= 0) return;
    const note = noteOf(bytes);
    appendFileSync(this.#place, note);
    late.push(note);
    this.#to += bytes;
  }

  /** Answers with how many bytes were added. */
  #addLate(late: Buffer[], maxBytes: number): number {
    const more = Buffer.allocUnsafe(Math.max(0, Math.min(fstatSync(this.#fd).size - this.#to, maxBytes)));
    const count = readSync(this.#fd, more, 0, more.length, this.#to);
    if (count === 0) return 0;
    appendFileSync(this.#place, more.subarray(0, count));
    late.push(more.subarray(0, count));
    this.#to += count;
    return count;
  }

  /** Removes it where it has not been set aside. */
  discard(): void {
    discardCopy(this.#log);
  }
}

/** Removes the copy that a killed warden has left half made. */
export function discardCopy(log: string): void {
  removeIfThere(copyPath(log));
}

/** Empties a log without a copy, for which there is no room; what was set aside before it goes, too. @throws the system's error. */
export function emptyLog(log: string, { maxFiles }: LogRotation, note: Buffer): void {
  truncateSync(log);
  removeAside(log, maxFiles);
  appendFileSync(log, note);
}

function noteOf(lost: number): Buffer {
  return Buffer.from(`\ntree-warden: ${lost} bytes or more came too fast to be kept\n`);
}

const copyPath = (log: string): string => `${log}.next`;

/** Removes what was set aside, from the oldest on, but for the newest files that have `keptBytes` together. */
function removeAside(log: string, maxFiles: number, keptBytes = 0): void {
  let bytes = 0;
  let kept = 0;
  while (kept < maxFiles && bytes < keptBytes) bytes += sizeOf(`${log}.${++kept}`);
  for (let number = maxFiles; number > kept; number--) removeIfThere(`${log}.${number}`);
}

async function copyRange(log: FileHandle, copy: FileHandle, from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(blockBytes, to - from));
  for (let position = from; position < to; ) {
    const { bytesRead } = await log.read(buffer, 0, Math.min(buffer.length, to - position), position);
    if (bytesRead === 0) throw new Error('The log was truncated by another process.');
    await copy.writeFile(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there, or is found again at the next rotation.
  }
}
