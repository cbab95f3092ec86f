import { addAbortListener } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { OutputLog, OutputRequest } from '../../protocol/output.ts';
import { OutputStream } from '../outputStream.ts';
import type { WardenClient } from '../wardenClient.ts';
import { WardenGoneError } from '../wardenGone.ts';
import { fileBlocks, type ReadAt } from './fileBlocks.ts';
import { LogFiles } from './logFiles.ts';
import type { LogPiece } from './logPiece.ts';

/** How often it is tried to find the files of a log while they are renamed, and how long is waited in between, in milliseconds. */
const maxTries = 20;
const retryMillis = 50;
/** How much of a line whose beginning is gone is left out at most, in bytes. */
const maxLeftOut = 64 * 1024;
const newline = 10;

/** The part of a warden's client that is needed here. */
export type OutputHolder = Pick<WardenClient, 'outputLog' | 'readOutput'>;

export interface TreeLogOptions {
  /** As in {@link OutputRequest}. Default: wait. */
  readonly whenBehind?: OutputRequest['whenBehind'];
  /** Without a position to begin at: how much of what there is in the files is read, in bytes, from the next whole line on. Default: all of it. */
  readonly pastBytes?: number | undefined;
  /** Ends what is being read. */
  readonly signal?: AbortSignal;
}

/**
 * A tree's output from its beginning, or from a later position: from its log files as far as they are needed, and then from the warden's memory, without a
 * gap and without a repetition. What is gone is said, and the line after it is a whole one.
 */
export class TreeLog {
  readonly #holder: OutputHolder;
  readonly #tree: TreeId;
  readonly #complain: (sentence: string) => void;
  readonly #whenBehind: OutputRequest['whenBehind'];
  readonly #pastBytes: number;
  readonly #signal: AbortSignal | undefined;
  /** Position behind what was read; undefined at the beginning. */
  #position: number | undefined;
  /** Position at which the reading ends; undefined as long as that is not known. */
  #until: number | undefined;
  /** How much of a line whose beginning is gone may still be left out, in bytes. */
  #mayLeaveOut = 0;

  /** `from`: the first position that is wanted; all of it where this is absent. */
  constructor(
    holder: OutputHolder,
    tree: TreeId,
    complain: (sentence: string) => void,
    options: TreeLogOptions & { readonly from?: number | undefined } = {},
  ) {
    const { from, whenBehind = 'wait', pastBytes = Number.POSITIVE_INFINITY, signal } = options;
    this.#holder = holder;
    this.#tree = tree;
    this.#complain = complain;
    this.#position = from;
    this.#whenBehind = whenBehind;
    this.#pastBytes = pastBytes;
    this.#signal = signal;
  }

  /** Position behind what was read. */
  get position(): number {
    return this.#position ?? 0;
  }

