/** `null`, which takes the value of a lower layer back. */
import { settingKey } from './settingKey.ts';
import { mergedKeys } from './settings.ts';

/** A variable that is null is removed from the environment: there, it is a value. */
const keptWithin = 'env';

/** An object without what is null in it, and the keys of that, as settings have them. */
export function withoutNulls(written: Readonly<Record<string, unknown>>): {
  readonly rest: Record<string, unknown>;
  readonly taken: string[];
} {
  const taken: string[] = [];
  const rest: [string, unknown][] = [];
  for (const [key, value] of Object.entries(written)) {
    if (value === null) {
      taken.push(settingKey(key));
    } else if (mergedKeys.includes(key) && key !== keptWithin && isObject(value)) {
      const entries = Object.entries(value);
      taken.push(...entries.flatMap(([within, one]) => (one === null ? [settingKey(key, within)] : [])));
      rest.push([key, Object.fromEntries(entries.filter(([, one]) => one !== null))]);
    } else {
      rest.push([key, value]);
    }
  }
  return { rest: Object.fromEntries(rest), taken };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
