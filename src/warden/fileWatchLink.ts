import { join } from 'node:path';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { Platform, ProcessIdentity } from '../platform/platform.ts';
import type { GitActivity } from '../protocol/fileWatch.ts';
import * as messages from '../protocol/fileWatchHelper.ts';
import { RestartBudget } from '../protocol/restartBudget.ts';
import { localizable, type Text, textFrom } from '../protocol/texts.ts';
import { HelperProcess } from './helperProcess.ts';
import type { Journal } from './journal.ts';

export type WatchedFiles = Omit<messages.FileWatchRequest, 'excluded'>;

/** Told what is found. */
export interface FileWatchListener {
  changed(changed: messages.FilesChanged): void;
  /** Changes are held back; without an activity, they no longer are. */
  waits(name: string, activity: GitActivity | undefined): void;
  /** The name is watched no longer; `problem` says why, as a sentence. */
  ended(name: string, isLoop: boolean, problem: Text): void;
}

/** What watches files for the warden. */
export interface FileWatcher {
  readonly listen: (listener: FileWatchListener) => void;
  /** All that is to be watched from now on. */
  readonly set: (watches: readonly WatchedFiles[]) => void;
  /** A user wants files watched again: what watches them may be restarted as often as at first. */
  readonly forgive: () => void;
  readonly close: () => Promise<void>;
}

export interface FileWatchLinkParts {
  readonly platform: Pick<Platform, 'stat' | 'signal'>;
  readonly journal: Pick<Journal, 'write'>;
  /** Folder of the bundles. */
  readonly programFolder: string;
  /** Folders in which nothing counts, such as that of the logs. */
  readonly excluded: readonly string[];
  onSpawned(process: ProcessIdentity): void;
  onCollected(process: ProcessIdentity): void;
}

/** Heap of the watching process: one that watches the greatest allowed number of files takes half of it. */
const nodeOptions = ['--max-old-space-size=512', '--max-semi-space-size=2'];

/**
 * The warden's side of watched files: a process of its own watches them, for as long as there is something to watch. One that ends is replaced, at most as often
 * as its budget allows, and its successor finds what was changed meanwhile; not what was deleted.
 */
export class FileWatchLink implements FileWatcher {
  readonly #parts: FileWatchLinkParts;
  readonly #budget = new RestartBudget();
  /** When changes of a name were told last, in milliseconds since 1970. */
  readonly #toldAt = new Map<string, number>();
  /** Since when changes of a name are held back, in milliseconds since 1970. */
  readonly #heldAt = new Map<string, number>();
  #listener: FileWatchListener | undefined;
  #watches: readonly WatchedFiles[] = [];
  #process: HelperProcess | undefined;
  #isDue = false;
  #isClosed = false;

  constructor(parts: FileWatchLinkParts) {
    this.#parts = parts;
  }

  readonly listen = (listener: FileWatchListener): void => {
    this.#listener = listener;
  };

  readonly set = (watches: readonly WatchedFiles[]): void => {
    this.#watches = watches;
    const names = new Set(watches.map(({ name }) => name));
    for (const times of [this.#toldAt, this.#heldAt]) for (const name of times.keys()) if (!names.has(name)) times.delete(name);
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    // Several processes may be started in one turn.
    setImmediate(() => {
      this.#isDue = false;
      this.#send();
    });
  };

  readonly forgive = (): void => this.#budget.reset();

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    await this.#process?.close();
  };

  #send(): void {
    if (this.#isClosed) return;
    const { excluded } = this.#parts;
    if (this.#watches.length === 0) {
      const idle = this.#process;
      this.#process = undefined;
      void idle?.close();
      return;
    }
    this.#process ??= this.#start();
    const watches = this.#watches.map((watch) => ({ ...watch, excluded }));
    // Of a process that ends before it answers, the end is dealt with.
    this.#process?.request(messages.watchFiles, { watches }).catch(() => undefined);
  }

  #start(): HelperProcess | undefined {
    const { platform, programFolder, onSpawned, onCollected } = this.#parts;
    const args = [...nodeOptions, join(programFolder, 'fileWatch.js')];
    try {
      const process = new HelperProcess({ platform, args, onSpawned, onCollected, handle: (connection) => this.#handle(connection) });
      void process.ended.then((reason) => this.#ended(process, reason));
      return process;
    } catch (error) {
      this.#giveUp(String(error));
      return undefined;
    }
  }

  #handle(connection: MessageConnection): void {
    connection.onNotification(messages.filesChanged, (changed) => {
      this.#toldAt.set(changed.name, Date.now());
      this.#heldAt.delete(changed.name);
      this.#listener?.changed(changed);
    });
    connection.onNotification(messages.changesWait, ({ name, activity }) => {
      if (activity === undefined) this.#heldAt.delete(name);
      else if (!this.#heldAt.has(name)) this.#heldAt.set(name, Date.now());
      this.#listener?.waits(name, activity);
    });
    connection.onNotification(messages.watchEnded, ({ name, isLoop, problem, problemData }) =>
      this.#listener?.ended(name, isLoop, textFrom(problem, problemData)),
    );
  }

  #ended(process: HelperProcess, reason: string): void {
    // One that was not needed any more has been let go.
    if (this.#process !== process || this.#isClosed) return;
    this.#process = undefined;
    this.#parts.journal.write({ event: 'watcher-ended', ...(process.pid !== undefined && { pid: process.pid }), reason });
    for (const { name } of this.#watches) this.#listener?.waits(name, undefined);
    if (!this.#budget.take()) {
      this.#giveUp(reason);
      return;
    }
    const aliveAt = process.answeredAt;
    this.#watches = this.#watches.map((watch) => {
      const { name } = watch;
      return { ...watch, since: untoldSince(watch, { aliveAt, toldAt: this.#toldAt.get(name), heldAt: this.#heldAt.get(name) }) };
    });
    this.#heldAt.clear();
    this.#send();
  }

  #giveUp(reason: string): void {
    const watches = this.#watches;
    this.#watches = [];
    const problem = localizable('watchHelperGaveUp', reason, this.#budget.description);
    for (const { name } of watches) this.#listener?.ended(name, false, localizable('notWatched', name, problem));
  }
}

/** What is known of a watching process that has died, in milliseconds since 1970. */
export interface LastSigns {
  readonly aliveAt: number;
  /** When it has told changes of the name last. */
  readonly toldAt?: number | undefined;
  /** Since when it has held changes of the name back, where it has. */
  readonly heldAt?: number | undefined;
}

/** The moment since which changes may not have been told: those that had not settled, or were held back, have died with the process. */
export function untoldSince(
  { since, debounceMillis }: Pick<WatchedFiles, 'since' | 'debounceMillis'>,
  { aliveAt, toldAt = 0, heldAt = aliveAt }: LastSigns,
): number {
  return Math.max(since, toldAt, Math.min(aliveAt, heldAt) - debounceMillis);
}
