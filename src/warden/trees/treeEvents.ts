import type { EventEmitter } from 'node:events';
import type { ProcessStat } from '../../platform/platform.ts';
import type { HookCommand } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import type { TreeView } from './treeView.ts';

/** How a command has ended; `problem`: how it has failed, as a clause. */
export interface HookResult {
  readonly command: HookCommand;
  readonly durationMillis: number;
  readonly problem: Text | undefined;
}

/** What happens to the trees of one warden. Listeners are called in the same turn of the event loop, in the order in which they were added. */
export interface TreeEvents {
  /** Commands are run as its members before its leader is spawned. */
  preparing: [tree: TreeView];
  /** Everything is checked; the spawn comes next. */
  spawning: [tree: TreeView];
  /** The leader was spawned. A listener that throws makes the start fail, and the leader is ended. */
  spawned: [tree: TreeView, leader: ProcessStat];
  /** A command of its probes or its hooks was spawned as a child of the warden. */
  childSpawned: [pid: number];
  /** Node has collected the leader, or such a command: its pid is free. */
  collected: [pid: number];
  /** The state, or the reason for it, is another one. */
  stateChanged: [tree: TreeView];
  healthChanged: [tree: TreeView];
  /** It waits for a person's answer, or does not any more. */
  promptChanged: [tree: TreeView];
  /** A step of its stop: all members get this signal now. */
  escalated: [tree: TreeView, signal: NodeJS.Signals];
  /** The process of a command of its hooks has ended; what it has printed last may still be on its way. */
  hookCollected: [tree: TreeView];
  /** A command of its hooks has ended. */
  hookEnded: [tree: TreeView, result: HookResult];
  /** No process of it is left and nothing more will happen. */
  ended: [tree: TreeView];
}

export type TreeEmitter = EventEmitter<TreeEvents>;
