import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime } from '../../protocol/identity.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { TreeEmitter } from './treeEvents.ts';

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
   * @throws ContainmentError where this machine does not have it.
   */
  contain(): Container;
  /** Living members now, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
  /** Why the kernel has ended members by itself, where it has. */
  limitReached(): string | undefined;
}
