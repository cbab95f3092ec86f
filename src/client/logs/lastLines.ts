import type { LogLine } from './logLines.ts';

interface LastLines<T> {
  readonly lines: readonly T[];
  /** Whether there were more before them. */
  readonly isCut: boolean;
}

/** Number of dropped lines that are held at least: to close the gap costs as much as what is behind it. */
const minDropped = 100;

/**
 * The last lines of many: a long log takes no more memory than a short one.
 * @param maxBytes Of all lines together; up to twice as much is held.
 */
export async function lastLines<T extends LogLine>(
  lines: AsyncIterable<T>,
  count: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<LastLines<T>> {
  const kept: T[] = [];
  /** Of those that are not dropped. */
  let first = 0;
  let bytes = 0;
  let isCut = false;
  for await (const line of lines) {
    // A line is part of a block that is much larger.
    kept.push({ ...line, data: Buffer.from(line.data) });
    bytes += line.data.length;
    while (kept.length - first > count || bytes > maxBytes) {
      bytes -= kept[first]?.data.length ?? 0;
      first++;
      isCut = true;
    }
    if (first >= minDropped && first > kept.length / 2) {
      kept.splice(0, first);
      first = 0;
    }
  }
  return { lines: kept.slice(first), isCut };
}
