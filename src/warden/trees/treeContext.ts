import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime } from '../../protocol/messages.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { Tree } from './tree.ts';

/** What a tree needs of its surroundings. */
export interface TreeContext {
  readonly platform: Platform;
  readonly lifetime: Lifetime;
  readonly output: TreeOutput;
  /**
   * Makes what the tree is to be held by.
   * @throws ContainmentError where this machine does not have it.
   */
  contain(): Container;
  /** Living members now, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
  /** Why the kernel has ended members by itself, where it has. */
  limitReached(): string | undefined;
  /** Everything is checked; the spawn comes next. */
  onSpawning(): void;
  /** The leader was spawned; called in the same turn of the event loop. */
  onSpawned(leader: ProcessStat): void;
  /** A probe's command was spawned; called in the same turn of the event loop. */
  onCommandSpawned(pid: number): void;
  /** Node has collected the leader, or a probe's command: its pid is free. */
  onCollected(pid: number): void;
  onStateChanged(tree: Tree): void;
  onHealthChanged(tree: Tree): void;
  /** A step of its stop: everybody gets this signal now. */
  onEscalated(signal: NodeJS.Signals): void;
  /** Nobody is left and nothing more will happen. */
  onEnded(tree: Tree): void;
}
