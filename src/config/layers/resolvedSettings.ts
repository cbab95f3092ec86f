/** What a process consists of, value by value, and where each of them comes from. */
import { getNodeValue } from 'jsonc-parser';
import type { InheritedProcess } from './processInheritance.ts';
import { partsOfKey } from './settingKey.ts';
import type { Setting, Settings } from './settings.ts';

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

function listed(settings: Settings): ResolvedSetting[] {
  return [...settings].flatMap(([key, setting]) =>
    setting.value === undefined
      ? []
      : [{ path: partsOfKey(key), value: getNodeValue(setting.node) as unknown, ...placeOf(setting), ...folderOf(setting) }],
  );
}

export function placeOf({ source, node }: Setting): { readonly file?: string; readonly line: number } {
  const { line } = source.places.of(node);
  return source.path === undefined ? { line } : { file: source.path, line };
}

function folderOf({ source: { folder } }: Setting): { readonly folder?: string } {
  return folder === undefined ? {} : { folder };
}
