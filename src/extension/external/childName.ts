import type { HostChild } from '../../protocol/externalRequests.ts';

/** Names a process of an extension: by the extension in whose folder its program or its script is, and by that itself. */
export function childName(
  { name, commandLine }: Pick<HostChild, 'name' | 'commandLine'>,
  extensions: readonly { readonly path: string; readonly name: string }[],
): string {
  const script = commandLine
    .split(/\s+/)
    .map(baseOf)
    .find((base) => /\.(?:[cm]?js|exe|py|jar|dll)$/.test(base));
  const what = script?.replace(/\.\w+$/, '') ?? name;
  // The longest path: one extension may be in the folder of another.
  const [owner] = extensions.filter(({ path }) => path !== '' && commandLine.includes(path)).sort((a, b) => b.path.length - a.path.length);
  return owner === undefined || owner.name === '' ? what : `${owner.name}: ${what}`;
}

/** Of either kind of path, without the quotes that a command line is shown with. */
function baseOf(word: string): string {
  const bare = word.replaceAll(/["']/g, '');
  return bare.slice(Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1);
}
