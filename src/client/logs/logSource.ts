import type { TreeId } from '../../protocol/identity.ts';
import { type LogTime, timeAt } from '../../protocol/logTimes.ts';
import { fileBlocks } from './fileBlocks.ts';
import { LogFiles } from './logFiles.ts';
import { copiesLines, type LineFilter, type LogLine, logLines } from './logLines.ts';
import { readLogTimes } from './logTimes.ts';
import { type OutputHolder, TreeLog, type TreeLogOptions } from './treeLog.ts';

/** How often the times of a log are read while its files are set aside. */
const maxTries = 5;

/** A log whose lines are read: first what there is, and then what comes. */
export interface LogSource {
  past(filter: LineFilter): AsyncGenerator<LogLine, void, void>;
  /** Goes on behind what was read, until the output ends. Absent where nothing comes any more. */
  future?(filter: LineFilter): AsyncGenerator<LogLine, void, void>;
}

/** The log of a tree that a warden knows. */
export class LiveLog implements LogSource {
  readonly #holder: OutputHolder;
  readonly #tree: TreeId;
  readonly #complain: (sentence: string) => void;
  readonly #options: TreeLogOptions;
  #log: TreeLog | undefined;

  /** `complain` is told what is missing, as sentences. */
  constructor(holder: OutputHolder, tree: TreeId, complain: (sentence: string) => void, options: TreeLogOptions = {}) {
    this.#options = options;
    this.#holder = holder;
    this.#tree = tree;
    this.#complain = complain;
  }

  async *past(filter: LineFilter): AsyncGenerator<LogLine, void, void> {
    const noted = await this.#notedTimes();
    const { times, start, end = Number.POSITIVE_INFINITY } = noted;
    if (filter.sinceAt !== undefined && times.length === 0 && end > 0)
      this.#complain('It is not known when its output was printed, so none of it is chosen by time.');
    const first = firstOffset(times, filter.sinceAt);
    this.#log = new TreeLog(this.#holder, this.#tree, this.#complain, {
      from: first === undefined ? undefined : first + start,
      ...this.#options,
    });
    yield* logLines(this.#log.pieces(false, copiesLines(filter)), timesUntil(end, noted), filter);
  }

  async *future(filter: LineFilter): AsyncGenerator<LogLine, void, void> {
    const log = this.#log ?? new TreeLog(this.#holder, this.#tree, this.#complain, this.#options);
    yield* logLines(log.pieces(true, copiesLines(filter)), await this.#timesFrom(log.position), filter);
  }

  /** What was printed before this begins has the time at which it was. */
  async #timesFrom(position: number): Promise<(position: number) => number | undefined> {
    const { end = position } = (await this.#holder.outputLog(this.#tree)) ?? {};
    return end <= position ? momentNow : timesUntil(end, await this.#notedTimes());
  }

  /** Both the times and the place that they count from are of one moment: a file may be set aside in between. */
  async #notedTimes(): Promise<NotedTimes> {
    let log = await this.#holder.outputLog(this.#tree);
    for (let tries = 1; log !== null; tries++) {
      const times = await readLogTimes(log.path);
      const after = await this.#holder.outputLog(this.#tree);
      if (after?.start === log.start || tries === maxTries) return { times, start: log.start, end: log.end };
      log = after;
    }
    return { times: [], start: 0, end: undefined };
  }
}

/** What a warden has noted of a log. */
interface NotedTimes {
  readonly times: readonly LogTime[];
  /** Position of the first byte of the newest file. */
  readonly start: number;
  /** Position up to which the times are known; undefined where the warden does not say. */
  readonly end: number | undefined;
}

/** The noted time of what is before `end`; the rest has come since. */
function timesUntil(end: number, { times, start }: NotedTimes): (position: number) => number | undefined {
  let known = times;
  return (position) => {
    if (position < end) return timeAt(known, position - start);
    // There may be hundreds of thousands, and what comes may come for days.
    known = [];
    return momentNow();
  };
}

/** What is left of a log that no warden writes any more. */
export class KeptLog implements LogSource {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws the system's error where a file may not be read. */
  async *past(filter: LineFilter): AsyncGenerator<LogLine, void, void> {
    await using files = await LogFiles.open(this.#path, 0);
    if (files === undefined || files.size === 0) return;
    const times = await readLogTimes(this.#path);
    const from = Math.max(files.first, firstOffset(times, filter.sinceAt) ?? files.first);
    // Many logs are open at once where the runs of hours are merged.
    const pieces = fileBlocks((position, buffer) => files.read(position, buffer), from, copiesLines(filter), files.size);
    yield* logLines(pieces, (position) => timeAt(times, position), filter);
  }
}

/** From where on something may have been printed since then: a line that had begun before is the first, and is then left out by its time. */
function firstOffset(times: readonly LogTime[], sinceAt: number | undefined): number | undefined {
  if (sinceAt === undefined) return undefined;
  const next = times.findIndex(({ at }) => at >= sinceAt);
  return (next < 0 ? times.at(-1) : times[next - 1])?.offset;
}

function momentNow(): number {
  const seenAt = Date.now();
  return seenAt;
}
