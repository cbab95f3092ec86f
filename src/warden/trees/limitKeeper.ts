import { formatBytes } from '../../protocol/format.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { LogRotation } from '../../protocol/logRotation.ts';
import type { LimitAction } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { LongTimer } from '../../protocol/timers.ts';
import { joinedBy } from './joining.ts';
import { actionFor, type LimitName, LimitWatch } from './limits.ts';
import type { TreeView } from './treeView.ts';

/** What one warden lets all of its trees take up together. */
export interface WindowLimits {
  readonly maxTrees: number;
  /** 0: as many as the machine bears. */
  readonly maxProcesses: number;
  /** For trees whose spec has no time limit of its own, in milliseconds; 0: none. */
  readonly timeMillis: number;
  /** For trees whose spec does not say how much of their output is kept; absent: the default. */
  readonly log?: LogRotation;
}

export const defaultWindowLimits: WindowLimits = { maxTrees: 100, maxProcesses: 0, timeMillis: 0 };

export type ActOnLimit = (tree: TreeView, action: LimitAction, limit: LimitName, reason: Text) => void;

/** A tree that multiplies is looked at more often than one that grows, in milliseconds. */
const multiplyingMillis = 250;
const growingMillis = 1000;

/** Holds the trees of a warden to their limits. */
export class LimitKeeper {
  readonly #window: WindowLimits;
  readonly #act: ActOnLimit;
  readonly #watches = new Map<TreeId, LimitWatch>();
  readonly #timers = new Map<TreeId, LongTimer>();

  constructor(window: WindowLimits, act: ActOnLimit) {
    this.#window = window;
    this.#act = act;
  }

  /** To be called in the same turn as the spawn of the leader. */
  add(tree: TreeView): void {
    const { limits, onLimit } = tree.request;
    if (limits === undefined) return;
    const watch = new LimitWatch(limits, onLimit, tree.container);
    watch.begin();
    this.#watches.set(tree.id, watch);
    if (limits.timeMillis === undefined) return;
    this.#timers.set(tree.id, new LongTimer(() => this.#checkTree(tree), limits.timeMillis - tree.runMillis));
  }

  remove(tree: TreeId): void {
    this.#timers.get(tree)?.cancel();
    this.#timers.delete(tree);
    this.#watches.delete(tree);
  }

  /** Sampling interval that the limits need, in milliseconds; undefined where sampling would find nothing. */
  get intervalMillis(): number | undefined {
    const watches = [...this.#watches.values()];
    if (this.#window.maxProcesses > 0 || watches.some((watch) => watch.countsProcesses)) return multiplyingMillis;
    return watches.some((watch) => watch.needsLooking) ? growingMillis : undefined;
  }

  /** Why the kernel has ended members of this tree by itself; undefined where it has not. */
  causeOfDeath(tree: TreeId): Text | undefined {
    return this.#watches.get(tree)?.memoryBreach()?.reason;
  }

  /** To be called with fresh figures of the trees that have not ended. */
  check(running: readonly TreeView[]): void {
    for (const tree of running) this.#checkTree(tree, joinedBy(tree, running));
    this.#checkWindow(running);
  }

  /** `joined`: those that have joined it, and count toward its limits. */
  #checkTree(tree: TreeView, joined: readonly TreeView[] = []): void {
    const all = [tree, ...joined];
    // What a cgroup has used is of all that is in it already.
    const cpu = tree.container.cpuMillis() === undefined ? all : [tree];
    const breach = this.#watches.get(tree.id)?.check({
      memoryBytes: all.reduce((sum, { figures }) => sum + figures.memoryBytes, 0),
      cpuPercent: cpu.reduce((sum, { figures }) => sum + figures.cpuPercent, 0),
      processes: all.reduce((sum, one) => sum + countAlive(one), 0),
      runMillis: tree.runMillis,
    });
    if (breach) this.#act(tree, actionFor(breach.limit, tree.request.onLimit), breach.limit, breach.reason);
  }

  /** The biggest pays for all: it is most likely the one that runs away. */
  #checkWindow(running: readonly TreeView[]): void {
    const { maxProcesses } = this.#window;
    const total = running.reduce((sum, tree) => sum + countAlive(tree), 0);
    if (maxProcesses === 0 || total <= maxProcesses) return;
    const biggest = running.reduce((a, b) => (countAlive(b) > countAlive(a) ? b : a));
    if (biggest.state === 'stopping') return;
    const { memoryBytes } = biggest.figures;
    const reason = localizable('windowProcessLimit', maxProcesses, countAlive(biggest), formatBytes(memoryBytes));
    this.#act(biggest, 'kill', 'processes', reason);
  }
}

function countAlive({ figures }: TreeView): number {
  return figures.members.length - figures.zombies;
}
