import type { InstanceSnapshot } from '../../protocol/models.ts';
import { instanceName } from '../../spec/resolveSpec.ts';
import type { Launched } from './launcher.ts';

/** The right to send one request to an instance; to be given back when it is answered. */
export interface Lease {
  readonly port: number;
  /** Aborted when the instance has ended, with why. */
  readonly lost: AbortSignal;
  readonly queueMillis: number;
  release(): void;
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
  /** From its start, which takes a moment. */
  starting: Promise<Launched | undefined>;
  launched: Launched | undefined;
  readonly lost: AbortController;
}

export function snapshotOf(model: string, { number, state, outstanding, launched }: Instance): InstanceSnapshot {
  return { name: instanceName(model, number), state, outstanding, ...(launched && { tree: launched.tree, port: launched.port }) };
}
