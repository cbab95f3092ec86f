import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime } from '../../protocol/identity.ts';
import type { Text } from '../../protocol/texts.ts';
import type { Target } from '../ending/termination.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { TreeEmitter } from './treeEvents.ts';

/** What is known of a tree that another warden has started. */
export interface TreePast {
  readonly startedAt: number;
  readonly commandLine: string;
}

/** What a tree needs of its surroundings. */
export interface TreeContext {
  readonly platform: Platform;
  readonly lifetime: Lifetime;
  readonly output: TreeOutput;
  readonly events: TreeEmitter;
  /** Where a client gets the stdin and stdout of a tree with `stdio: "raw"`. */
  readonly rawSocket: string;
  /**
   * Makes what the tree is to be held by.
   * @throws ContainmentError where this machine does not have it, IsolationError where it cannot isolate.
   */
  contain(): Container | Promise<Container>;
  /** Living members now, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
  /** See {@link Target.aliveSoon}. */
  aliveSoon?(): Promise<readonly ProcessStat[]>;
  /** Resolves when no command of the last run is being run any more for a warden that was killed. */
  readonly cleared: Promise<void>;
  /** Why the kernel has ended members by itself, where it has. */
  limitReached(): Text | undefined;
  /** Why it has failed on its node, where it has. */
  remoteFailure(): Text | undefined;
}
