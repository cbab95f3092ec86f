/** The scripts of a package.json. */
import { holdsVariable } from '../variables.ts';
import type { Discoverer, FoundTask, ProjectFolder } from './foundTask.ts';
import { asObject, jsonEntries, jsonValue } from './jsonEntries.ts';
import { looksLasting } from './lasting.ts';

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const lockFiles: readonly (readonly [file: string, manager: PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

export const npmScripts: Discoverer = {
  kind: 'npm scripts',
  files: ['package.json'],
  isNested: true,
  find: (text, folder) => processesOf(text, managerOf(folder)),
};

/** Those that can be run by their name, without what the package manager runs around them by itself. */
function processesOf(text: string, manager: PackageManager): FoundTask[] {
  const scripts = jsonEntries(text, 'scripts').filter(({ value }) => typeof value === 'string');
  const all = new Set(scripts.map(({ name }) => name));
  const isHook = (name: string): boolean => {
    const [, base] = name.match(/^(?:pre|post)(.+)$/s) ?? [];
    return base !== undefined && all.has(base);
  };
  return scripts
    .filter(({ name }) => name.trim() !== '' && !isHook(name) && !holdsVariable(name))
    .map(({ name, value, line }) => ({
      label: name,
      command: runScript(name, manager),
      likely: looksLasting(name, String(value)),
      line,
    }));
}

/** By the nearest folder that says so: by `packageManager`, or by a lock file. */
export function managerOf(folder: ProjectFolder): PackageManager {
  for (let here: ProjectFolder | undefined = folder; here !== undefined; here = here.parent) {
    const named = asObject(jsonValue(here.read('package.json') ?? ''))['packageManager'];
    const [, name] = (typeof named === 'string' && named.match(/^(npm|pnpm|yarn|bun)@/)) || [];
    if (name !== undefined) return name as PackageManager;
    for (const [file, manager] of lockFiles) if (here.has(file)) return manager;
  }
  return 'npm';
}

/** A list where a shell would make something else of the name. */
export function runScript(script: string, manager: PackageManager = 'npm'): string | [string, ...string[]] {
  if (/^\w[\w.:@/-]*$/.test(script)) return `${manager} run ${script}`;
  return script.startsWith('-') ? [manager, 'run', '--', script] : [manager, 'run', script];
}
