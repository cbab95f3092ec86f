/** The scripts of a package.json. */

import { holdsVariable } from '../variables.ts';
import type { FoundTask } from './foundTask.ts';

const likelyName = /^(dev|start|serve|server|watch|web|api|worker)\b/i;

/** By name, in the file's order. */
export function scriptsIn(manifest: unknown): string[] {
  return Object.entries(asObject(asObject(manifest)['scripts'])).flatMap(([name, script]) => (typeof script === 'string' ? [name] : []));
}

/** Those that can be run by their name, without what npm runs around them by itself. */
export function processesOf(scripts: readonly string[]): FoundTask[] {
  const all = new Set(scripts);
  const isHook = (name: string): boolean => {
    const [, base] = name.match(/^(?:pre|post)(.+)$/s) ?? [];
    return base !== undefined && all.has(base);
  };
  return scripts
    .filter((name) => name.trim() !== '' && !isHook(name) && !name.includes('\0') && !holdsVariable(name))
    .map((name) => ({ label: name, command: npmRun(name), likely: likelyName.test(name) }));
}

/** A list where a shell would make something else of the name. */
export function npmRun(script: string): string | [string, ...string[]] {
  if (/^\w[\w.:@/-]*$/.test(script)) return `npm run ${script}`;
  return script.startsWith('-') ? ['npm', 'run', '--', script] : ['npm', 'run', script];
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
