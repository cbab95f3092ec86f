/**
 * When what a log holds was printed: `NAME.log.times`, beside the log. Lines of text, so that a torn one costs itself:
 * - `+`: from here on, another warden writes, and counts positions anew;
 * - `= START`: from here on, the first byte of the file `NAME.log` has this position;
 * - `POSITION MILLIS`: what was printed from this position on came at this time, in milliseconds since 1970.
 */

/** What follows the log's path in the name of the file with its times; `.1` follows in that of the older half. */
export const timesSuffix = '.times';

/** When what begins at a place of the log was printed. */
export interface LogTime {
  /** In bytes; counted from the first one of the newest file, so below 0 in those that were set aside. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export const anotherWriter = '+';
export const fileStartLine = (start: number): string => `= ${start}`;
export const timeLine = (position: number, at: number): string => `${position} ${at}`;

/**
 * The times that a text has, in the order of their offsets. A line that is none is left out, and so is what goes back: a torn line may be
 * the beginning of another number.
 */
export function logTimesIn(text: string): LogTime[] {
  /** By offsets from the first byte of the first file, whichever that is. */
  const times: { readonly place: number; readonly at: number }[] = [];
  /** Of the newest file. */
  let fileStart = 0;
  /** What is added to a writer's position. */
  let shift = 0;
  let isNewWriter = false;
  for (const line of text.split('\n')) {
    const [, start, position, at] = /^(?:= (-?\d{1,16})|(-?\d{1,16}) (\d{1,15}))$/.exec(line) ?? [];
    if (line === anotherWriter) isNewWriter = true;
    else if (start !== undefined) {
      // Another warden goes on with the same file; its first line tells where it counts from.
      if (isNewWriter) shift = fileStart - Number(start);
      else fileStart = Number(start) + shift;
      isNewWriter = false;
    } else if (position !== undefined && at !== undefined && !isNewWriter) {
      const place = Number(position) + shift;
      if (place > (times.at(-1)?.place ?? Number.NEGATIVE_INFINITY)) times.push({ place, at: Number(at) });
    }
  }
  return times.map(({ place, at }) => ({ offset: place - fileStart, at }));
}

/** When what is at this offset was printed; undefined where that was not noted. */
export function timeAt(times: readonly LogTime[], offset: number): number | undefined {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return times[low - 1]?.at;
}
