import { dirname, join } from 'node:path';
import type { GitActivity } from '../protocol/fileWatch.ts';
import type { FilesChanged, FileWatchRequest } from '../protocol/fileWatchHelper.ts';
import { GlobSet } from '../protocol/globs.ts';
import { period } from '../protocol/timers.ts';
import { type ChangeBatch, verdictOn, withChange } from './changeBatch.ts';
import { gitActivityIn } from './gitActivity.ts';
import { LoopGuard } from './loopGuard.ts';

/** Maximum number of folders of changed files whose repositories are looked at. */
const maxFolders = 50;
/** Number of changed files that are told, and the length of each, in characters. */
const maxTold = 20;
const maxPathLength = 1000;

export interface NameWatchParts {
  onChanged(changed: FilesChanged): void;
  /** Changes are held back; without an activity, they no longer are. */
  onWait(activity: GitActivity | undefined): void;
  /** The process changes this file each time. */
  onLoop(file: string): void;
}

/** Gathers the changes that concern one process, until they count. */
export class NameWatch {
  readonly request: FileWatchRequest;
  readonly globs: GlobSet;
  readonly #parts: NameWatchParts;
  readonly #loops = new LoopGuard();
  #batch: ChangeBatch | undefined;
  #activity: GitActivity | undefined;
  #look: NodeJS.Timeout | undefined;

  /** @throws Error where a pattern is none. */
  constructor(request: FileWatchRequest, parts: NameWatchParts) {
    this.request = request;
    this.globs = new GlobSet(request.patterns);
    this.#parts = parts;
  }

  /** @param path From the workspace folder, with slashes. */
  changed(path: string): void {
    this.#batch = withChange(this.#batch, path.slice(0, maxPathLength), performance.now());
    // A look that is due earlier finds out itself that it is too early.
    this.#look ??= setTimeout(() => this.#consider(), period(this.request.debounceMillis));
  }

  dispose(): void {
    clearTimeout(this.#look);
    this.#look = undefined;
    this.#batch = undefined;
  }

  #consider(): void {
    this.#look = undefined;
    if (this.#batch === undefined) return;
    const now = performance.now();
    const verdict = verdictOn(this.#batch, now, this.#gitActivity(this.#batch), this.request.debounceMillis);
    if (verdict.next === 'wait') {
      this.#batch = verdict.batch;
      this.#tell(verdict.activity);
      this.#look = setTimeout(() => this.#consider(), period(verdict.until - now));
      return;
    }
    this.#batch = undefined;
    this.#tell(undefined);
    const { files, unnamed } = verdict.batch;
    const loop = this.#loops.acted(now, files);
    if (loop !== undefined) this.#parts.onLoop(loop);
    else this.#parts.onChanged({ name: this.request.name, files: files.slice(0, maxTold), count: files.length + unnamed });
  }

  #tell(activity: GitActivity | undefined): void {
    if (activity === this.#activity) return;
    this.#activity = activity;
    this.#parts.onWait(activity);
  }

  /** A file may be in another repository than the workspace folder, such as a submodule. */
  #gitActivity({ files }: ChangeBatch): GitActivity | undefined {
    const folders = new Set([this.request.folder]);
    for (const file of files) if (folders.size < maxFolders) folders.add(dirname(join(this.request.folder, file)));
    for (const folder of folders) {
      const activity = gitActivityIn(folder);
      if (activity !== undefined) return activity;
    }
    return undefined;
  }
}
