import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../protocol/errors.ts';
import type { GitActivity } from '../protocol/fileWatch.ts';
import type { FilesChanged, FileWatchRequest } from '../protocol/fileWatchHelper.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { FolderWatcher } from './folderWatcher.ts';
import { loopLength } from './loopGuard.ts';
import { NameWatch } from './nameWatch.ts';

/** What was changed within this time before a watcher is replaced may not have been told by it, in milliseconds. */
const overlapMillis = 100;

export interface FileWatchesParts {
  onChanged(changed: FilesChanged): void;
  onWait(name: string, activity: GitActivity | undefined): void;
  /** `problem`: as a sentence. */
  onEnded(name: string, isLoop: boolean, problem: Text): void;
}

/** Everything that is watched for one warden: one watcher a folder, however many processes want it. */
export class FileWatches {
  readonly #parts: FileWatchesParts;
  readonly #names = new Map<string, NameWatch>();
  readonly #folders = new Map<string, FolderWatcher>();
  /** What changed later than this counts, of what the present watcher meets; in milliseconds since 1970. */
  readonly #since = new WeakMap<NameWatch, number>();

  constructor(parts: FileWatchesParts) {
    this.#parts = parts;
  }

  /** What is not in it is watched no longer; what is in it already goes on, with the changes that do not count yet. */
  set(requests: readonly FileWatchRequest[]): void {
    const wanted = new Map(requests.map((request) => [request.name, request]));
    const touched = new Set<string>();
    for (const [name, watch] of this.#names) {
      if (isSame(watch.request, wanted.get(name))) continue;
      touched.add(watch.request.folder);
      this.#remove(name);
    }
    for (const request of wanted.values()) {
      if (this.#names.has(request.name)) continue;
      touched.add(request.folder);
      this.#add(request);
    }
    for (const folder of touched) this.#watch(folder);
  }

  #add(request: FileWatchRequest): void {
    const { name } = request;
    try {
      const watch = new NameWatch(request, {
        onChanged: (changed) => this.#parts.onChanged(changed),
        onWait: (activity) => this.#parts.onWait(name, activity),
        onLoop: (file) => {
          this.#remove(name);
          this.#watch(request.folder);
          this.#parts.onEnded(name, true, localizable('watchLoop', name, file, loopLength));
        },
      });
      this.#names.set(name, watch);
    } catch (error) {
      this.#parts.onEnded(name, false, localizable('notWatched', name, errorText(error)));
    }
  }

  #remove(name: string): void {
    this.#names.get(name)?.dispose();
    this.#names.delete(name);
  }

  #of(folder: string): readonly NameWatch[] {
    return [...this.#names.values()].filter(({ request }) => request.folder === folder);
  }

  /** A watcher takes in folders when it begins: for others, another one takes its place, and finds what has changed in between. */
  #watch(folder: string): void {
    const before = this.#folders.get(folder);
    const replacedAt = Date.now() - overlapMillis;
    before?.close();
    this.#folders.delete(folder);
    const watches = this.#of(folder);
    if (watches.length === 0) return;
    for (const watch of watches) {
      const earlier = this.#since.get(watch) ?? watch.request.since;
      const isTold = this.#since.has(watch) && before?.hasReadAll === true;
      this.#since.set(watch, isTold ? Math.max(earlier, replacedAt) : earlier);
    }
    const watcher = new FolderWatcher({
      folder,
      excluded: [...new Set(watches.flatMap(({ request }) => request.excluded))],
      isWanted: (path, isFolder) => watches.some(({ globs }) => (isFolder ? globs.mayMatchBelow(path) : globs.matches(path))),
      onChange: (path, changedAt) => {
        for (const watch of watches)
          if (watch.globs.matches(path) && (changedAt === undefined || changedAt > (this.#since.get(watch) ?? 0))) watch.changed(path);
      },
      onRulesChange: () => this.#folders.get(folder) === watcher && this.#watch(folder),
      onFailed: (problem) => {
        this.#folders.delete(folder);
        for (const { request } of watches) {
          this.#remove(request.name);
          this.#parts.onEnded(request.name, false, localizable('notWatched', request.name, problem));
        }
      },
    });
    this.#folders.set(folder, watcher);
  }
}

/** When it began to be wanted does not count for what is watched already. */
function isSame({ since: _before, ...one }: FileWatchRequest, other: FileWatchRequest | undefined): boolean {
  if (other === undefined) return false;
  const { since: _after, ...rest } = other;
  return isDeepStrictEqual(one, rest);
}
