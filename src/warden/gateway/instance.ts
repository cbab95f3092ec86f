import type { Pool } from 'undici';
import type { InstanceSnapshot } from '../../protocol/models.ts';
import { instanceName } from '../../spec/resolveSpec.ts';
import type { Launched } from './launcher.ts';
import { Statistics } from './modelStatistics.ts';

/** One server of a model, from its launch on. */
export interface Instance {
  readonly number: number;
  state: 'loading' | 'ready' | 'draining';
  /** What its probe says of it, since it was ready. */
  isHealthy: boolean;
  outstanding: number;
  readonly statistics: Statistics;
  readonly starting: Promise<Launched>;
  /** When it is started. */
  launched: Launched | undefined;
  connections: Pool | undefined;
  /** Resolves when it is ready, or could not be loaded. */
  settled: Promise<void>;
  /** Why it could not. */
  failure: Error | undefined;
  /** It is drained and is to go; resolves when it is gone. */
  ending: Promise<void> | undefined;
  readonly lost: AbortController;
}

export function snapshotOf(model: string, instance: Instance): InstanceSnapshot {
  const { number, launched, isHealthy, outstanding, statistics } = instance;
  const state = instance.state === 'ready' && !isHealthy ? 'unhealthy' : instance.state;
  return {
    name: instanceName(model, number),
    state,
    outstanding,
    statistics: statistics.snapshot(),
    ...(launched && { tree: launched.tree, port: launched.port }),
  };
}

export function newInstance(number: number, starting: Promise<Launched>): Instance {
  return {
    number,
    state: 'loading',
    isHealthy: true,
    outstanding: 0,
    statistics: new Statistics(),
    starting,
    launched: undefined,
    connections: undefined,
    failure: undefined,
    settled: Promise.resolve(),
    ending: undefined,
    lost: new AbortController(),
  };
}

const drainPeriod = 50;

/** Resolves when it has answered all that it was asked, or after so many milliseconds. */
export async function drained(instance: Instance, millis: number): Promise<void> {
  for (const deadline = Date.now() + millis; instance.outstanding > 0 && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, drainPeriod));
}
