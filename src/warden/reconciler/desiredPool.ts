/**
 * What is declared and desired of a name, as a pure machine: from the declaration, what is desired, and what the instances do, to the
 * actions that lead from one to the other. A single process is a pool of one.
 */
import type { Phase } from './desiredState.ts';

export interface PoolState {
  /** Whether a file declares it still. */
  readonly isDeclared: boolean;
  /** Number of instances that the file declares, or declared last; undefined: it never has. */
  readonly declared: number | undefined;
  /** Number of instances that a user has asked for since; undefined: as declared. */
  readonly chosen: number | undefined;
  /** Numbers of the instances that are to run, ascending. */
  readonly desired: readonly number[];
  /** Numbers of the instances that are still to be restarted, the next one first. */
  readonly pending: readonly number[];
  /** The instance that is being restarted: the next one waits until it is settled. */
  readonly turn: number | undefined;
}

/** The actual state of one instance; one that is not listed is idle. */
export interface ActualInstance {
  /** From 1 up. */
  readonly number: number;
  readonly phase: Phase;
  /** What its own machine leads it to. */
  readonly heading: 'running' | 'stopped';
  /** Whether its tree is neither ready yet, nor has failed. */
  readonly isStarting: boolean;
  /** Whether its tree was made of another declaration than the newest one. */
  readonly isOutdated: boolean;
}

export type PoolEvent =
  /** The file declares it. What runs is not touched, but where their number is another one than before. */
  | { readonly type: 'declare'; readonly instances: number }
  /** The file does not declare it any more: what runs goes on. */
  | { readonly type: 'undeclare' }
  /** A user's verb; with a number, for that instance alone. */
  | { readonly type: 'start' | 'stop' | 'restart'; readonly instance?: number }
  | { readonly type: 'scale'; readonly instances: number }
  /**
   * Instances have changed. One that ends without an action of this machine (by itself, by a limit, by a verb for its tree) is not
   * desired any more; one that was started without one (by a request of its own) is desired from now on.
   */
  | { readonly type: 'observed' };

export interface Action {
  readonly type: 'start' | 'stop' | 'restart';
  readonly instance: number;
}

export interface PoolTransition {
  readonly state: PoolState;
  readonly actions: readonly Action[];
}

export const initialPool: PoolState = {
  isDeclared: false,
  declared: undefined,
  chosen: undefined,
  desired: [],
  pending: [],
  turn: undefined,
};

/** Number of instances that there are when the name as a whole runs. */
export function instanceCount({ declared, chosen }: PoolState): number {
  return chosen ?? declared ?? 1;
}

/** Whether a restart of one instance after the other is under way. */
export function isRolling({ pending, turn }: PoolState): boolean {
  return turn !== undefined || pending.length > 0;
}

/** Whether nothing of it is worth keeping: it is not declared, and nothing of it runs or will. */
export function isForgettable({ isDeclared }: PoolState, actual: readonly ActualInstance[]): boolean {
  return !isDeclared && actual.every(({ phase }) => phase === 'idle');
}

export function poolTransition(before: PoolState, event: PoolEvent, actual: readonly ActualInstance[]): PoolTransition {
  const changed = desiredAfter(before, event, actual);
  const asked = actionsAsked(event, actual);
  const rolled = takeTurn(changed, actual);
  const all = [...asked, ...rolled.actions, ...actionsMissing(changed, actual)];
  // One action for each: a verb comes before what would follow anyway.
  const actions = all.filter(({ instance }, index) => all.findIndex((other) => other.instance === instance) === index);
  return { state: rolled.state, actions };
}

function desiredAfter(state: PoolState, event: PoolEvent, actual: readonly ActualInstance[]): PoolState {
  switch (event.type) {
    case 'declare':
      return declare(state, event.instances);
    case 'undeclare':
      return { ...state, isDeclared: false };
    case 'start':
      return { ...state, desired: event.instance === undefined ? upTo(instanceCount(state)) : including(state.desired, event.instance) };
    case 'stop':
      return event.instance === undefined ? { ...state, desired: [], pending: [], turn: undefined } : without(state, event.instance);
    case 'restart':
      return restart(state, event.instance, actual);
    case 'scale':
      return resized({ ...state, chosen: event.instances });
    case 'observed':
      return observe(state, actual);
  }
}

/** Another number in the file counts from now on, whatever a user has chosen before: what there was is not touched, but for a surplus. */
function declare(state: PoolState, instances: number): PoolState {
  const isChanged = state.declared !== undefined && state.declared !== instances;
  const declared: PoolState = { ...state, isDeclared: true, declared: instances, ...(isChanged && { chosen: undefined }) };
  if (!isChanged || state.desired.length === 0) return declared;
  const before = instanceCount(state);
  const isWanted = (number: number): boolean => number > before || state.desired.includes(number);
  return limited({ ...declared, desired: upTo(instances).filter(isWanted) });
}

