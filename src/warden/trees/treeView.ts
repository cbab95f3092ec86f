import type { Container } from '../../platform/container.ts';
import type { ProcessStat } from '../../platform/platform.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { Health } from '../../protocol/policies.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { Figures } from './meter.ts';

/** What a tree is, for everything that only reads it: snapshots, records, the journal, limits. */
export interface TreeView {
  readonly id: TreeId;
  readonly request: StartRequest;
  /** As a user may see it, without secrets. */
  readonly commandLine: string;
  readonly lifetime: Lifetime;
  readonly state: TreeState;
  /** Why it is in this state, as a clause. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds since 1970; undefined while a process of it may live. */
  readonly endedAt: number | undefined;
  readonly ended: boolean;
  /** Milliseconds since its start, by a clock that is never put back. */
  readonly runMillis: number;
  /** Undefined before its spawn, and where that has failed. */
  readonly leader: ProcessStat | undefined;
  /** Of the leader; undefined while it lives. */
  readonly exit: ExitStatus | undefined;
  /** Where the one client that may have its stdin and stdout can still connect. */
  readonly rawSocket: string | undefined;
  readonly container: Container;
  readonly output: TreeOutput;
  readonly figures: Figures;
  readonly probes: { readonly health: Health; readonly unhealthyReason: string | undefined };
  /** A limit that was reached, as a clause: where that is only to be told, and where it has ended the tree. */
  readonly warning: string | undefined;
  readonly limit: string | undefined;
  /** Whether a client or a limit asked for its end, or it is unknown how it ended. */
  readonly endWasWanted: boolean;
}
