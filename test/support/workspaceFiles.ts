import { posix } from 'node:path';
import type { IndexedFolder } from '../../src/config/import/folderIndex.ts';
import type { WorkspaceFiles } from '../../src/config/import/projectFolder.ts';

/** A workspace that holds these texts, by their paths. */
export function workspaceOf(texts: Readonly<Record<string, string>>): WorkspaceFiles {
  const index = new Map<string, IndexedFolder & { readonly files: Set<string>; readonly folders: string[] }>();
  const folder = (path: string): { readonly files: Set<string>; readonly folders: string[] } => {
    const known = index.get(path);
    if (known) return known;
    const made = { files: new Set<string>(), folders: [] };
    if (path !== '') folder(path.includes('/') ? posix.dirname(path) : '').folders.push(posix.basename(path));
    index.set(path, made);
    return made;
  };
  folder('');
  for (const path of Object.keys(texts)) folder(path.includes('/') ? posix.dirname(path) : '').files.add(posix.basename(path));
  return { index, read: (path) => texts[path] };
}
