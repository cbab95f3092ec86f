/** Starts that need values: the warden says which ones, and they are given with the next try. */
import { neededIn } from '../protocol/errorReasons.ts';
import type { GivenValues, NeededValues } from '../protocol/startVariables.ts';

/** Maximum number of times that a start is tried: what is declared may change while the values are found. */
const maxTries = 3;

/**
 * @param act The verb; the first time with `given` alone.
 * @param answer Finds the values; where it rejects, so does this.
 */
export async function withNeededValues<T>(
  act: (values: GivenValues | undefined) => Promise<T>,
  answer: (needed: readonly NeededValues[]) => Promise<GivenValues>,
  given?: GivenValues,
): Promise<T> {
  let values = given;
  for (let tries = 1; ; tries++)
    try {
      return await act(values);
    } catch (error) {
      const needed = neededIn(error);
      if (needed === undefined || tries >= maxTries) throw error;
      values = merged(values, await answer(needed));
    }
}

/** Values that were given before go on to count. */
function merged(before: GivenValues = {}, now: GivenValues): GivenValues {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return Object.fromEntries(names.map((name) => [name, { ...before[name], ...now[name] }]));
}
