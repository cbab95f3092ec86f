import type { Dispatcher } from 'undici';
import type { ModelFacts } from '../protocol/modelFacts.ts';
import type { InstanceSnapshot } from '../protocol/models.ts';
import { instanceName } from '../protocol/names.ts';
import { period } from '../protocol/timers.ts';
import type { Launched } from './launcher.ts';
import { Statistics } from './modelStatistics.ts';

/** One server of a model, from its launch on. */
export interface Instance {
  readonly number: number;
  /** When its launch was begun, and when it was ready; by performance.now(). */
  readonly begunAt: number;
  readyAt: number | undefined;
  state: 'loading' | 'ready' | 'draining';
  /** The last result of its probe since it was ready. */
  isHealthy: boolean;
  /** Why it is not, as a sentence, where that is known. */
  problem: string | undefined;
  outstanding: number;
  readonly statistics: Statistics;
  readonly starting: Promise<Launched>;
  /** Undefined until it is started. */
  launched: Launched | undefined;
  connections: Dispatcher | undefined;
  /** What it has said of its model; nothing before it was asked. */
  facts: ModelFacts;
  /** Resolves when it is ready, or has failed to load. */
  settled: Promise<void>;
  /** Why it has failed to load. */
  failure: Error | undefined;
  /** It is being ended; resolves when it is verified to be gone, rejects with why it is not. */
  ending: Promise<void> | undefined;
  /** Called when it has answered all its requests. */
  readonly onDrained: Set<() => void>;
  readonly lost: AbortController;
}

export function snapshotOf(model: string, instance: Instance): InstanceSnapshot {
  const server = serverOf(instance);
  const { number, isHealthy, outstanding, statistics } = instance;
  const state = instance.state === 'ready' && !isHealthy ? 'unhealthy' : instance.state;
  return {
    name: instanceName(model, number),
    state,
    outstanding,
    statistics: statistics.snapshot(),
    ...(server && { tree: server.tree, port: server.port }),
  };
}

/** What was started of it on this machine; undefined before that, and where it is elsewhere. */
export function serverOf({ launched }: Instance): Launched | undefined {
  return launched?.connections ? undefined : launched;
}

export function newInstance(number: number, starting: Promise<Launched>): Instance {
  return {
    number,
    begunAt: performance.now(),
    readyAt: undefined,
    state: 'loading',
    isHealthy: true,
    problem: undefined,
    outstanding: 0,
    statistics: new Statistics(),
    starting,
    launched: undefined,
    connections: undefined,
    facts: {},
    failure: undefined,
    settled: Promise.resolve(),
    ending: undefined,
    onDrained: new Set(),
    lost: new AbortController(),
  };
}

/** How long of the time since then it was being loaded, in milliseconds; `since` by performance.now(). */
export function loadingSince({ begunAt, readyAt = begunAt }: Instance, since: number): number {
  return Math.max(0, readyAt - Math.max(begunAt, since));
}

/** Resolves when the instance has answered all its requests, or after `millis` milliseconds. */
export async function drained(instance: Instance, millis: number): Promise<void> {
  if (instance.outstanding === 0) return;
  let deadline: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    instance.onDrained.add(resolve);
    deadline = setTimeout(resolve, period(millis)).unref();
  });
  clearTimeout(deadline);
}
