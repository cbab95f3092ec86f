/** What one file says of one process. */
import { getNodeValue, type Node } from 'jsonc-parser';
import type { JsonPaths } from '../jsonPaths.ts';
import { processSpecSchema } from '../processSchema.ts';
import { declaredProcessSchema, type SystemKey, systemKeys } from './layeredSchema.ts';
import type { Problem, ProblemList } from './problemList.ts';
import type { Entry } from './sectionReader.ts';
import { settingKey } from './settingKey.ts';
import { mergedKeys, mergeSettings, type Setting, type Settings } from './settings.ts';
import type { Source } from './source.ts';
import { isObject, withoutNulls } from './takeBack.ts';

export interface ProcessLayer {
  readonly source: Source;
  readonly entry: Entry;
  /** Those that count on this system. */
  readonly settings: Settings;
  /** The same as one object, where nothing was merged to get it. */
  readonly plain?: Readonly<Record<string, unknown>>;
  /** It has values for certain systems. */
  readonly hasSystems?: true;
  /** Why nothing of it can be used. */
  readonly problem?: Problem;
}

/** An entry that has to have all that a process needs. */
const wholeProcessSchema = declaredProcessSchema.extend({ command: processSpecSchema.shape.command });

export interface LayerContext {
  readonly problems: ProblemList;
  readonly system: SystemKey;
  /** Whether something lies below it, so that a null can take it back. */
  readonly hasBelow: boolean;
  /** Whether a process of this name is declared in a lower file. */
  readonly isOverride: boolean;
}

/** To be called while the entry is being read. Its mistakes are reported. */
export function readProcessLayer(source: Source, entry: Entry, context: LayerContext): ProcessLayer {
  const { problems, system } = context;
  const written: unknown = getNodeValue(entry.value);
  const { rest, taken } = unlayered(written, context);
  const isPart = context.isOverride || (isObject(written) && (written['disabled'] === true || partKeys.some((key) => key in written)));
  const checked = (isPart ? declaredProcessSchema : wholeProcessSchema).safeParse(rest);
  if (!checked.success && !entry.hasHiddenKey) problems.report(source, entry.value, ['processes', entry.name], checked.error);
  if (!checked.success || entry.isWrong) {
    const problem = problems.mistakes.get(entry.name);
    return { source, entry, settings: new Map(), ...(problem && { problem }) };
  }
  const { linux, osx, windows, ...plain } = checked.data;
  const own = settingsFrom({ source, node: entry.value, paths: problems.paths }, plain, taken.get('') ?? []);
  const onSystem = { linux, osx, windows }[system];
  const node = problems.paths.valueAt(entry.value, [system]);
  const hasSystems = [linux, osx, windows].some((one) => one !== undefined);
  if (onSystem === undefined || node === undefined)
    return { source, entry, settings: own, ...(hasSystems && { hasSystems }), ...(taken.size === 0 && !isPart && { plain }) };
  const above = settingsFrom({ source, node, paths: problems.paths }, onSystem, taken.get(system) ?? []);
  return { source, entry, settings: mergeSettings(own, above), hasSystems: true };
}

const partKeys: readonly string[] = ['extends', ...systemKeys];

/** What the schema is to read, without what takes something back; that by the key of its object. */
function unlayered(
  written: unknown,
  { hasBelow }: LayerContext,
): { readonly rest: unknown; readonly taken: ReadonlyMap<string, readonly string[]> } {
  const taken = new Map<string, readonly string[]>();
  if (!isObject(written)) return { rest: written, taken };
  const strip = (key: string, value: unknown): unknown => {
    if (!isObject(value)) return value;
    const found = withoutNulls(value);
    if (found.taken.length > 0) taken.set(key, found.taken);
    return found.rest;
  };
  const isInheriting = hasBelow || written['extends'] !== undefined;
  const own = (isInheriting ? strip('', written) : written) as Record<string, unknown>;
  const rest = Object.entries(own).map(([key, value]) => [key, systemKeys.some((one) => one === key) ? strip(key, value) : value]);
  return { rest: Object.fromEntries(rest), taken };
}

/** An object of a file, to find the places of its values by. */
interface ReadObject {
  readonly source: Source;
  readonly node: Node;
  readonly paths: JsonPaths;
}

/** The settings of an object that a schema has read, and of what it takes back. */
export function settingsFrom(
  { source, node, paths }: ReadObject,
  values: Readonly<Record<string, unknown>>,
  taken: readonly string[] = [],
): Settings {
  const settings = new Map<string, Setting>();
  for (const key of taken) settings.set(key, { value: undefined, node, source });
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const own = paths.valueAt(node, [key]) ?? node;
    if (!mergedKeys.includes(key) || !isObject(value)) settings.set(settingKey(key), { value, node: own, source });
    else
      for (const [within, one] of Object.entries(value))
        if (one !== undefined) settings.set(settingKey(key, within), { value: one, node: paths.valueAt(own, [within]) ?? own, source });
  }
  return settings;
}
