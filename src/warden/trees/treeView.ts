import type { Container } from '../../platform/container.ts';
import type { ProcessStat } from '../../platform/platform.ts';
import type { External } from '../../protocol/external.ts';
import type { HistoryPoint } from '../../protocol/figures.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { Health } from '../../protocol/policies.ts';
import type { RunFigures } from '../../protocol/runs.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest, StopStep } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { Figures, Readings } from './meter.ts';

/** What a tree is, for everything that only reads it: snapshots, records, the journal, limits. */
export interface TreeView {
  readonly id: TreeId;
  readonly request: StartRequest;
  /** As a user may see it, without secrets. */
  readonly commandLine: string;
  readonly lifetime: Lifetime;
  readonly state: TreeState;
  /** Why it is in this state, as a clause. */
  readonly reason: Text;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When it was ready for the first time, in milliseconds since 1970; undefined before, and where the warden did not start it. */
  readonly readyAt?: number | undefined;
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
  /** Of one whose runs are kept; see `TreeMetrics`. */
  readonly metrics?: { ofRun(startedAt: number, endedAt: number): RunFigures | undefined };
  readonly probes: { readonly health: Health; readonly unhealthyReason: Text | undefined };
  /** A limit that was reached, as a clause: where that is only to be told, and where it has ended the tree. */
  readonly warning: Text | undefined;
  readonly limit: Text | undefined;
  /** The line that it has printed last, where it waits for a person's answer to that. */
  readonly prompt?: string | undefined;
  /** Whether a client or a limit asked for its end, or it is unknown how it ended. */
  readonly endWasWanted: boolean;
  /** The declared steps of its stop, without the commands that have been run. */
  readonly stopLeft: readonly StopStep[];
  /** Of one that the warden did not start. */
  readonly external?: External | undefined;
}

/** A tree that is looked at regularly. */
export interface ObservedTree extends TreeView {
  /** Takes note of how many members were seen alive. */
  observe(alive: number): void;
  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(at: number, processes: readonly ProcessStat[], readings: Readings): HistoryPoint | undefined;
}

/** Whether it ends with the warden, and is on record: all trees are, but for external ones that are only looked at. */
export function isGuarded({ external }: { readonly external?: External | undefined }): boolean {
  return external === undefined || external.guard === 'guarded';
}
