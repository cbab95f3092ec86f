/** The targets of a Makefile that a person would call: no files, no patterns, nothing special. */
import type { Discoverer, FoundTask } from './foundTask.ts';
import { looksLasting } from './lasting.ts';

const rule = /^([A-Za-z][\w-]*(?:[ \t]+[A-Za-z][\w-]*)*)[ \t]*::?(?![=:])/;

export const makefile: Discoverer = {
  kind: 'Make targets',
  files: ['GNUmakefile', 'makefile', 'Makefile'],
  isNested: false,
  find: (text) => {
    const targets = new Map<string, FoundTask>();
    for (const [line, written] of text.split(/\r?\n/).entries()) {
      const [, names = ''] = written.match(rule) ?? [];
      for (const name of names.split(/[ \t]+/))
        if (name !== '' && !targets.has(name))
          targets.set(name, { label: `make ${name}`, command: `make ${name}`, likely: looksLasting(name), line });
    }
    return [...targets.values()];
  },
};
