/** The bundle of the extension's messages: from the calls of `vscode.l10n.t` in its source, and from the texts of wardens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { texts } from '../../protocol/texts.ts';
import { root } from '../paths.ts';

/** The bundle's file, relative to the project's root. */
export const l10nBundleFile = join('l10n', 'bundle.l10n.json');

/** The content of the bundle, sorted by message, so that moving code does not change it. */
export async function l10nBundle(): Promise<string> {
  const sources = readdirSync(join(root, 'src', 'extension'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => ({ extension: '.ts', contents: readFileSync(join(entry.parentPath, entry.name), 'utf8') }));
  // What wardens say is translated by its English text, too, which is in no call.
  const said = Object.values(texts).map((text) => [text, text] as const);
  const messages = Object.entries({ ...(await getL10nJson(sources)), ...Object.fromEntries(said) }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(messages), null, 2)}\n`;
}
