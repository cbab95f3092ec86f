import type { InstanceSnapshot } from '../../protocol/models.ts';
import { instanceName } from '../../spec/resolveSpec.ts';
import type { Launched } from './launcher.ts';

/** The right to send one request to an instance; to be given back when it is answered. */
export interface Lease {
  readonly port: number;
  /** Aborted when the instance has ended, with why. */
  readonly lost: AbortSignal;
  readonly queueMillis: number;
  /** `outputTokens`: of its answer, where those are known. */
  release(outputTokens?: number): void;
}

/** A request that waits for an instance. */
export interface Waiting {
  readonly since: number;
  readonly key: string | undefined;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
}

/** One server of a model, from its launch on. */
export interface Instance {
  readonly number: number;
  state: 'loading' | 'ready' | 'draining';
  outstanding: number;
  /** That it has answered. */
  requests: number;
  outputTokens: number;
  readonly starting: Promise<Launched>;
  /** When it is started. */
  launched: Launched | undefined;
  /** Resolves when it is ready, or could not be loaded. */
  settled: Promise<void>;
  /** It is drained and is to go; resolves when it is gone. */
  ending: Promise<void> | undefined;
  readonly lost: AbortController;
}

export function snapshotOf(model: string, { number, launched, state, outstanding, requests, outputTokens }: Instance): InstanceSnapshot {
  const counts = { outstanding, requests, outputTokens };
  return { name: instanceName(model, number), state, ...counts, ...(launched && { tree: launched.tree, port: launched.port }) };
}

export function newInstance(number: number, starting: Promise<Launched>): Instance {
  return {
    number,
    state: 'loading',
    outstanding: 0,
    requests: 0,
    outputTokens: 0,
    starting,
    launched: undefined,
    settled: Promise.resolve(),
    ending: undefined,
    lost: new AbortController(),
  };
}

/** It has one request less to answer. */
export function countAnswer(instance: Instance, outputTokens: number): void {
  instance.outstanding--;
  instance.requests++;
  instance.outputTokens += outputTokens;
}

const drainPeriod = 50;

/** Resolves when it has answered all that it was asked, or after so many milliseconds. */
export async function drained(instance: Instance, millis: number): Promise<void> {
  for (const deadline = Date.now() + millis; instance.outstanding > 0 && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, drainPeriod));
}
