/** What a process consists of, value by value, and where each of them comes from. */
import { getNodeValue, type Node } from 'jsonc-parser';
import type { InheritedProcess } from './processInheritance.ts';
import { partsOfKey } from './settingKey.ts';
import type { Setting, Settings } from './settings.ts';
import type { Source } from './source.ts';

export interface ResolvedSetting {
  /** The key, and the one within it where its object is merged key by key. */
  readonly path: readonly [string, string?];
  /** As it is written in the file. */
  readonly value: unknown;
  /** Absolute path; absent for the workspace's own processes.json. */
  readonly file?: string;
  /** Zero-based. */
  readonly line: number;
  /** What relative paths in the file mean, absolute; absent: the workspace folder. */
  readonly folder?: string;
  /** Names in a `dependsOn` that are not waited for, because they are disabled. */
  readonly without?: readonly string[];
  /** It belongs to all processes of its file, and lies below the environment of the process itself. */
  readonly isShared?: true;
}

/** The shared environment first, as it lies below the other. A variable that the process has itself is told once. */
export function settingsOf(
  { settings, environment, spec }: Pick<InheritedProcess, 'settings' | 'environment' | 'spec'>,
  disabled: ReadonlyMap<string, unknown>,
): readonly ResolvedSetting[] {
  const without = (spec.dependsOn ?? []).flatMap(({ name }) => (disabled.has(name) ? [name] : []));
  const shared = [...environment].filter(([key]) => key === 'envFile' || !settings.has(key));
  return [
    ...listed(new Map(shared)).map((one) => ({ ...one, isShared: true }) as const),
    ...listed(settings).flatMap((one) => {
      const [key] = one.path;
      if (key === 'extends') return [];
      return [key === 'dependsOn' && without.length > 0 ? { ...one, without } : one];
    }),
  ];
}

/** The same of an object that nothing is added to: a model. */
export function settingsIn(source: Source, object: Node): readonly ResolvedSetting[] {
  return membersOf(object).flatMap(([key, node]): ResolvedSetting[] => {
    const inner = key === 'env' ? membersOf(node) : [];
    if (inner.length === 0) return [settingAt(source, [key], node)];
    return inner.map(([name, value]) => settingAt(source, [key, name], value));
  });
}

function membersOf({ type, children = [] }: Node): [string, Node][] {
  if (type !== 'object') return [];
  return children.flatMap(({ children: [key, value] = [] }): [string, Node][] => (key && value ? [[String(key.value), value]] : []));
}

function settingAt(source: Source, path: ResolvedSetting['path'], node: Node): ResolvedSetting {
  return { path, value: getNodeValue(node) as unknown, ...placeOf({ source, node }), ...folderOf({ source }) };
}

function listed(settings: Settings): ResolvedSetting[] {
  return [...settings].flatMap(([key, setting]) =>
    setting.value === undefined
      ? []
      : [{ path: partsOfKey(key), value: getNodeValue(setting.node) as unknown, ...placeOf(setting), ...folderOf(setting) }],
  );
}

export function placeOf({ source, node }: Pick<Setting, 'source' | 'node'>): { readonly file?: string; readonly line: number } {
  const { line } = source.places.of(node);
  return source.path === undefined ? { line } : { file: source.path, line };
}

function folderOf({ source: { folder } }: Pick<Setting, 'source'>): { readonly folder?: string } {
  return folder === undefined ? {} : { folder };
}
