import type { KnownMemory } from '../protocol/modelMemory.ts';
import type { ModelRequest, ModelSnapshot, ModelState } from '../protocol/models.ts';
import { declaredView } from './declaredView.ts';
import { snapshotOf } from './instance.ts';
import { mergeFacts } from './modelFacts.ts';
import type { Statistics } from './modelStatistics.ts';
import { remoteView } from './remote/remoteView.ts';
import type { Servers } from './servers.ts';
import type { Budget } from './spending/budget.ts';

export interface PoolView {
  readonly model: ModelRequest;
  readonly servers: Servers;
  readonly state: ModelState;
  /** Why it is in that state, as a clause; empty where there is nothing to say. */
  readonly reason: string;
  /** Number of requests that wait. */
  readonly queued: number;
  /** In milliseconds since 1970; undefined where it is not to be unloaded. */
  readonly unloadAt: number | undefined;
  readonly memory: KnownMemory;
  readonly statistics: Statistics;
  readonly budget: Budget | undefined;
}

/** What clients see of a model. */
export function poolSnapshot({ model, servers, state, reason, queued, unloadAt, memory, statistics, budget }: PoolView): ModelSnapshot {
  const { name, maxConcurrent, remote } = model;
  const { all, ready, desired, outstanding, progress } = servers;
  const facts = mergeFacts(model.facts ?? {}, servers.facts);
  return {
    ...declaredView(model),
    state,
    reason,
    ...(state === 'loading' && progress.percent !== undefined && { progress: progress.percent }),
    ...(state === 'loading' && progress.downloadedBytes !== undefined && { downloadedBytes: progress.downloadedBytes }),
    instances: all.map((instance) => snapshotOf(name, instance)),
    wanted: desired,
    outstanding,
    capacity: ready.length * maxConcurrent,
    queued,
    ...(unloadAt !== undefined && { unloadAt }),
    ...(remote === undefined && { memory }),
    ...(Object.keys(facts).length > 0 && { facts }),
    statistics: statistics.snapshot(),
    ...remoteView(model, ready),
    ...(budget && { budget: budget.snapshot() }),
  };
}
