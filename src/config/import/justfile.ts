/** The recipes of a justfile that need no arguments: https://just.systems/man/en/ */
import type { Discoverer } from './foundTask.ts';
import { looksLasting } from './lasting.ts';

/** A name, parameters, a colon; not an assignment (`name := value`). */
const recipe = /^@?([a-zA-Z_][\w-]*)((?:[ \t][^:\n]*)?):(?!=)/;

export const justfile: Discoverer = {
  kind: 'just recipes',
  files: ['justfile', 'Justfile', '.justfile'],
  isNested: false,
  find: (text) => {
    const lines = text.split(/\r?\n/);
    return lines.flatMap((written, line) => {
      const [, name, parameters = ''] = written.match(recipe) ?? [];
      if (name === undefined || name.startsWith('_') || isPrivate(lines, line)) return [];
      // One with a default, or that takes any number, may be left out.
      const required = parameters
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '' && !/[=*]/.test(word));
      if (required.length > 0) return [];
      return [{ label: `just ${name}`, command: `just ${name}`, likely: looksLasting(name), line }];
    });
  },
};

/** By an attribute in one of the lines above. */
function isPrivate(lines: readonly string[], line: number): boolean {
  for (let above = line - 1; above >= 0 && /^\s*[[#]/.test(lines[above] ?? ''); above--)
    if (/^\s*\[[^\]]*\bprivate\b/.test(lines[above] ?? '')) return true;
  return false;
}
