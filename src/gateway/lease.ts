import type { Dispatcher } from 'undici';
import type { TreeId } from '../protocol/identity.ts';
import type { Answered } from './modelStatistics.ts';

/** The right to send one request to an instance; to be given back when it is answered. */
export interface Lease {
  readonly connections: Dispatcher;
  /** Aborted when the instance has ended, with why. */
  readonly lost: AbortSignal;
  readonly queueMillis: number;
  /** Of those, the ones in which the instance was being loaded. */
  readonly loadMillis: number;
  /** Its tree; undefined where it is elsewhere. */
  readonly server: TreeId | undefined;
  /** `answered`: what has become of the request; absent where nothing has that is to be counted. */
  release(answered?: Answered): void;
}

/** A request that waits for an instance. */
export interface Waiting {
  readonly since: number;
  readonly key: string | undefined;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
}
