/** The desired and the actual state of one name, as a pure machine: the last wish of a user wins. */

/**
 * - `idle`: nothing of this name runs, or will by itself.
 * - `held`: a tree is to be launched as soon as what it depends on allows it.
 * - `launching`: a tree is being spawned; `aborting`: it is stopped before that is done.
 * - `running`: a tree lives; `stopping`: it is being ended; `stuck`: it has survived that.
 * - `waiting`: the next tree is launched after a delay.
 */
export type Phase = 'idle' | 'held' | 'launching' | 'aborting' | 'running' | 'stopping' | 'stuck' | 'waiting';

export interface NameState {
  readonly phase: Phase;
  /** What the user, or a policy on the user's behalf, wants of it. */
  readonly desired: 'running' | 'stopped';
  /** The tree that is being launched takes the place of another one: a request for one joins in and gets it. */
  readonly replacing: boolean;
  /** The tree is ended because of a limit: its successor comes by the restart policy, after a delay or not at all. */
  readonly delayed: boolean;
  /** Number of wishes so far. */
  readonly generation: number;
}

/** What the restart policy says of an end that was not asked for. */
export type Succession = 'none' | 'restart' | 'giveUp';

export type NameEvent =
  /** Wishes of a user. */
  | { readonly type: 'start' | 'restart' | 'stop' }
  /** A limit was reached whose action ends the tree, or restarts it. */
  | { readonly type: 'limit'; readonly action: 'stop' | 'restart' }
  /** The spawn has succeeded. */
  | { readonly type: 'launched' }
  /** The spawn has failed. `succession`: of an automatic restart, what its policy says; `none` where a client waits for the start. */
  | { readonly type: 'launchFailed'; readonly succession: Succession }
  /** Nothing of the tree is left. */
  | { readonly type: 'ended'; readonly succession: Succession }
  /** Members of the tree have survived its stop. */
  | { readonly type: 'stuck' }
  /** The delay is over. */
  | { readonly type: 'due' }
  /** What it depends on allows the launch now. */
  | { readonly type: 'released' }
  /** What it depends on will not allow the launch by itself. */
  | { readonly type: 'barred' };

export type Effect =
  | 'launch'
  /** End the present tree; where that is under way, join it. */
  | 'stop'
  | 'wait'
  | 'cancelWait'
  /** Those who wait for a tree are told that a stop has come between. */
  | 'supersede'
  /** Those who wait for a tree get it. */
  | 'deliver'
  /** Those who wait for a tree are told why it does not come. */
  | 'fail'
  /** The policy allows no further restart. */
  | 'giveUp';

export interface Transition {
  readonly state: NameState;
  readonly effects: readonly Effect[];
  /** A start that changes nothing: a tree of this name runs. */
  readonly refused?: true;
}

export const initialState: NameState = { phase: 'idle', desired: 'stopped', replacing: false, delayed: false, generation: 0 };

/** @param isHeld Whether something that it depends on forbids a launch now. */
export function transition(state: NameState, event: NameEvent, isHeld = false): Transition {
  const next = transitionWhenFree(state, event);
  if (!isHeld || !next.effects.includes('launch')) return next;
  return { ...next, state: { ...next.state, phase: 'held' }, effects: next.effects.filter((effect) => effect !== 'launch') };
}

function transitionWhenFree(state: NameState, event: NameEvent): Transition {
  switch (event.type) {
    case 'start':
      return wish(state, start(state));
    case 'restart':
      return wish(state, restart(state));
    case 'stop':
      return wish(state, stop(state));
    case 'limit':
      return limit(state, event.action);
    case 'launched':
      return launched(state);
    case 'launchFailed':
      return launchFailed(state, event.succession);
    case 'ended':
      return ended(state, event.succession);
    case 'stuck':
      if (state.phase !== 'stopping') return ignored(state);
      return { state: { ...state, phase: 'stuck', desired: 'stopped', delayed: false }, effects: ['fail'] };
    case 'due':
      if (state.phase !== 'waiting') return ignored(state);
      return { state: { ...state, phase: 'launching', replacing: true }, effects: ['launch'] };
    case 'released':
      if (state.phase !== 'held') return ignored(state);
      return { state: { ...state, phase: 'launching' }, effects: ['launch'] };
    case 'barred':
      if (state.phase !== 'held') return ignored(state);
      return { state: { ...state, phase: 'idle', desired: 'stopped', replacing: false }, effects: ['fail'] };
  }
}

