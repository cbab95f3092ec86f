/** Processes that belong to no window any more, as they are reported. */
import type { ListeningPort } from './listeningPorts.ts';

/**
 * Why a process counts as left behind.
 * - `windowGone`: its environment names a window of VS Code that has ended, or a terminal of a remote one.
 * - `editorGone`: its environment names a VS Code that has ended.
 * - `parentGone`: what started it has ended, and it has no terminal.
 */
export type LeftBehindReason = 'windowGone' | 'editorGone' | 'parentGone';

/** A process, with all that descends from it. */
export interface LeftBehind {
  readonly pid: number;
  /** As {@link ProcessIdentity} of the platform has it: with the pid, it is this very process. */
  readonly startTime: number;
  /** How a person would call the program: `vite`, `node server.js`, `http.server`. */
  readonly program: string;
  /** The npm script that it was started by. */
  readonly script?: string;
  /** With what looks like a secret masked. */
  readonly commandLine: string;
  readonly cwd: string;
  /** Time since its start, in milliseconds. */
  readonly ageMillis: number;
  /** TCP and UDP, of all its processes. */
  readonly ports: readonly ListeningPort[];
  /** Number of its processes, itself included. */
  readonly processes: number;
  readonly reason: LeftBehindReason;
  /** Of the ports that were asked for, those that it holds. */
  readonly wantedPorts: readonly number[];
}

export interface LeftBehindReport {
  /** Identifies the boot in which the start times mean something. */
  readonly boot: string;
  /** The workspace folders, and the worktrees of their repositories, that were looked for. */
  readonly folders: readonly string[];
  /** Empty where this platform does not tell where processes come from. */
  readonly found: readonly LeftBehind[];
  /** False where this platform does not tell where processes come from. */
  readonly supported: boolean;
}

/** Whether it is known that its window or its editor has ended, and not only that what started it has. */
export function isCertain({ reason }: Pick<LeftBehind, 'reason'>): boolean {
  return reason !== 'parentGone';
}

/** What has come of the request to end one. */
export interface EndedLeftBehind {
  /** `PID:START`. */
  readonly process: string;
  /** Why it was not ended, as a clause; absent where none of its processes is left. */
  readonly problem?: string;
}
