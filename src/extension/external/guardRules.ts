/** Which of the processes that the editor and its extensions start are guarded: what the settings say, as a pure function. */
import type { ExternalKind, Guard } from '../../protocol/external.ts';

/** `off`: shown and left alone; `ask`: what outlives it is told of; `on`: nothing outlives it, nor does it outlive the window. */
export type GuardSetting = 'off' | 'ask' | 'on';

export interface GuardSettings {
  readonly byKind: Readonly<Record<ExternalKind, GuardSetting>>;
  /** Patterns of names, in which `*` stands for anything; the first that fits counts, before its kind. */
  readonly byName: readonly (readonly [pattern: string, setting: GuardSetting])[];
}

export const settingNames: Readonly<Record<ExternalKind, string>> = {
  terminal: 'guard.terminals',
  task: 'guard.tasks',
  debug: 'guard.debug',
  extension: 'guard.extensions',
};

export const defaults: GuardSettings['byKind'] = { terminal: 'off', task: 'ask', debug: 'ask', extension: 'off' };

const guardOf: Readonly<Record<GuardSetting, Guard>> = { off: 'watched', ask: 'marked', on: 'guarded' };

/** Maximum number of patterns, and the length of each. */
const maxPatterns = 200;
const maxLength = 1000;

/** Settings may be edited by hand, and hold any value: what is none of ours is as if it was not there. */
export function readGuardSettings(get: (name: string) => unknown): GuardSettings {
  const kinds = Object.keys(settingNames) as ExternalKind[];
  const byKind = Object.fromEntries(kinds.map((kind) => [kind, settingOf(get(settingNames[kind])) ?? defaults[kind]]));
  const patterns = get('guard.names');
  const entries = typeof patterns === 'object' && patterns !== null ? Object.entries(patterns).slice(0, maxPatterns) : [];
  const byName = entries.flatMap(([pattern, value]): [string, GuardSetting][] => {
    const setting = settingOf(value);
    return setting === undefined || pattern.length > maxLength ? [] : [[pattern, setting]];
  });
  return { byKind: byKind as GuardSettings['byKind'], byName };
}

export function guardFor(settings: GuardSettings, kind: ExternalKind, name: string): Guard {
  const [, byName] = settings.byName.find(([pattern]) => matches(pattern, name)) ?? [];
  return guardOf[byName ?? settings.byKind[kind]];
}

/** Whether a process of this kind may be touched at all: whether it is to be known from its first moment on. */
export function isAnyGuarded({ byKind, byName }: GuardSettings, kind: ExternalKind): boolean {
  return byKind[kind] !== 'off' || byName.some(([, setting]) => setting !== 'off');
}

/** Whether some of this kind is to be guarded before there is any. */
export function isAlwaysGuarded({ byKind, byName }: GuardSettings, kind: ExternalKind): boolean {
  return byKind[kind] === 'on' || byName.some(([, setting]) => setting === 'on');
}

function settingOf(value: unknown): GuardSetting | undefined {
  return value === 'off' || value === 'ask' || value === 'on' ? value : undefined;
}

/** In time that grows with the length of the name, whatever the pattern. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return pattern === name;
  const last = others.pop() ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
