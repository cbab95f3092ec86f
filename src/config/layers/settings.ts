/**
 * What one place says of a process, setting by setting, and how several places become one. `env`, `limits`, `priority` and `log` have a setting for each of their
 * keys; any other value is one setting, and replaces the one below it as a whole.
 */
import type { Node } from 'jsonc-parser';
import { partsOfKey } from './settingKey.ts';
import type { Source } from './source.ts';

/** A value, with the place that it comes from. */
export interface Setting {
  /** As the schema reads it; undefined takes the value of a lower layer back. */
  readonly value: unknown;
  readonly node: Node;
  readonly source: Source;
}

/** By `settingKey`, in the order of the file. */
export type Settings = ReadonlyMap<string, Setting>;

/** The keys whose objects are merged key by key. */
export const mergedKeys: readonly string[] = ['env', 'limits', 'priority', 'log'];

/** Both together; `upper` counts where both say something. Associative; it has what takes a value back, for what is put below it later. */
export function mergeSettings(lower: Settings, upper: Settings): Settings {
  if (lower.size === 0) return upper;
  const merged = new Map(lower);
  for (const key of upper.keys())
    if (mergedKeys.includes(key)) for (const one of lower.keys()) if (partsOfKey(one)[0] === key) merged.delete(one);
  for (const [key, setting] of upper) merged.set(key, setting);
  return merged;
}

/** The object that the settings make, without what is taken back. */
export function objectFrom(settings: Settings): Record<string, unknown> {
  const made = new Map<string, unknown>();
  const inner = new Map<string, [string, unknown][]>();
  for (const [key, { value }] of settings) {
    const [outer, within] = partsOfKey(key);
    if (value === undefined) continue;
    if (within === undefined) {
      made.set(outer, value);
      continue;
    }
    const entries = inner.get(outer) ?? [];
    if (entries.length === 0) made.set(outer, undefined);
    inner.set(outer, entries);
    entries.push([within, value]);
  }
  for (const [outer, entries] of inner) made.set(outer, Object.fromEntries(entries));
  return Object.fromEntries(made);
}