  /**
   * Ends where the output ended when this began, also where the process prints faster than this reads; with `follow`, when the output has ended. It may be
   * asked for again then, and goes on. `isRecycled`: a piece is valid until the next one is asked for.
   */
  async *pieces(follow: boolean, isRecycled = false): AsyncGenerator<LogPiece, void, void> {
    this.#until = follow ? Number.POSITIVE_INFINITY : undefined;
    do {
      yield* this.#filePieces(isRecycled);
      // What is in the files needs no subscription, which may hold the process up.
      if (this.#isDone) return;
    } while (yield* this.#memoryPieces(follow));
  }

  /** Answers with whether this has fallen behind what the warden has in memory: of a process that writes to its log by itself, the files have the rest. */
  async *#memoryPieces(follow: boolean): AsyncGenerator<LogPiece, boolean, void> {
    const from = Math.max(0, this.#position ?? 0);
    const request = { tree: this.#tree, from, whenBehind: this.#whenBehind, follow };
    this.#position = from;
    const stream = new OutputStream(this.#holder, request);
    using _cancel = this.#signal && addAbortListener(this.#signal, () => stream[Symbol.dispose]());
    for await (const { data, skipped } of stream) {
      if (skipped > 0) {
        if (await this.#isInFiles(this.#position)) return true;
        this.#tellGap(skipped);
      }
      this.#position += skipped;
      yield* this.#piece(data);
      if (this.#isDone) return false;
    }
    return false;
  }

  /** Whether what is at this position can still be read from the files. */
  async #isInFiles(position: number): Promise<boolean> {
    if (this.#whenBehind === 'skip') return false;
    try {
      const log = await this.#holder.outputLog(this.#tree);
      if (log === null) return false;
      await using files = await LogFiles.open(log.path, log.start);
      return files !== undefined && files.first <= position && position < files.first + files.size;
    } catch (error) {
      if (error instanceof WardenGoneError) throw error;
      return false;
    }
  }

  get #isDone(): boolean {
    return this.#signal?.aborted === true || (this.#position !== undefined && this.#position >= (this.#until ?? Number.POSITIVE_INFINITY));
  }

  /** Up to where the warden has it in memory. */
  async *#filePieces(isRecycled: boolean): AsyncGenerator<LogPiece, void, void> {
    try {
      for (let tries = 0; tries < maxTries; tries++) {
        const log = await this.#holder.outputLog(this.#tree);
        if (log === null) return;
        this.#until ??= log.end;
        if (this.#isDone || (this.#position !== undefined && this.#position >= log.keptFrom)) return;
        const before = this.#position;
        await using files = await LogFiles.open(log.path, log.start);
        // It has printed nothing yet, or its log has been removed, and is not needed.
        if (files === undefined && log.keptFrom === 0) return;
        // Unless they have been renamed meanwhile.
        if (files && (await this.#isStill(log))) yield* this.#piecesOf(files, log, isRecycled);
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

  async *#piecesOf(files: LogFiles, log: OutputLog, isRecycled: boolean): AsyncGenerator<LogPiece, void, void> {
    this.#position ??= this.#beginning(files, log);
    if (files.first >= log.keptFrom && this.#position >= log.keptFrom) return;
    if (files.first > this.#position) {
      this.#tellGap(files.first - this.#position);
      this.#position = files.first;
    }
    // A file that was emptied meanwhile has other bytes there by now.
    const read: ReadAt = async (position, buffer) => {
      const length = await files.read(position, buffer);
      return length > 0 && (await this.#isStill(log)) ? length : 0;
    };
    for await (const { data } of fileBlocks(read, this.#position, isRecycled)) {
      yield* this.#piece(data);
      if (this.#isDone) return;
    }
  }

  #beginning(files: LogFiles, { end = Number.NEGATIVE_INFINITY }: OutputLog): number {
    const latest = end - this.#pastBytes;
    if (latest > files.first) {
      this.#mayLeaveOut = maxLeftOut;
      return latest;
    }
    // What was printed before this warden began to read counts below 0.
    if (files.first < 0 && files.count > 1)
      this.#complain('The log was rotated before this warden began to read it: the first part of it may be missing.');
    return Math.min(0, files.first);
  }

  async #isStill({ start }: OutputLog): Promise<boolean> {
    return (await this.#holder.outputLog(this.#tree))?.start === start;
  }

  #tellGap(bytes: number): void {
    const what = this.position <= 0 ? 'The first' : 'Here,';
    this.#complain(`${what} ${bytes} bytes are missing, because they are not kept any more; what follows begins with the next whole line.`);
    this.#mayLeaveOut = maxLeftOut;
  }

  *#piece(data: Buffer): Generator<LogPiece, void, void> {
    const position = this.position;
    this.#position = position + data.length;
    if (this.#mayLeaveOut === 0) return yield { data, position };
    const end = data.indexOf(newline);
    if (end >= 0 || data.length > this.#mayLeaveOut) this.#mayLeaveOut = 0;
    else this.#mayLeaveOut -= data.length;
    if (this.#mayLeaveOut > 0) return;
    yield { data: data.subarray(end + 1), position: position + end + 1 };
  }
}
