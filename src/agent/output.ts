import { stripVTControlCharacters } from 'node:util';
import { lastLines } from '../client/logs/lastLines.ts';
import type { LineFilter, LogLine } from '../client/logs/logLines.ts';
import { LiveLog } from '../client/logs/logSource.ts';
import type { WardenTree } from '../client/nameVerbs.ts';
import { exactDateAndTime } from '../protocol/format.ts';
import { LinePattern } from '../protocol/patterns.ts';
import { parseDuration } from '../protocol/quantities.ts';

/** What an agent wants of an output. */
export interface WantedOutput {
  readonly lines?: number | undefined;
  readonly pattern?: string | undefined;
  readonly since?: string | undefined;
  readonly timestamps?: boolean | undefined;
}

const usualLines = 50;
/** As long, in bytes, as the lines of a log are on average at most: of such as are longer, fewer are found. */
const usualLength = 8 * 1024;
/** What is passed on of a line, in characters: an agent pays for each. */
const maxLine = 2000;

/**
 * The last lines that a tree has printed, as plain text; what is missing of the log is said in front of them.
 * @throws Error with a sentence where the pattern or the time cannot be read.
 */
export async function outputOf(
  { client, tree }: WardenTree,
  { lines = usualLines, timestamps = false, ...wanted }: WantedOutput,
): Promise<string> {
  const notes: string[] = [];
  const isSearch = wanted.pattern !== undefined || wanted.since !== undefined;
  // No process is held up for what is only looked at.
  const options = { whenBehind: 'skip', pastBytes: isSearch ? undefined : usualLength * lines } as const;
  const log = new LiveLog(client, tree.id, (sentence) => notes.push(`(${sentence})`), options);
  const last = await lastLines(log.past(filterOf(wanted)), lines);
  return [...notes, ...last.lines.map((line) => textOf(line, timestamps))].join('\n').trimEnd();
}

/** Of a progress bar, what a terminal shows at last. */
function textOf({ data, at }: LogLine, hasTime: boolean): string {
  const line = stripVTControlCharacters(data.toString()).trimEnd();
  const text = line.slice(line.lastIndexOf('\r') + 1).slice(0, maxLine);
  return hasTime && at !== undefined ? `${exactDateAndTime(at)} ${text}` : text;
}

function filterOf({ pattern, since }: Pick<WantedOutput, 'pattern' | 'since'>): LineFilter {
  return { ...(pattern !== undefined && { pattern: testOf(pattern) }), ...(since !== undefined && { sinceAt: momentAgo(since) }) };
}

/** Time is bounded by the length of what is searched at once. */
function testOf(text: string): { test(line: string): boolean } {
  try {
    const pattern = new LinePattern(text);
    return { test: (line) => pattern.test(line.slice(0, pattern.maxText)) };
  } catch (error) {
    throw new Error(`The pattern '${text}' ${(error as RangeError).message}.`);
  }
}

function momentAgo(text: string): number {
  try {
    const sinceAt = Date.now() - parseDuration(text);
    return sinceAt;
  } catch (error) {
    throw new Error(`since: ${(error as RangeError).message}.`);
  }
}
