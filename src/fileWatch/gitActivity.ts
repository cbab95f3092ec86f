/** What git is doing in a repository, by the files that it keeps while it does (gitrepository-layout(5)). */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { GitActivity } from '../protocol/fileWatch.ts';

/** Maximum size of a file that says where the folder is, in bytes: it has one path. */
const maxPointerBytes = 16 * 1024;

/** By file; `index.lock` also of a checkout, a reset, a stash and every command that writes the index. */
const signs: readonly (readonly [string, GitActivity])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['index.lock', 'index'],
];

/** Undefined where no operation is under way, or the folder is in no repository. */
export function gitActivityIn(folder: string): GitActivity | undefined {
  const gitFolder = gitFolderOf(folder);
  return gitFolder === undefined ? undefined : signs.find(([file]) => existsSync(join(gitFolder, file)))?.[1];
}

/** The topmost folder of the repository that a folder is in. */
export function repositoryOf(folder: string): string | undefined {
  for (let current = folder; ; current = dirname(current)) {
    if (existsSync(join(current, '.git'))) return current;
    if (current === dirname(current)) return undefined;
  }
}

/** Where this worktree keeps its index: of a linked worktree or a submodule, `.git` is a file that says where. */
function gitFolderOf(folder: string): string | undefined {
  const repository = repositoryOf(folder);
  if (repository === undefined) return undefined;
  const written = join(repository, '.git');
  try {
    const stats = statSync(written);
    if (stats.isDirectory()) return written;
    // To read a pipe would wait for its writer.
    if (!stats.isFile() || stats.size > maxPointerBytes) return undefined;
    const [, path] = readFileSync(written, 'utf8').match(/^gitdir: (.+)$/m) ?? [];
    return path === undefined ? undefined : resolve(repository, path);
  } catch {
    return undefined;
  }
}
