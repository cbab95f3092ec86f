import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../../protocol/errors.ts';
import {
  changeText,
  type FileWatch,
  type GitActivity,
  type WatchEvent,
  type WatchStatus,
  watchEventText,
} from '../../protocol/fileWatch.ts';
import type { FilesChanged } from '../../protocol/fileWatchHelper.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text, withData } from '../../protocol/texts.ts';
import type { FileWatcher, WatchedFiles } from '../fileWatchLink.ts';
import type { Journal } from '../journal.ts';
import type { Tree } from '../trees/tree.ts';
import type { TreeView } from '../trees/treeView.ts';
import type { ManagedPool } from './managedPool.ts';
import type { StopOptions } from './reconcilerParts.ts';
import { WatchCommands } from './watchCommands.ts';

export interface WatchKeeperParts {
  readonly pools: ReadonlyMap<string, ManagedPool>;
  readonly files: FileWatcher;
  readonly journal: Journal;
  /** Restarts what runs of a name, and starts what has ended by itself. `cascades`: what depends on it is restarted, too. */
  restart(name: string, reason: Text, cascades: boolean): Promise<unknown>;
  /** Starts a tree that is no instance of a name. */
  start(request: StartRequest): Promise<Tree>;
  stop(tree: Tree, options: StopOptions): void;
  /** Shows a message to the user. `process`: the name that it is about. */
  alert(message: Text, process?: string): void;
  /** Something that clients are told of a name has changed. */
  onChange(): void;
}

/** What is known of one name. */
interface Watched {
  /** Another declaration is another beginning. */
  declared: FileWatch;
  isPaused: boolean;
  /** What is watched for it since its changes count; undefined while they do not. */
  files?: WatchedFiles | undefined;
  /** Files are watched no longer. */
  end?: { readonly isLoop: boolean; readonly problem: Text } | undefined;
  commandProblem?: Text | undefined;
  waitsFor?: GitActivity | undefined;
  last?: WatchEvent | undefined;
}

/** Has the files of names watched that were started, and acts on their changes. */
export class WatchKeeper {
  readonly #parts: WatchKeeperParts;
  readonly #watched = new Map<string, Watched>();
  readonly #commands: WatchCommands;
  /** What is watched by now. */
  readonly #files = new Map<string, WatchedFiles>();
  #isClosed = false;

