/** Requests about trees: JSON-RPC over the warden's stdio (its owner) and over its socket (every other client of this user). */
import { RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { StartRequest, StopStep } from './startRequest.ts';
import type { TextData } from './texts.ts';

export interface StopRequest {
  readonly tree: TreeId;
  /** Skip the escalation. */
  readonly now: boolean;
  readonly reason: string;
  /** {@link reason} as data, so that it is translated where it is shown. */
  readonly reasonData?: TextData;
  /** Instead of the spec's own steps. */
  readonly steps?: readonly StopStep[];
}

/** Ends the tree and starts it again, with another request where one is given; its name has to be the same. */
export interface RestartRequest extends StopRequest {
  readonly request?: StartRequest;
}

export interface SignalRequest {
  readonly tree: TreeId;
  readonly signal: NodeJS.Signals;
  /** One member only; the whole tree where absent. */
  readonly pid?: number;
  /** Only where it is this very process: a {@link Program} has it. */
  readonly startTime?: number;
}

/** Starts a tree; answers when it is spawned, before it is ready. Ends with `startFailed`, and a reason where it is one of the usual. */
export const start = new RequestType<StartRequest, TreeSnapshot, void>('start');
/** Answers when nothing of the tree, or of the one that has taken its place, is left. Calls off every restart that is under way. */
export const stop = new RequestType<StopRequest, TreeSnapshot, void>('stop');
/**
 * One operation: stops the tree, starts it again, answers with the new tree. A restart that is under way already is joined;
 * where a stop comes between, the answer is the error `superseded`, and nothing is started.
 */
export const restart = new RequestType<RestartRequest, TreeSnapshot, void>('restart');
/** Sends a signal to one member, or to all of them; answers when it is sent. */
export const signal = new RequestType<SignalRequest, void, void>('signal');
/** All trees with figures of this moment: those that run, and those that have ended and are not forgotten yet. */
export const list = new RequestType0<readonly TreeSnapshot[], void>('list');
/** Stops every tree, answers when no process is left; the warden then ends. */
export const shutdown = new RequestType<{ readonly now: boolean; readonly reason: string }, void, void>('shutdown');
