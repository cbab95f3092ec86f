import type { LogLine } from './logLines.ts';

/** A line, and which of the logs it is of. */
export interface MergedLine extends LogLine {
  readonly index: number;
}

/**
 * The lines of several logs by the time at which they were printed, those of one log in its order. A line without a time goes with the line
 * before it.
 */
export async function* mergedLines(logs: readonly AsyncIterable<LogLine>[]): AsyncGenerator<MergedLine, void, void> {
  const sources = logs.map((log, index) => ({ index, lines: log[Symbol.asyncIterator](), at: Number.NEGATIVE_INFINITY }));
  try {
    const heads = await Promise.all(sources.map(async (source) => await headOf(source)));
    let waiting = heads.filter((head) => head !== undefined);
    while (waiting.length > 0) {
      const first = waiting.reduce((least, head) => (head.source.at < least.source.at ? head : least));
      yield { ...first.line, index: first.source.index };
      const next = await headOf(first.source);
      waiting = next ? waiting.map((head) => (head === first ? next : head)) : waiting.filter((head) => head !== first);
    }
  } finally {
    await Promise.all(sources.map(({ lines }) => lines.return?.()));
  }
}

interface Source {
  readonly index: number;
  readonly lines: AsyncIterator<LogLine>;
  /** Of its head, or of the line before where that has no time. */
  at: number;
}

interface Head {
  readonly source: Source;
  readonly line: LogLine;
}

async function headOf(source: Source): Promise<Head | undefined> {
  const { done, value } = await source.lines.next();
  if (done) return undefined;
  // What a clock that was put back says does not change the order of one log.
  source.at = Math.max(source.at, value.at ?? source.at);
  return { source, line: value };
}
