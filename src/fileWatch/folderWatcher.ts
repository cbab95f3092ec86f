import { basename, join, relative, sep } from 'node:path';
import { errorText } from '../protocol/errors.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { GitIgnore, isIgnoreFile } from './gitIgnore.ts';
import { entriesOf, statsOf, WatchedFolder } from './watchedFolder.ts';

/** Maximum number of files and of folders that are watched below one workspace folder. */
const maxWatched = { files: 100_000, folders: 10_000 } as const;
/** Number of folders that are read in one turn of the event loop. */
const foldersInTurn = 50;
/** Folders in which nothing counts, wherever they are. */
const neverWatched = new Set(['.git', 'node_modules']);
/** What fails where a folder is gone, or is not this user's to read. */
const expectedCodes = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

export interface FolderWatcherParts {
  /** Absolute. */
  readonly folder: string;
  /** Absolute paths of folders in which nothing counts. */
  readonly excluded: readonly string[];
  /** Whether a file is of interest, or a folder may have such files below it. `path`: from the folder, with slashes. */
  isWanted(path: string, isFolder: boolean): boolean;
  /** `changedAt`: of a file that is met for the first time, when it was changed, in milliseconds since 1970; it may have been so for long. */
  onChange(path: string, changedAt?: number): void;
  /** A file that says what git ignores has changed: what is to be watched may be something else. */
  onRulesChange(): void;
  /** Nothing is watched any more; `problem` says why, as a clause. */
  onFailed(problem: Text): void;
}

/**
 * Watches what is wanted of one folder by any of its processes: each of its folders by itself (fs.watch), and that before it is read, so that no file is missed that comes
 * in between. Links are not followed: they may lead out of the workspace, or in a circle. Never throws.
 */
export class FolderWatcher {
  readonly #parts: FolderWatcherParts;
  readonly #ignore: GitIgnore;
  readonly #folders = new Map<string, WatchedFolder>();
  /** Folders that are still to be read; `isNew`: they came after the watcher, so that all in them has changed. */
  #unread: { readonly path: string; readonly isNew: boolean }[] = [];
  #files = 0;
  #isReading = false;
  #hasReadAll = false;
  #isClosed = false;

  constructor(parts: FolderWatcherParts) {
    this.#parts = parts;
    this.#ignore = new GitIgnore(parts.folder);
    this.#read(parts.folder, false);
  }

  /** Whether it has read all that was there at its beginning: until then, it has not told of all that had changed before that. */
  get hasReadAll(): boolean {
    return this.#hasReadAll;
  }

  close(): void {
    this.#isClosed = true;
    this.#unread = [];
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
  }