function wish({ generation }: NameState, { state, ...rest }: Transition): Transition {
  return { state: { ...state, generation: generation + 1 }, ...rest };
}

function ignored(state: NameState): Transition {
  return { state, effects: [] };
}

/** A launch at once, for what is there, or will be when the present tree has ended. */
function start(state: NameState): Transition {
  switch (state.phase) {
    case 'idle':
      return { state: { ...state, phase: 'launching', desired: 'running', replacing: false }, effects: ['launch'] };
    case 'waiting':
      return { state: { ...state, phase: 'launching', desired: 'running', replacing: true }, effects: ['cancelWait', 'launch'] };
    case 'aborting':
    case 'stopping':
      return { state: { ...state, desired: 'running', delayed: false }, effects: [] };
    case 'held':
      return ignored(state);
    case 'launching':
      return state.replacing ? ignored(state) : { state, effects: [], refused: true };
    case 'running':
    case 'stuck':
      return { state, effects: [], refused: true };
  }
}

function restart(state: NameState): Transition {
  switch (state.phase) {
    case 'running':
    case 'stuck':
    case 'stopping':
      return { state: { ...state, phase: 'stopping', desired: 'running', delayed: false }, effects: ['stop'] };
    case 'held':
    case 'launching':
      return ignored(state);
    case 'idle':
    case 'waiting':
    case 'aborting':
      return start(state);
  }
}

function stop(state: NameState): Transition {
  const stopped = { ...state, desired: 'stopped', delayed: false } as const;
  switch (state.phase) {
    case 'idle':
      return { state: stopped, effects: [] };
    case 'waiting':
      return { state: { ...stopped, phase: 'idle' }, effects: ['cancelWait'] };
    case 'held':
      return { state: { ...stopped, phase: 'idle', replacing: false }, effects: ['supersede'] };
    case 'launching':
    case 'aborting':
      return { state: { ...stopped, phase: 'aborting' }, effects: ['supersede', 'stop'] };
    case 'running':
    case 'stuck':
    case 'stopping':
      return { state: { ...stopped, phase: 'stopping' }, effects: ['supersede', 'stop'] };
  }
}

/** No wish of a user: what is under way goes on, at most faster. */
function limit(state: NameState, action: 'stop' | 'restart'): Transition {
  if (state.phase === 'stopping') return { state, effects: ['stop'] };
  if (state.phase !== 'running') return ignored(state);
  const isRestart = action === 'restart';
  return { state: { ...state, phase: 'stopping', desired: isRestart ? 'running' : 'stopped', delayed: isRestart }, effects: ['stop'] };
}

function launched(state: NameState): Transition {
  if (state.phase === 'aborting') return { state: { ...state, phase: 'stopping' }, effects: [] };
  if (state.phase !== 'launching') return ignored(state);
  return { state: { ...state, phase: 'running', replacing: false }, effects: ['deliver'] };
}

function launchFailed(state: NameState, succession: Succession): Transition {
  if (state.phase === 'aborting' && state.desired === 'running')
    return { state: { ...state, phase: 'launching', replacing: true }, effects: ['launch'] };
  if (state.phase !== 'launching' && state.phase !== 'aborting') return ignored(state);
  const isWanted = state.phase === 'launching' && state.desired === 'running';
  if (isWanted && succession === 'restart') return { state: { ...state, phase: 'waiting', replacing: false }, effects: ['wait'] };
  const over: NameState = { ...state, phase: 'idle', desired: 'stopped', replacing: false };
  return { state: over, effects: isWanted && succession === 'giveUp' ? ['giveUp'] : ['fail'] };
}

function ended(state: NameState, succession: Succession): Transition {
  if (state.phase === 'stopping' && state.desired === 'running' && !state.delayed)
    return { state: { ...state, phase: 'launching', replacing: true }, effects: ['launch'] };
  if (state.phase !== 'stopping' && state.phase !== 'running' && state.phase !== 'stuck') return ignored(state);
  const isWanted = state.desired === 'running' && state.phase !== 'stuck';
  if (isWanted && succession === 'restart') return { state: { ...state, phase: 'waiting', delayed: false }, effects: ['wait'] };
  const over: NameState = { ...state, phase: 'idle', desired: 'stopped', delayed: false };
  return { state: over, effects: isWanted && succession === 'giveUp' ? ['giveUp'] : [] };
}
