import { getNodeValue } from 'jsonc-parser';
import { JsonPaths } from '../jsonPaths.ts';
import { parseJsonTree } from '../jsonText.ts';
import { Places } from '../places.ts';

export interface JsonEntry {
  readonly name: string;
  readonly value: unknown;
  /** Zero-based line of its name. */
  readonly line: number;
}

/** The entries of the object under this key, in the order of the file; of a name that is there twice, the later one counts. */
export function jsonEntries(text: string, key: string): JsonEntry[] {
  const { tree } = parseJsonTree(text);
  const object = tree && new JsonPaths().valueAt(tree, [key]);
  if (object?.type !== 'object') return [];
  const places = new Places(text);
  const entries = new Map<string, JsonEntry>();
  for (const { children: [name, value] = [] } of object.children ?? [])
    if (name && value)
      entries.set(String(name.value), { name: String(name.value), value: getNodeValue(value), line: places.of(name).line });
  return [...entries.values()];
}

/** The value of a text with comments, as far as it can be read. */
export function jsonValue(text: string): unknown {
  const { tree } = parseJsonTree(text);
  return tree && getNodeValue(tree);
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
