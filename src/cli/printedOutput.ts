import { setTimeout as sleep } from 'node:timers/promises';
import { OutputStream } from '../client/outputStream.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenGoneError } from '../client/wardenGone.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { OutputLog } from '../protocol/output.ts';
import { LogFiles } from './logFiles.ts';

/** Maximum number of bytes that are read from a file at once. */
const blockBytes = 1024 * 1024;
/** How often it is tried to find the files of a log while they are renamed, and how long is waited in between, in milliseconds. */
const maxTries = 20;
const retryMillis = 50;
/** How much of a line whose beginning is gone is left out at most, in bytes. */
const maxLeftOut = 64 * 1024;
const newline = 10;

/** The part of a warden's client that is needed here. */
export type OutputHolder = Pick<WardenClient, 'outputLog' | 'readOutput'>;

/**
 * Prints a tree's output from its beginning: from its log files as far as they are needed, and then from the warden's memory, without a
 * gap and without a repetition. What is gone is said, and the line after it is a whole one.
 */
export class PrintedOutput {
  readonly #holder: OutputHolder;
  readonly #tree: TreeId;
  readonly #write: (chunk: Buffer) => Promise<void>;
  readonly #complain: (sentence: string) => void;
  /** Position behind what was printed; undefined at the beginning. */
  #position: number | undefined;
  /** How much of a line whose beginning is gone may still be left out, in bytes. */
  #mayLeaveOut = 0;

  constructor(holder: OutputHolder, tree: TreeId, write: (chunk: Buffer) => Promise<void>, complain: (sentence: string) => void) {
    this.#holder = holder;
    this.#tree = tree;
    this.#write = write;
    this.#complain = complain;
  }

  /** Resolves when what there is was printed; with `follow`, when all was. */
  async print(follow: boolean): Promise<void> {
    await this.#printFiles();
    const from = Math.max(0, this.#position ?? 0);
    const request = { tree: this.#tree, from, whenBehind: 'wait', follow } as const;
    for await (const { data, skipped } of new OutputStream(this.#holder, request)) {
      if (skipped > 0) this.#tellGap(skipped);
      await this.#print(data);
    }
  }

  /** Up to where the warden has it in memory. */
  async #printFiles(): Promise<void> {
    try {
      for (let tries = 0; tries < maxTries; tries++) {
        const log = await this.#holder.outputLog(this.#tree);
        if (log === null || (this.#position !== undefined && this.#position >= log.keptFrom)) return;
        const before = this.#position;
        await using files = await LogFiles.open(log.path, log.start);
        // It has printed nothing yet, or its log has been removed, and is not needed.
        if (files === undefined && log.keptFrom === 0) return;
        // Unless they have been renamed meanwhile.
        if (files && (await this.#isStill(log))) await this.#printFrom(files, log);
        // As long as it goes on, it may: the process may print faster than this.
        if (this.#position !== before) tries = 0;
        else await sleep(retryMillis);
      }
    } catch (error) {
      // Nor would its memory be read.
      if (reasonOf(error) === 'versionNeeded') throw error;
      // That is no fault of the log, and is said once, by what asked for it.
      if (error instanceof WardenGoneError) throw error;
      this.#complain(`The log cannot be read: ${errorText(error)}.`);
    }
  }

  async #printFrom(files: LogFiles, log: OutputLog): Promise<void> {
    // What was printed before this warden began to read counts below 0.
    if (this.#position === undefined && files.first < 0 && files.count > 1)
      this.#complain('The log was rotated before this warden began to read it: the first part of it may be missing.');
    this.#position ??= Math.min(0, files.first);
    if (files.first >= log.keptFrom && this.#position >= log.keptFrom) return;
    if (files.first > this.#position) {
      this.#tellGap(files.first - this.#position);
      this.#position = files.first;
    }
    for (;;) {
      const buffer = Buffer.allocUnsafe(blockBytes);
      const length = await files.read(this.#position, buffer);
      // A file that was emptied meanwhile has other bytes there by now.
      if (length === 0 || !(await this.#isStill(log))) return;
      this.#position += length;
      await this.#print(buffer.subarray(0, length));
    }
  }

  async #isStill({ start }: OutputLog): Promise<boolean> {
    return (await this.#holder.outputLog(this.#tree))?.start === start;
  }

  #tellGap(bytes: number): void {
    const what = (this.#position ?? 0) <= 0 ? 'The first' : 'Here,';
    this.#complain(`${what} ${bytes} bytes are missing, because they are not kept any more; what follows begins with the next whole line.`);
    this.#mayLeaveOut = maxLeftOut;
  }

  async #print(chunk: Buffer): Promise<void> {
    if (this.#mayLeaveOut === 0) return await this.#write(chunk);
    const end = chunk.indexOf(newline);
    if (end >= 0 || chunk.length > this.#mayLeaveOut) this.#mayLeaveOut = 0;
    else this.#mayLeaveOut -= chunk.length;
    if (this.#mayLeaveOut > 0) return;
    await this.#write(end >= 0 ? chunk.subarray(end + 1) : chunk);
  }
}
