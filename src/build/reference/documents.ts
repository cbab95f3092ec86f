/** The documents that have generated sections. */
import manifest from '../../../package.json' with { type: 'json' };
import texts from '../../../package.nls.json' with { type: 'json' };
import { commandLineSections } from './commandLine.ts';
import { configurationSections } from './configuration.ts';
import { librarySections } from './library.ts';
import { protocolSections } from './protocol.ts';
import { withSections } from './sections.ts';

/** Each document as it should be, made from the one that `read` returns. */
export function generatedDocuments(read: (file: string) => string): { readonly file: string; readonly content: string }[] {
  const sections = {
    'docs/configuration.md': configurationSections(manifest.contributes.configuration, texts),
    'docs/cli.md': commandLineSections(),
    'docs/library.md': librarySections(read),
    'docs/protocol.md': protocolSections(read),
  };
  return Object.entries(sections).map(([file, contents]) => ({ file, content: withSections(read(file), contents) }));
}