function restart(state: PoolState, instance: number | undefined, actual: readonly ActualInstance[]): PoolState {
  if (instance !== undefined) {
    const others = state.pending.filter((other) => other !== instance);
    const isEarly = actual.some((one) => one.number === instance && isLaunchedOutdated(one));
    return { ...state, desired: including(state.desired, instance), pending: isEarly ? [instance, ...others] : others };
  }
  const desired = upTo(instanceCount(state));
  const restartable = actual.filter(({ heading, phase }) => heading === 'running' || phase === 'stuck').map(({ number }) => number);
  const pending = desired.filter((number) => restartable.includes(number));
  const { turn } = state;
  if (turn === undefined || !pending.includes(turn)) return { ...state, desired, pending };
  // The one whose turn it is serves nothing yet, and may never: with what was changed since, it may.
  return { ...state, desired, pending: [turn, ...pending.filter((number) => number !== turn)], turn: undefined };
}

/** Where any of it is to run, all of it is: as many as there are to be. */
function resized(state: PoolState): PoolState {
  return state.desired.length === 0 ? state : limited({ ...state, desired: upTo(instanceCount(state)) });
}

/** What is not to run is not restarted either. */
function limited(state: PoolState): PoolState {
  return { ...state, pending: state.pending.filter((number) => state.desired.includes(number)) };
}

function observe(state: PoolState, actual: readonly ActualInstance[]): PoolState {
  const desired = actual
    .filter(({ number, heading }) => heading === 'running' || state.pending.includes(number))
    .map(({ number }) => number);
  const isTurn = state.turn !== undefined && desired.includes(state.turn);
  return limited({ ...state, desired: desired.toSorted((a, b) => a - b), turn: isTurn ? state.turn : undefined });
}

function without(state: PoolState, instance: number): PoolState {
  const isOther = (number: number): boolean => number !== instance;
  return {
    ...state,
    desired: state.desired.filter(isOther),
    pending: state.pending.filter(isOther),
    turn: state.turn === instance ? undefined : state.turn,
  };
}

/** What a verb does even to an instance that is where it leads already: a stop joins, a start ends a wait, or joins one for what it depends on. */
function actionsAsked(event: PoolEvent, actual: readonly ActualInstance[]): Action[] {
  const of = (type: Action['type'], isMeant: (one: ActualInstance) => boolean): Action[] => {
    const meant = actual.filter((one) => isMeant(one) && (!('instance' in event) || event.instance === one.number));
    return meant.map(({ number }) => ({ type, instance: number }));
  };
  switch (event.type) {
    case 'stop':
      return of('stop', ({ phase }) => phase !== 'idle');
    case 'start':
      return of('start', ({ phase }) => phase === 'waiting' || phase === 'held');
    case 'restart':
      return event.instance === undefined ? [] : of('restart', (one) => one.phase !== 'idle' && !isLaunchedOutdated(one));
    default:
      return [];
  }
}

/** The difference between what is desired and where the instances are heading. */
function actionsMissing({ desired, pending }: PoolState, actual: readonly ActualInstance[]): Action[] {
  const running = actual.filter(({ heading }) => heading === 'running').map(({ number }) => number);
  return [
    ...desired
      .filter((number) => !running.includes(number) && !pending.includes(number))
      .map((instance): Action => ({ type: 'start', instance })),
    ...running.filter((number) => !desired.includes(number)).map((instance): Action => ({ type: 'stop', instance })),
  ];
}

/** A restart of the pool goes on with the next instance when the last one is settled, so that the others go on serving. */
function takeTurn(state: PoolState, actual: readonly ActualInstance[]): PoolTransition {
  const current = actual.find(({ number }) => number === state.turn);
  if (current && !isSettled(current)) return { state, actions: [] };
  const [instance, ...pending] = state.pending;
  if (instance === undefined) return { state: { ...state, turn: undefined }, actions: [] };
  if (actual.some((one) => one.number === instance && isLaunchedOutdated(one)))
    return { state: { ...state, turn: undefined }, actions: [] };
  return { state: { ...state, pending, turn: instance }, actions: [{ type: 'restart', instance }] };
}

/** A restart would join the launch that is under way, and get a tree that is out of date: it waits for the end of that. */
function isLaunchedOutdated({ phase, isOutdated }: ActualInstance): boolean {
  return phase === 'launching' && isOutdated;
}

function isSettled({ phase, isStarting }: ActualInstance): boolean {
  return phase === 'running' ? !isStarting : phase === 'idle' || phase === 'waiting' || phase === 'stuck';
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function including(numbers: readonly number[], number: number): readonly number[] {
  return numbers.includes(number) ? numbers : [...numbers, number].toSorted((a, b) => a - b);
}
