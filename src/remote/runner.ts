import type { NodePlaces } from './nodeScript.ts';

export type CommandLine = readonly [string, ...string[]];

/** What is known of the place of a process before it runs there. */
export interface Placing {
  readonly phase: 'submitting' | 'queued' | 'connecting';
  readonly node?: string;
  readonly job?: string;
  readonly reason?: string;
  readonly ahead?: number;
}

/** Where the warden of a lease was placed. */
export interface Placement {
  readonly node: string;
  readonly job?: string;
  /** When it ends by itself, in milliseconds since 1970. */
  readonly endsAt?: number;
}

/** Whether a placement still exists. `paused`: nothing runs there for a while. `unknown`: what could say so does not answer. */
export type PlacementState =
  | { readonly is: 'there'; readonly endsAt?: number }
  | { readonly is: 'paused'; readonly why: string }
  | { readonly is: 'gone'; readonly why: string }
  | { readonly is: 'unknown'; readonly why: string };

/** A way to a node: it has one warden started there, and reaches it. */
export interface NodeRunner {
  /**
   * Has the warden of the lease started; tells of each change. What was begun goes on where `signal` is aborted: {@link end} ends it.
   * @throws Error with what was tried, and what was answered.
   */
  place(tell: (placing: Placing) => void, signal: AbortSignal): Promise<Placement>;
  /** What runs this script in a POSIX shell at the placement; its stdin and stdout are the script's. */
  reach(script: string): CommandLine;
  /** Absent where nothing but {@link end} ends a placement. Where `signal` is aborted, the answer is not waited for. */
  state?(signal?: AbortSignal): Promise<PlacementState>;
  /** Asks for so much more time, in milliseconds; absent where there is no time limit. @throws Error with the reason why that is refused. */
  extend?(millis: number): Promise<void>;
  /** Ends whatever belongs to the lease; resolves when nothing of it is left. @throws Error where that cannot be known. */
  end(): Promise<void>;
}

export interface RunnerSettings {
  /** Of the process. */
  readonly name: string;
  readonly lease: string;
  readonly places: NodePlaces;
  /** How long the stop of the process takes at most, in milliseconds. */
  readonly stopMillis: number;
}
