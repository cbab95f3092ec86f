import type { EventEmitter } from 'node:events';
import type { ProcessStat } from '../../platform/platform.ts';
import type { TreeView } from './treeView.ts';

/** What happens to the trees of one warden. Listeners are called in the same turn of the event loop, in the order in which they were added. */
export interface TreeEvents {
  /** Everything is checked; the spawn comes next. */
  spawning: [tree: TreeView];
  /** The leader was spawned. A listener that throws makes the start fail, and the leader is ended. */
  spawned: [tree: TreeView, leader: ProcessStat];
  /** A probe's command was spawned as a child of the warden. */
  childSpawned: [pid: number];
  /** Node has collected the leader, or a probe's command: its pid is free. */
  collected: [pid: number];
  /** The state, or the reason for it, is another one. */
  stateChanged: [tree: TreeView];
  healthChanged: [tree: TreeView];
  /** A step of its stop: all members get this signal now. */
  escalated: [tree: TreeView, signal: NodeJS.Signals];
  /** No process of it is left and nothing more will happen. */
  ended: [tree: TreeView];
}

export type TreeEmitter = EventEmitter<TreeEvents>;
