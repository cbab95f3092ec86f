import { stripVTControlCharacters } from 'node:util';
import { lineBlocks } from './lineBlocks.ts';
import { type LineTest, lineRanges, matchingRanges } from './linePattern.ts';
import { isAtLeast, type LogLevel, levelOf } from './logLevel.ts';
import type { LogPiece } from './logPiece.ts';

/** One line of a log. */
export interface LogLine {
  /** Without its end; with colours and other control sequences. */
  readonly data: Buffer;
  /** When its beginning was printed, in milliseconds since 1970; undefined where that was not noted. */
  readonly at: number | undefined;
}

/** Which lines are wanted. */
export interface LineFilter {
  /** The first and the last moment, in milliseconds since 1970. A line whose time was not noted is left out where `sinceAt` is given, and wanted where only `untilAt` is. */
  readonly sinceAt?: number;
  readonly untilAt?: number;
  readonly pattern?: LineTest;
  /** The least level; a line that states none has that of the line before it. */
  readonly level?: LogLevel;
}

/** Whether {@link logLines} gives each line memory of its own, so that the pieces may be recycled: with a pattern, few are left of many. */
export function copiesLines({ pattern }: LineFilter): boolean {
  return pattern !== undefined;
}

/** The wanted lines of a log, in its order. `timeOf`: when what is at a position was printed. */
export async function* logLines(
  pieces: AsyncIterable<LogPiece>,
  timeOf: (position: number) => number | undefined,
  filter: LineFilter,
): AsyncGenerator<LogLine, void, void> {
  const { sinceAt = Number.NEGATIVE_INFINITY, untilAt = Number.POSITIVE_INFINITY, pattern, level: least } = filter;
  const isCopied = copiesLines(filter);
  let level: LogLevel | undefined;
  /** Whether the last line states its level, or follows one that does. */
  const hasLevel = (data: Buffer): boolean => {
    if (least === undefined) return true;
    level = levelOf(stripVTControlCharacters(data.toString())) ?? level;
    return level !== undefined && isAtLeast(level, least);
  };
  for await (const { data, position } of lineBlocks(pieces)) {
    // Each line's level may be that of the ones behind it, so none can be passed over.
    const ranges = pattern && least === undefined ? matchingRanges(data, pattern) : lineRanges(data);
    for (const { start, end } of ranges) {
      const line = data.subarray(start, end);
      if (!hasLevel(line)) continue;
      if (pattern && least !== undefined && !isMatch(line, pattern)) continue;
      const at = timeOf(position + start);
      if (at === undefined ? sinceAt > Number.NEGATIVE_INFINITY : at < sinceAt || at > untilAt) continue;
      yield { data: isCopied ? Buffer.from(line) : line, at };
    }
  }
}

function isMatch(line: Buffer, pattern: LineTest): boolean {
  return !matchingRanges(line, pattern).next().done;
}