  #read(path: string, isNew: boolean): void {
    this.#unread.push({ path, isNew });
    if (this.#isReading) return;
    this.#isReading = true;
    setImmediate(() => this.#readNext());
  }

  #readNext(): void {
    for (const { path, isNew } of this.#unread.splice(0, foldersInTurn)) this.#enter(path, isNew);
    this.#isReading = this.#unread.length > 0;
    if (this.#isReading) setImmediate(() => this.#readNext());
    else this.#hasReadAll = !this.#isClosed;
  }

  #enter(path: string, isNew: boolean): void {
    if (this.#isClosed || this.#folders.has(path)) return;
    const folder = this.#watch(path);
    if (folder === undefined) return;
    this.#folders.set(path, folder);
    for (const { name, isFolder } of entriesOf(path)) {
      const entry = join(path, name);
      if (!this.#isWanted(entry, isFolder)) continue;
      if (isFolder) this.#read(entry, isNew);
      else this.#noteFile(folder, name, isNew);
      if (this.#files > maxWatched.files) break;
    }
    if (this.#files > maxWatched.files || this.#folders.size > maxWatched.folders)
      this.#fail(localizable('watchTooMany', maxWatched.files, maxWatched.folders));
  }

  #watch(path: string, versions?: WatchedFolder['versions']): WatchedFolder | undefined {
    try {
      return new WatchedFolder(path, (name) => this.#happened(path, name), versions);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!expectedCodes.has(code))
        this.#fail(code === 'ENOSPC' ? localizable('watchLimitReached') : localizable('watchError', errorText(error)));
      return undefined;
    }
  }

  #happened(path: string, name: string | undefined): void {
    const folder = this.#folders.get(path);
    if (this.#isClosed || folder === undefined) return;
    const entry = name === undefined ? path : join(path, name);
    const stats = statsOf(entry);
    // What happens to a folder itself is told with its own name, as if it were in it.
    if (name === undefined || (stats === undefined && name === basename(path))) this.#lookAgain(path, true);
    if (name === undefined || !this.#isWanted(entry, stats?.isDirectory() ?? false)) return;
    if (stats === undefined) this.#gone(folder, name);
    else if (stats.isDirectory()) this.#lookAgain(entry, false);
    else this.#noteFile(folder, name, true);
  }

  /** A folder may have come, have gone, or be another one by the same name. `isLost`: its watcher may tell nothing any more. */
  #lookAgain(path: string, isLost: boolean): void {
    const stats = statsOf(path);
    const known = this.#folders.get(path);
    if (known && stats?.isDirectory() && known.isSame(stats)) {
      if (isLost) this.#watchAgain(known);
      return;
    }
    if (known) this.#leave(path);
    if (stats?.isDirectory()) this.#read(path, true);
  }

  /** The number of a folder that was deleted may be that of the new one. */
  #watchAgain({ path, versions, close }: WatchedFolder): void {
    close();
    const folder = this.#watch(path, versions);
    if (folder === undefined) {
      this.#leave(path);
      return;
    }
    this.#folders.set(path, folder);
    const entries = new Map(entriesOf(path).map(({ name, isFolder }) => [name, isFolder]));
    for (const name of [...folder.files]) if (!entries.has(name)) this.#gone(folder, name);
    for (const [name, isFolder] of entries) {
      const entry = join(path, name);
      if (!this.#isWanted(entry, isFolder)) continue;
      if (isFolder) this.#lookAgain(entry, false);
      else this.#noteFile(folder, name, true);
    }
  }

  #gone(folder: WatchedFolder, name: string): void {
    const path = join(folder.path, name);
    if (this.#folders.has(path)) this.#leave(path);
    if (!folder.forget(name)) return;
    this.#files--;
    this.#tell(path);
  }

  /** All that was in it has changed. */
  #leave(path: string): void {
    for (const [below, folder] of [...this.#folders]) {
      if (below !== path && !below.startsWith(`${path}${sep}`)) continue;
      folder.close();
      this.#folders.delete(below);
      this.#files -= folder.fileCount;
      for (const name of folder.files) this.#tell(join(below, name));
    }
  }

  /** @param isNews It was changed after the watcher began. */
  #noteFile(folder: WatchedFolder, name: string, isNews: boolean): void {
    const path = join(folder.path, name);
    const stats = statsOf(path);
    if (stats === undefined) return;
    const before = folder.fileCount;
    if (!folder.note(name, stats)) return;
    this.#files += folder.fileCount - before;
    this.#tell(path, isNews ? undefined : stats.ctimeMs);
  }

  #tell(path: string, changedAt?: number): void {
    if (this.#isClosed) return;
    if (!isIgnoreFile(path)) this.#parts.onChange(this.#below(path), changedAt);
    else if (changedAt === undefined) this.#parts.onRulesChange();
  }

  #isWanted(path: string, isFolder: boolean): boolean {
    if (neverWatched.has(basename(path)) || this.#parts.excluded.includes(path)) return false;
    if (!isFolder && isIgnoreFile(path)) return true;
    // What has gone was a file or a folder.
    const below = this.#below(path);
    return (this.#parts.isWanted(below, isFolder) || this.#folders.has(path)) && !this.#ignore.ignores(path, isFolder);
  }

  #fail(problem: Text): void {
    if (this.#isClosed) return;
    this.close();
    this.#parts.onFailed(problem);
  }

  #below(path: string): string {
    return relative(this.#parts.folder, path).split(sep).join('/');
  }
}
