/** What the licences of the packages that are in the bundles want to be said wherever those are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';

/** @param files Paths from this project's folder, of which those of packages count. */
export function noticesFor(files: Iterable<string>): string {
  const folders = new Set(
    Array.from(files, (file) => file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter((folder) => folder !== undefined),
  );
  const notices = [...folders].sort().map(noticeOf);
  return `Tree Warden has these packages in it.\n\n${notices.join('\n')}`;
}

/** Texts of packages that come without: that of `@xterm/headless` is in `@xterm/xterm`, of the same repository and version. */
const missing: Readonly<Record<string, string>> = { '@xterm/headless': 'src/build/licenses/xterm.txt' };

/** @throws Error where a package comes without the text of its licence. */
function noticeOf(folder: string): string {
  const { name = '', version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<string, string>;
  const own = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const file = own === undefined ? missing[name] : join(folder, own);
  if (file === undefined) throw new Error(`${folder} has no text of its licence (${license}).`);
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${readFileSync(join(root, file), 'utf8').trim()}\n`;
}
