/** Isolation takes from a process what it could reach: files, the network, other processes. */
import type { Container } from './container.ts';

/** What an isolated process may reach. */
export interface Isolation {
  readonly network: boolean;
  /** Folders that it may write to, absolute. */
  readonly write: readonly string[];
  readonly tmp: 'private' | 'shared';
  readonly secrets: 'hidden' | 'readable';
  /** The workspace, absolute. */
  readonly folder: string;
}

/** What it stands in. */
export interface IsolationSurroundings {
  readonly cwd: string;
  /** The user's home folder, absolute. */
  readonly home: string;
  /** Folders that it must neither read nor write, whatever is asked for: their sockets would let it start processes outside. */
  readonly hidden: readonly string[];
  /** Whether it is to live on when the warden dies. */
  readonly survivesWarden: boolean;
}

/** Whether this machine can isolate processes, for people: `tree-warden doctor` prints it as it is. */
export interface IsolationOffer {
  readonly available: boolean;
  /** By which means, or why not, as a clause. */
  readonly why: string;
  /** What the user can do to get it, as a sentence. */
  readonly advice?: string;
}

/** A process cannot be isolated as it was asked for; the message says why, and what to do. Nothing is ever started without it instead. */
export class IsolationError extends Error {}

/** How this machine isolates processes. */
export interface Isolator {
  /** Tries it out, which may take some hundred milliseconds. */
  offer(): IsolationOffer;
  /**
   * The container, with the processes in it isolated.
   * @throws IsolationError where this machine cannot do that, or a folder cannot be given.
   */
  isolate(container: Container, isolation: Isolation, surroundings: IsolationSurroundings): Promise<Container>;
}

/** For a system without one. */
export const noIsolator: Isolator = {
  offer: () => ({ available: false, why: 'processes can be isolated on Linux only, by bubblewrap' }),
  isolate: () =>
    Promise.reject(
      new IsolationError(
        'Processes can be isolated on Linux only, by bubblewrap. Nothing was started; without "isolate", it would run with all your rights.',
      ),
    ),
};
