import type { TreeId } from '../../protocol/identity.ts';
import type { RestartPolicy } from '../../protocol/policies.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { TreeView } from '../trees/treeView.ts';
import { limitRestarts, planRestart, type RestartPlan } from './restartPlan.ts';

/** What clients are told of a tree's place in the series of trees of its name. */
export interface Standing {
  /** When its start was asked for, where it was; in milliseconds since 1970. */
  readonly askedAt?: number;
  /** Another tree is to take its place. */
  readonly restarting: boolean;
  /** The tree that has taken its place, or is just being started for it. */
  readonly successor: TreeId | undefined;
  /** When its successor is to be started, where that has to wait; in milliseconds since 1970. */
  readonly nextStartAt: number | undefined;
  /** Number of automatic restarts within the window of its policy. */
  readonly restarts: number;
  /** Its policy allows no further restart. */
  readonly gaveUp?: boolean;
}

export const noStanding: Standing = { restarting: false, successor: undefined, nextStartAt: undefined, restarts: 0 };

/** Number of automatic restarts that are remembered. */
const remembered = 1000;

/** The restarts of one name: how often it was restarted, what its policy allows, and what clients are told of each of its trees. */
export class Restarts {
  readonly #standings = new Map<TreeId, Standing>();
  /** When it was restarted by itself, by performance.now(). */
  #restartedAt: readonly number[] = [];

  standingOf({ id }: Pick<TreeView, 'id'>): Standing {
    return this.#standings.get(id) ?? noStanding;
  }

  mark({ id }: Pick<TreeView, 'id'>, changes: Partial<Standing>): void {
    this.#standings.set(id, { ...(this.#standings.get(id) ?? noStanding), ...changes });
  }

  forget({ id }: Pick<TreeView, 'id'>): void {
    this.#standings.delete(id);
  }

  countOne(): void {
    this.#restartedAt = [...this.#restartedAt, performance.now()].slice(-remembered);
  }

  /** What has failed before a user's request counts no more. The function that it answers with takes that back. */
  forgive(): () => void {
    const before = this.#restartedAt;
    this.#restartedAt = [];
    return () => {
      this.#restartedAt = before;
    };
  }

  /** Number of automatic restarts within the window of this request's policy. */
  countFor(request: StartRequest): number {
    const { windowMillis } = policyOf(request);
    const now = performance.now();
    return this.#restartedAt.filter((at) => now - at < windowMillis).length;
  }

  /** What follows an automatic restart whose spawn has failed. */
  planAfterFailedSpawn(request: StartRequest): RestartPlan {
    return planRestart(policyOf(request), { state: 'failed', wanted: false }, this.#restartedAt, performance.now(), Math.random());
  }

  /** What follows the end of this tree; `byLimit`: a limit has ended it to have it restarted. */
  planAfter({ request, state, endWasWanted, leader }: TreeView, byLimit: boolean): RestartPlan {
    // The end of what could not even be spawned is told to those who wanted its start.
    if (leader === undefined) return { next: 'stay' };
    const end = byLimit ? ({ state: 'failed', wanted: false } as const) : { state, wanted: endWasWanted };
    return planRestart(byLimit ? policyOf(request) : request.restart, end, this.#restartedAt, performance.now(), Math.random());
  }
}

/** A tree that a limit restarts needs no policy of its own. */
export function policyOf({ restart }: StartRequest): RestartPolicy {
  return restart ?? limitRestarts;
}
