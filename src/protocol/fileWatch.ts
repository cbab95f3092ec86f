/** Processes that are restarted, or told, when files change: what is declared of it, and what clients see of it. */
import { RequestType } from 'vscode-jsonrpc';
import type { TextData } from './texts.ts';

/** Maximum number of patterns of one process. */
export const maxPatterns = 100;

/** What follows a change. `signal` is sent to the first process of each instance; `run` is a command whose end is awaited before it is run again. */
export type WatchAction =
  | { readonly by: 'restart' }
  | { readonly by: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly by: 'run'; readonly argv: readonly [string, ...string[]] };

export interface FileWatch {
  /** The workspace folder, an absolute path: patterns are relative to it. */
  readonly folder: string;
  /** Globs; one that begins with `!` takes files away. */
  readonly patterns: readonly string[];
  readonly action: WatchAction;
  /** Time without a further change after which the changes count, in milliseconds. */
  readonly debounceMillis: number;
  /** What depends on the process is restarted with it. */
  readonly dependents?: true;
}

/** What has to be over in a git repository before changed files count: it writes files one after the other. */
export type GitActivity = 'index' | 'merge' | 'rebase' | 'cherry-pick' | 'revert';

/** What a change has led to last. */
export interface WatchEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly by: WatchAction['by'];
  /** Of an action `signal`. */
  readonly signal?: NodeJS.Signals;
  /** The file that changed first, from the workspace folder. */
  readonly file: string;
  /** Number of further files that changed. */
  readonly more: number;
}

/**
 * `off`: it was not started, or was stopped by a user; `watching`: changes count, also where it has ended by itself; `paused`: by a user; `looping`: the process
 * writes what is watched, so that watching has stopped; `failed`: files cannot be watched.
 */
export type WatchState = 'off' | 'watching' | 'paused' | 'looping' | 'failed';

export interface WatchStatus {
  readonly state: WatchState;
  /** Why files are not watched, or why the last command has failed, as a sentence. */
  readonly problem?: string;
  readonly problemData?: TextData;
  /** Files have changed, and this has to be over before that counts. */
  readonly waitsFor?: GitActivity;
  readonly last?: WatchEvent;
}

export interface WatchFilesRequest {
  /** Declared. */
  readonly name: string;
  /** Until it is resumed, or the warden ends. Resuming also forgets a loop or a failure. */
  readonly paused: boolean;
}

/** Pauses the watching of a declared name, or resumes it; what changed meanwhile does not count. */
export const setWatching = new RequestType<WatchFilesRequest, null, void>('processes/watch');

/** `src/a.ts changed`. */
export function changeText({ file, more }: Pick<WatchEvent, 'file' | 'more'>): string {
  return more === 0 ? `${file} changed` : `${file} and ${more} more changed`;
}

/** `restarted: src/a.ts changed`; `isBeginning`: `restarting: …`. */
export function watchEventText(event: WatchEvent, isBeginning = false): string {
  const verbs = {
    restart: isBeginning ? 'restarting' : 'restarted',
    signal: `${event.signal ?? 'signal'} sent`,
    run: isBeginning ? 'running its command' : 'ran its command',
  };
  return `${verbs[event.by]}: ${changeText(event)}`;
}

/** `waits for the end of a merge`. */
export function gitWaitText(activity: GitActivity): string {
  return activity === 'index' ? 'waits until git has released .git/index.lock' : `waits for the end of a ${activity}`;
}
