/** The folders of a workspace in which projects can be, read within bounds. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { readIfThere } from './readIfThere.ts';

/** Depth below the workspace folder: `packages/group/app`. */
const maxDepth = 3;
const maxFolders = 300;
/** Entries that are read of one folder. */
const maxEntries = 2000;

/** Maximum number of rules of one .gitignore; each becomes a regular expression. */
const maxRules = 2000;

/** Folders that hold no project of the user's, whether or not git ignores them. */
const others = new Set(['node_modules', 'bower_components', 'vendor', 'venv', '__pycache__', 'target', 'dist']);

export interface IndexedFolder {
  readonly files: ReadonlySet<string>;
  readonly folders: readonly string[];
}

/** By path from the workspace folder, with slashes; '' is the workspace folder itself. Nearer folders come first. */
export type FolderIndex = ReadonlyMap<string, IndexedFolder>;

/** Without what git ignores, hidden folders, links, and names that would stand for a home folder. A folder that cannot be read is left out. Never rejects. */
export async function indexFolders(workspace: string): Promise<FolderIndex> {
  const index = new Map<string, IndexedFolder>();
  let level: readonly Waiting[] = [{ path: '', rules: [] }];
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
    const below: Waiting[] = [];
    for (const { path, rules } of level) {
      if (index.size >= maxFolders) return index;
      const entries = await readFolder(join(workspace, path));
      if (!entries) continue;
      const own = entries.files.has('.gitignore') ? [...rules, rulesOf(workspace, path)] : rules;
      const folders = entries.folders
        .filter((name) => !/^[.~]/.test(name) && !others.has(name) && !isIgnored(pathBelow(path, name), own))
        .sort();
      index.set(path, { files: entries.files, folders });
      for (const name of folders) below.push({ path: pathBelow(path, name), rules: own });
    }
    level = below;
  }
  return index;
}

/** A folder that is to be read, with the .gitignore files above it. */
interface Waiting {
  readonly path: string;
  readonly rules: readonly Rules[];
}

interface Rules {
  /** The folder of the .gitignore. */
  readonly base: string;
  readonly ignored: Ignore;
}

function rulesOf(workspace: string, base: string): Rules {
  const lines = readIfThere(join(workspace, base, '.gitignore'))?.split(/\r?\n/) ?? [];
  return { base, ignored: ignore().add(lines.slice(0, maxRules)) };
}

function isIgnored(path: string, rules: readonly Rules[]): boolean {
  return rules.some(({ base, ignored }) => ignored.ignores(`${base === '' ? path : path.slice(base.length + 1)}/`));
}

async function readFolder(path: string): Promise<{ readonly files: Set<string>; readonly folders: string[] } | undefined> {
  const files = new Set<string>();
  const folders: string[] = [];
  try {
    let count = 0;
    for await (const entry of await opendir(path)) {
      if (++count > maxEntries) break;
      if (entry.isDirectory()) folders.push(entry.name);
      else files.add(entry.name);
    }
    return { files, folders };
  } catch {
    return undefined;
  }
}

function pathBelow(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