  constructor(parts: WatchKeeperParts) {
    this.#parts = parts;
    this.#commands = new WatchCommands({
      start: (request) => parts.start(request),
      stop: (tree) => parts.stop(tree, { reason: localizable('noLongerWatched'), now: false }),
      onResult: (name, problem) => this.#commandEnded(name, problem),
    });
    parts.files.listen({
      changed: (changed) => this.#changed(changed),
      waits: (name, activity) => this.#waits(name, activity),
      ended: (name, isLoop, problem) => this.#ended(name, isLoop, problem),
    });
  }

  statusOf(name: string): WatchStatus | undefined {
    const watched = this.#watched.get(name);
    if (watched === undefined) return undefined;
    const { isPaused, files, end, waitsFor, last, commandProblem } = watched;
    const problem = end?.problem ?? commandProblem;
    const ended = end && (end.isLoop ? 'looping' : 'failed');
    return {
      state: isPaused ? 'paused' : (ended ?? (files === undefined ? 'off' : 'watching')),
      ...(problem !== undefined && { problem: String(problem), ...withData('problemData', problem) }),
      ...(waitsFor && { waitsFor }),
      ...(last && { last }),
    };
  }

  /** What is declared has changed, or what runs. */
  update(): void {
    const names = new Set([...this.#watched.keys(), ...this.#parts.pools.keys()]);
    this.#reconsider([...names]);
  }

  /** What runs of this name has changed: with many names, each of which changes often, all of them would take long. */
  observe(name: string): void {
    this.#reconsider([name]);
  }

  /** False where no files are declared to be watched for it. */
  pause(name: string, isPaused: boolean): boolean {
    this.update();
    const watched = this.#watched.get(name);
    if (watched === undefined) return false;
    watched.isPaused = isPaused;
    // What changed meanwhile does not count, and what was in the way may be out of it.
    watched.files = undefined;
    watched.end = undefined;
    watched.commandProblem = undefined;
    if (!isPaused) this.#parts.files.forgive();
    this.#parts.journal.write({ event: 'watch', spec: name, reason: isPaused ? 'paused by the user' : 'resumed by the user' });
    this.update();
    this.#parts.onChange();
    return true;
  }

  /** A user has restarted it: what runs has not come by a change any more. */
  forgetChange(name: string): void {
    const watched = this.#watched.get(name);
    if (watched) watched.last = undefined;
  }

  /** A tree has ended: it may be a command of one of the names. */
  treeEnded(tree: TreeView): void {
    this.#commands.ended(tree);
  }

  /** The warden ends: nothing counts any more. */
  close(): void {
    this.#isClosed = true;
    this.#commands.close();
    for (const watched of this.#watched.values()) watched.files = undefined;
    this.#parts.files.set([]);
  }

  #reconsider(names: readonly string[]): void {
    if (this.#isClosed) return;
    let isNews = false;
    for (const name of names) {
      const files = this.#filesOf(name);
      if (files === this.#files.get(name)) continue;
      isNews = true;
      if (files) this.#files.set(name, files);
      else this.#files.delete(name);
    }
    if (!isNews) return;
    this.#parts.files.set([...this.#files.values()]);
    this.#parts.onChange();
  }

  /** What is to be watched for a name, the same object for as long as that is the same; undefined where its changes do not count. */
  #filesOf(name: string): WatchedFiles | undefined {
    const pool = this.#parts.pools.get(name);
    const { watch } = pool ?? {};
    if (pool === undefined || watch === undefined) {
      if (this.#watched.delete(name)) this.#commands.callOff(name);
      return undefined;
    }
    const watched = this.#watchedAs(name, watch);
    const { countsChanges } = pool;
    if (!countsChanges) {
      watched.end = undefined;
      watched.last = undefined;
      this.#commands.callOff(name);
    }
    if (!countsChanges || watched.isPaused || watched.end) {
      watched.files = undefined;
      watched.waitsFor = undefined;
      return undefined;
    }
    const { folder, patterns, debounceMillis } = watch;
    watched.files ??= { name, folder, patterns, debounceMillis, since: Date.now() };
    return watched.files;
  }

  #watchedAs(name: string, declared: FileWatch): Watched {
    const known = this.#watched.get(name);
    if (known && (known.declared === declared || isDeepStrictEqual(known.declared, declared))) {
      known.declared = declared;
      return known;
    }
    const watched: Watched = { declared, isPaused: known?.isPaused ?? false, ...(known?.last && { last: known.last }) };
    this.#watched.set(name, watched);
    return watched;
  }

  #changed({ name, files, count }: FilesChanged): void {
    const [file] = files;
    const pool = this.#parts.pools.get(name);
    const { watch } = pool ?? {};
    const watched = this.#watched.get(name);
    // What waits for others begins with the files as they will be then.
    if (this.#isClosed || !pool || !watch || watched?.files === undefined || file === undefined || pool.isHeld) return;
    const { action, dependents = false } = watch;
    const last = { at: Date.now(), by: action.by, file, more: count - 1, ...(action.by === 'signal' && { signal: action.signal }) };
    watched.last = last;
    watched.commandProblem = undefined;
    this.#parts.journal.write({ event: 'watch', spec: name, reason: watchEventText(last, true) });
    this.#parts.onChange();
    if (action.by === 'restart') void this.#restart(name, last, dependents);
    else if (action.by === 'signal') {
      const outcomes = pool.signalLeaders(action.signal);
      this.#parts.journal.write({ event: 'signal', spec: name, signal: action.signal, reason: outcomes.join(', ') });
    } else {
      const { argv } = action;
      void this.#commands.run(name, () => pool.commandRequest(argv));
    }
  }

  async #restart(name: string, event: WatchEvent, cascades: boolean): Promise<void> {
    const { file, more } = event;
    const reason = more === 0 ? localizable('fileChanged', file) : localizable('filesChanged', file, more);
    try {
      await this.#parts.restart(name, reason, cascades);
    } catch (error) {
      this.#parts.journal.write({ event: 'watch', spec: name, reason: `${changeText(event)}: not restarted: ${errorText(error)}` });
    }
  }

  #waits(name: string, activity: GitActivity | undefined): void {
    const watched = this.#watched.get(name);
    if (watched === undefined || watched.waitsFor === activity) return;
    watched.waitsFor = activity;
    this.#parts.onChange();
  }

  #ended(name: string, isLoop: boolean, problem: Text): void {
    const watched = this.#watched.get(name);
    if (watched?.files === undefined) return;
    watched.end = { isLoop, problem };
    this.#parts.journal.write({ event: 'watch', spec: name, reason: String(problem) });
    this.#parts.alert(problem, name);
    this.update();
    this.#parts.onChange();
  }

  #commandEnded(name: string, problem: Text | undefined): void {
    const watched = this.#watched.get(name);
    if (watched === undefined || problem === undefined) return;
    watched.commandProblem = localizable('watchCommandFailed', name, problem as string);
    this.#parts.journal.write({ event: 'watch', spec: name, reason: String(watched.commandProblem) });
    this.#parts.alert(watched.commandProblem, name);
    this.#parts.onChange();
  }
}
