/** Which runs follow saved files. Independent of the editor. */

/** What a start has come to. `busy`: it was running already. */
export type StartResult = 'started' | 'busy' | 'failed';

export interface SaveRunsParts {
  /** Whether it runs, or is to, as far as is known here. */
  isBusy(name: string): boolean;
  /** Whether its last run was stopped, as far as is known here. */
  wasStopped(name: string): boolean;
  /** Starts a process for a file. Never rejects. */
  start(name: string, path: string): Promise<StartResult>;
  /** Resolves after some time in which news of what runs arrives. */
  pause(): Promise<void>;
}

/** Runs a process once for a saved file, and where it runs already, once more when that has ended by itself: for the file that was saved last. */
export class SaveRuns {
  readonly #parts: SaveRunsParts;
  readonly #starting = new Set<string>();
  /** Paths of the files that were saved last during a run, by the name of the process. */
  readonly #queued = new Map<string, string>();

  constructor(parts: SaveRunsParts) {
    this.#parts = parts;
  }

  saved(name: string, path: string): void {
    if (this.#isFree(name)) void this.#start(name, path);
    else this.#queued.set(name, path);
  }

  /** What runs has changed. `isDeclared`: whether it is still to run when files are saved. */
  look(isDeclared: (name: string) => boolean): void {
    for (const name of [...this.#queued.keys()]) {
      if (!isDeclared(name) || (this.#isFree(name) && this.#parts.wasStopped(name))) this.#queued.delete(name);
      else this.#startIfFree(name);
    }
  }

  #isFree(name: string): boolean {
    return !this.#starting.has(name) && !this.#parts.isBusy(name);
  }

  #startIfFree(name: string): void {
    const path = this.#queued.get(name);
    if (path !== undefined && this.#isFree(name)) void this.#start(name, path);
  }

  async #start(name: string, path: string): Promise<void> {
    this.#starting.add(name);
    this.#queued.delete(name);
    const result = await this.#parts.start(name, path);
    this.#starting.delete(name);
    const later = this.#queued.get(name);
    if (result === 'busy') {
      this.#queued.set(name, later ?? path);
      // The news of its end may have come before this answer, and no other is to come.
      await this.#parts.pause();
      this.#startIfFree(name);
    } else if (later !== undefined) this.saved(name, later);
  }
}
