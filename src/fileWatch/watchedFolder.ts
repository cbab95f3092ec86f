import { type FSWatcher, lstatSync, readdirSync, type Stats, watch } from 'node:fs';

/** One folder: its watcher, and the files in it as they were last seen. */
export class WatchedFolder {
  readonly path: string;
  /** Of its files, by name: what is another one where the file has changed. */
  readonly versions: ReadonlyMap<string, string>;
  readonly #files: Map<string, string>;
  readonly #watcher: FSWatcher;
  readonly #inode: number | undefined;

  /**
   * @param versions As another watcher of the folder has known its files.
   * @param onEvent Something has happened to what has this name in it, or to the folder itself (undefined).
   * @throws Error with the code of the system: ENOENT where it is gone, ENOSPC where no more can be watched.
   */
  constructor(path: string, onEvent: (name: string | undefined) => void, versions?: ReadonlyMap<string, string>) {
    this.path = path;
    this.#files = new Map(versions);
    this.versions = this.#files;
    this.#inode = statsOf(path)?.ino;
    this.#watcher = watch(path, (_type, name) => onEvent(name ?? undefined));
    // Windows fails where the folder is deleted.
    this.#watcher.on('error', () => onEvent(undefined));
  }

  get files(): Iterable<string> {
    return this.#files.keys();
  }

  get fileCount(): number {
    return this.#files.size;
  }

  /** Whether what is at its path now is the folder that is watched. */
  isSame(stats: Stats): boolean {
    return stats.ino === this.#inode;
  }

  /** Takes note of a file as it is now; false where it was so before, and only its attributes have changed. */
  note(name: string, { mtimeMs, size, ino }: Stats): boolean {
    const version = `${mtimeMs} ${size} ${ino}`;
    if (this.#files.get(name) === version) return false;
    this.#files.set(name, version);
    return true;
  }

  /** False where it was not known. */
  forget(name: string): boolean {
    return this.#files.delete(name);
  }

  readonly close = (): void => this.#watcher.close();
}

/** Undefined where there is nothing, or it cannot be read. */
export function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What is in a folder; nothing where it is gone, or cannot be read. */
export function entriesOf(path: string): readonly { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch {
    return [];
  }
}
