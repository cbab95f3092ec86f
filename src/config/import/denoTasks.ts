/** The tasks of a deno.json: https://docs.deno.com/runtime/reference/cli/task/ */
import type { Discoverer } from './foundTask.ts';
import { asObject, jsonEntries } from './jsonEntries.ts';
import { looksLasting } from './lasting.ts';

export const denoTasks: Discoverer = {
  kind: 'Deno tasks',
  files: ['deno.json', 'deno.jsonc'],
  isNested: true,
  find: (text) =>
    jsonEntries(text, 'tasks').flatMap(({ name, value, line }) => {
      const command = typeof value === 'string' ? value : asObject(value)['command'];
      // One without a command has dependencies only.
      if (!/^[\w][\w:.-]*$/.test(name)) return [];
      const likely = looksLasting(name, typeof command === 'string' ? command : '');
      return [{ label: `deno task ${name}`, command: `deno task ${name}`, likely, line }];
    }),
};
