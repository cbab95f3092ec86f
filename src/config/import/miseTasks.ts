/** The tasks of mise that are written in its file: https://mise.jdx.dev/tasks/toml-tasks.html */
import { parse } from 'smol-toml';
import type { Discoverer } from './foundTask.ts';
import { asObject } from './jsonEntries.ts';
import { looksLasting } from './lasting.ts';
import { lineOf, literally, maxEntries } from './textLines.ts';

export const miseTasks: Discoverer = {
  kind: 'mise tasks',
  files: ['mise.toml', '.mise.toml'],
  isNested: false,
  find: (text) =>
    Object.entries(asObject(asObject(parse(text))['tasks']))
      .slice(0, maxEntries)
      .flatMap(([name, written]) => {
        const { hide, run } = typeof written === 'object' ? asObject(written) : { hide: false, run: written };
        if (hide === true || !/^\w[\w:.-]*$/.test(name)) return [];
        const quoted = `["']?${literally(name)}["']?`;
        const line = lineOf(text, new RegExp(`^[ \\t]*\\[tasks\\.${quoted}\\]|^[ \\t]*(?:tasks\\.)?${quoted}\\s*=`, 'm'));
        const likely = looksLasting(name, [run].flat().join(' '));
        return [{ label: `mise run ${name}`, command: `mise run ${name}`, likely, line }];
      }),
};
