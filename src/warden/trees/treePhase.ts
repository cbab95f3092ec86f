/** The phases of a tree, and what follows from each event: pure, so that every pair of them is in a table of its test. */
import type { TreeState } from '../../protocol/snapshot.ts';
import type { Text } from '../../protocol/texts.ts';
import type { EndVerdict } from './exits.ts';

export type EndState = EndVerdict | Extract<TreeState, 'killed'>;

/** A stop that is under way. */
export interface Escalation {
  /** Aborted where all further waiting is to be skipped. */
  readonly hurry: AbortController;
  /** Resolves when no process is left, or those that are left cannot be ended. */
  readonly done: Promise<void>;
}

/** Why a tree ends. */
export interface Ending {
  /** A client or a limit has asked for it. */
  readonly requested: boolean;
  /** Why it has failed whatever the leader's exit status says, as a clause. */
  readonly failure?: Text | undefined;
}

export type TreePhase =
  /** It has no process yet. With `requested`, it is to have none. */
  | { readonly at: 'spawning'; readonly requested: boolean }
  /** The leader lives, or has just ended. */
  | { readonly at: 'living'; readonly state: Extract<TreeState, 'starting' | 'ready'> }
  /** The leader has ended, and the policy lets its other members go on. `isReady`: no probe has still to say that they are. */
  | { readonly at: 'leaderless'; readonly isReady: boolean }
  | ({ readonly at: 'ending'; readonly escalation: Escalation } & Ending)
  /** Members are alive after SIGKILL. */
  | ({ readonly at: 'stuck' } & Ending)
  /** No process is left; what the tree holds is being released. */
  | ({ readonly at: 'gone'; readonly state: EndState } & Pick<Ending, 'requested'>)
  /** `endedAt`: milliseconds since 1970. */
  | ({ readonly at: 'over'; readonly state: EndState; readonly endedAt: number } & Pick<Ending, 'requested'>);

export type TreeEvent =
  /** `awaited`: a probe has to say when it is ready. */
  | { readonly type: 'spawned'; readonly awaited: boolean }
  | { readonly type: 'spawnFailed' }
  | { readonly type: 'ready' }
  /** `verdict`: on its exit status. Members that are left are kept. */
  | { readonly type: 'leaderExited'; readonly verdict: EndVerdict; readonly membersLeft: boolean }
  /** A client or a limit asks for its end: one that has no process gets none, and an end that is under way is a requested one. */
  | { readonly type: 'endRequested' }
  | ({ readonly type: 'endBegun'; readonly escalation: Escalation } & Ending)
  /** No process is left. `forced`: it took a SIGKILL; `verdict`: on the leader's exit status. */
  | { readonly type: 'gone'; readonly forced: boolean; readonly verdict: EndVerdict }
  | { readonly type: 'stuck' }
  /** `at`: milliseconds since 1970. */
  | { readonly type: 'released'; readonly at: number };

export const firstPhase: TreePhase = { at: 'spawning', requested: false };

/** The state that clients see. */
export function stateOf(phase: TreePhase): TreeState {
  switch (phase.at) {
    case 'spawning':
      return 'starting';
    case 'leaderless':
      return phase.isReady ? 'exited' : 'starting';
    case 'ending':
      return 'stopping';
    case 'stuck':
      return 'unkillable';
    default:
      return phase.state;
  }
}

export function isRequested(phase: TreePhase): boolean {
  return 'requested' in phase && phase.requested;
}

/** Whether what waits for the tree to be ready can go on: of one that goes into the background, the leader has ended by then. */
export function isReadyPhase(phase: TreePhase): boolean {
  return phase.at === 'leaderless' ? phase.isReady : phase.at === 'living' && phase.state === 'ready';
}

/** A stuck tree may be tried again; one whose leader has left on purpose can still be stopped. */
export function canBeginEnd({ at }: TreePhase): boolean {
  return at === 'living' || at === 'leaderless' || at === 'stuck';
}

/** The phase that follows; undefined where the event means nothing in this phase and is to be ignored. */
export function nextPhase(phase: TreePhase, event: TreeEvent): TreePhase | undefined {
  switch (event.type) {
    case 'spawned':
      return phase.at === 'spawning' ? { at: 'living', state: event.awaited ? 'starting' : 'ready' } : undefined;
    case 'spawnFailed':
      return phase.at === 'spawning' ? { at: 'gone', state: 'failed', requested: phase.requested } : undefined;
    case 'ready':
      if (phase.at === 'leaderless' && !phase.isReady) return { at: 'leaderless', isReady: true };
      return phase.at === 'living' && phase.state === 'starting' ? { at: 'living', state: 'ready' } : undefined;
    case 'leaderExited':
      if (phase.at !== 'living') return undefined;
      if (event.membersLeft) return { at: 'leaderless', isReady: phase.state === 'ready' };
      return { at: 'gone', state: event.verdict, requested: false };
    case 'endRequested':
      return phase.at === 'spawning' || phase.at === 'ending' ? { ...phase, requested: true } : undefined;
    case 'endBegun':
      return begun(phase, event);
    case 'gone':
      return gone(phase, event);
    case 'stuck':
      return phase.at === 'ending' ? { at: 'stuck', requested: phase.requested, failure: phase.failure } : undefined;
    case 'released':
      return phase.at === 'gone' ? { at: 'over', state: phase.state, requested: phase.requested, endedAt: event.at } : undefined;
  }
}

function begun(phase: TreePhase, { escalation, requested, failure }: Extract<TreeEvent, { type: 'endBegun' }>): TreePhase | undefined {
  if (!canBeginEnd(phase)) return undefined;
  const before = phase.at === 'stuck' ? phase : { requested: false, failure: undefined };
  return { at: 'ending', escalation, requested: requested || before.requested, failure: failure ?? before.failure };
}

function gone(phase: TreePhase, { forced, verdict }: Extract<TreeEvent, { type: 'gone' }>): TreePhase | undefined {
  if (phase.at === 'leaderless') return { at: 'gone', state: verdict, requested: false };
  if (phase.at !== 'ending' && phase.at !== 'stuck') return undefined;
  const { requested, failure } = phase;
  if (requested) return { at: 'gone', state: forced ? 'killed' : 'exited', requested };
  return { at: 'gone', state: failure === undefined ? verdict : 'failed', requested };
}
