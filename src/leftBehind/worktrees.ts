/** The worktrees of a repository, by the files that git keeps of them: gitrepository-layout(5). Git itself is not run: a repository may have it run programs. */
import { lstatSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { listBounded, readBoundedFile } from '../records/boundedFile.ts';

/** Of the files that name another folder, in bytes. */
const maxFileBytes = 8192;
const maxWorktrees = 1000;
/** Maximum number of parent folders in which a repository is looked for. */
const maxDepth = 50;

/** These folders, and the other worktrees of the repositories that they are in; without those that hold far more than a workspace. */
export function withWorktrees(folders: readonly string[], home = homedir()): string[] {
  const real = folders.map(realPath);
  const all = new Set(real.flatMap((folder) => [folder, ...otherWorktrees(folder)]));
  return [...all].filter((folder) => !isBroad(folder, home));
}

/** The same folders by the names that they were given by, where symbolic links are in those: a command line may say either. */
export function otherNames(given: readonly string[], folders: readonly string[], home = homedir()): string[] {
  return given
    .map((folder) => resolve(folder))
    .filter((folder) => !folders.includes(folder) && folders.includes(realPath(folder)) && !isBroad(folder, home));
}

/** The home folder and what it is in: any program may run there. */
function isBroad(folder: string, home: string): boolean {
  const real = realPath(home);
  return folder === '/' || folder === '/tmp' || folder === real || real.startsWith(`${folder}/`);
}

/** But for the one that the folder is in: what runs in another part of that is not the folder's. */
function otherWorktrees(folder: string): string[] {
  const root = rootAbove(folder);
  const common = root === undefined ? undefined : commonFolder(root);
  if (root === undefined || common === undefined) return [];
  const main = common.endsWith('/.git') ? [dirname(common)] : [];
  return [...main, ...linkedWorktrees(common)].filter((one) => one !== root);
}

function rootAbove(folder: string): string | undefined {
  let at = folder;
  for (let depth = 0; depth < maxDepth; depth++) {
    if (lstatSync(join(at, '.git'), { throwIfNoEntry: false })) return at;
    const above = dirname(at);
    if (above === at) return undefined;
    at = above;
  }
  return undefined;
}

/** The folder that all worktrees of a repository share; in a linked one, `.git` is a file that names a folder below it. */
function commonFolder(root: string): string | undefined {
  const git = join(root, '.git');
  if (lstatSync(git).isDirectory()) return realPath(git);
  const named = /^gitdir: (.+)$/m.exec(read(git) ?? '')?.[1];
  if (named === undefined) return undefined;
  const own = resolve(root, named);
  const common = read(join(own, 'commondir'))?.trim();
  return common === undefined ? undefined : realPath(resolve(own, common));
}

/** A worktree that was removed without git is still named: what runs in it was left behind by then at the latest. */
function linkedWorktrees(common: string): string[] {
  const folder = join(common, 'worktrees');
  try {
    return listBounded(folder, maxWorktrees).entries.flatMap(({ name }) => {
      const git = read(join(folder, name, 'gitdir'))?.trim();
      return git?.endsWith('/.git') ? realPath(resolve(folder, name, dirname(git))) : [];
    });
  } catch {
    return []; // There are none.
  }
}

function read(path: string): string | undefined {
  try {
    return readBoundedFile(path, maxFileBytes);
  } catch {
    return undefined;
  }
}

/** As the kernel names it; one that is not there stays as it is. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    return absolute;
  }
}
