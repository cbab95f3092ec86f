/** Where the time of a request has gone, as parts of a bar. No page. */
import type { ModelActivity } from '../protocol/modelActivity.ts';

export const partKinds = ['queue', 'load', 'first', 'rest'] as const;
export type PartKind = (typeof partKinds)[number];

/** In milliseconds, in the order in which they come; those that took no time are left out. */
export interface TimePart {
  readonly kind: PartKind;
  readonly millis: number;
}

export interface BarPart extends TimePart {
  /** From the left, in percent of the widest bar. */
  readonly left: number;
  readonly width: number;
}

/** A bar has this share of the width at least, so that its parts can be told apart; in percent. */
const leastWidth = 12;

/** What is known of it so far. */
export function timeParts({ queueMillis = 0, loadMillis = 0, firstMillis = 0, totalMillis = 0 }: ModelActivity): TimePart[] {
  const load = Math.min(loadMillis, queueMillis);
  const rest = Math.max(0, totalMillis - queueMillis - firstMillis);
  const parts: readonly TimePart[] = [
    { kind: 'queue', millis: queueMillis - load },
    { kind: 'load', millis: load },
    { kind: 'first', millis: firstMillis },
    { kind: 'rest', millis: rest },
  ];
  // What takes less is no wait.
  return parts.filter(({ millis }) => millis >= 0.5);
}

/**
 * The parts of a bar in their proportions. Its length grows with the square root of the time: beside a load of a minute, an answer of a second is still to
 * be seen. `longestMillis`: of the longest request that is shown.
 */
export function barParts(parts: readonly TimePart[], longestMillis: number): BarPart[] {
  const total = parts.reduce((sum, { millis }) => sum + millis, 0);
  if (total === 0) return [];
  const share = Math.sqrt(Math.min(1, total / Math.max(total, longestMillis)));
  const length = leastWidth + (100 - leastWidth) * share;
  let left = 0;
  return parts.map((part) => {
    const width = (part.millis / total) * length;
    const bar = { ...part, left, width };
    left += width;
    return bar;
  });
}
