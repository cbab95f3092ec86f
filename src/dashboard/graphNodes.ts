/** What the graph of dependencies shows of each process; pure. */
import { type GraphNode, lastCriticalPath, startMillis, timesOf } from '../protocol/criticalPath.ts';
import type { GraphProcess } from '../protocol/dashboard.ts';
import type { ModelSnapshot, ModelState } from '../protocol/models.ts';
import { instanceOf, modelDependency } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { newestByName } from '../protocol/trees.ts';

export type NodeState = 'idle' | 'waits' | 'starting' | 'live' | 'succeeded' | 'ended' | 'failed';

export interface DrawnNode extends GraphNode {
  readonly name: string;
  readonly state: NodeState;
  /** How long its last start took, in milliseconds, where that is over. */
  readonly took?: number;
  /** It is one of the chain that made the last start as long as it was. */
  readonly isCritical: boolean;
}

const modelStates: Readonly<Record<ModelState, NodeState>> = {
  cold: 'idle',
  waiting: 'waits',
  loading: 'starting',
  ready: 'live',
  draining: 'live',
  failed: 'failed',
};

/** The processes in their order, and behind them the models that they depend on. */
export function drawnNodes(
  processes: readonly GraphProcess[],
  trees: readonly TreeSnapshot[],
  models: readonly ModelSnapshot[],
): readonly DrawnNode[] {
  const newestOf = newestByPool(trees);
  const nodes = new Map<string, GraphNode & { readonly state: NodeState }>();
  for (const one of processes) {
    const newest = newestOf.get(one.name) ?? [];
    nodes.set(one.name, { ...timed(one.dependsOn, newest), state: stateOf(one, newest) });
  }
  const needed = new Set(processes.flatMap(({ dependsOn }) => dependsOn.map(({ name }) => name)));
  for (const { name: model, state } of models) {
    const name = modelDependency(model);
    if (nodes.has(name) || !needed.has(name)) continue;
    nodes.set(name, { ...timed([], newestOf.get(model) ?? []), state: modelStates[state] });
  }
  const steps = new Set(lastCriticalPath(nodes).map(({ name }) => name));
  return Array.from(nodes, ([name, { dependsOn, state, times }]) => {
    const took = times && startMillis(times);
    return {
      ...{ name, dependsOn, state, isCritical: steps.size > 1 && steps.has(name) },
      ...(times && { times }),
      ...(took !== undefined && { took }),
    };
  });
}

function timed(dependsOn: GraphNode['dependsOn'], trees: readonly TreeSnapshot[]): GraphNode {
  const times = timesOf(trees);
  return { dependsOn, ...(times && { times }) };
}

/** Of each instance the newest, by what they are instances of: a declared process, or a model. */
function newestByPool(trees: readonly TreeSnapshot[]): ReadonlyMap<string, readonly TreeSnapshot[]> {
  const byPool = new Map<string, TreeSnapshot[]>();
  for (const tree of newestByName(trees).values()) {
    const pool = tree.pool ?? instanceOf(tree.name).spec;
    const others = byPool.get(pool);
    if (others) others.push(tree);
    else byPool.set(pool, [tree]);
  }
  return byPool;
}

function stateOf({ waits, failed }: GraphProcess, trees: readonly TreeSnapshot[]): NodeState {
  if (failed || trees.some(({ state }) => state === 'unkillable')) return 'failed';
  const live = trees.filter(({ endedAt }) => endedAt === undefined);
  if (waits && live.length === 0) return 'waits';
  if (live.some(({ state }) => state === 'starting')) return 'starting';
  if (live.length > 0) return 'live';
  if (trees.some(({ state, stopped }) => state === 'failed' && !stopped)) return 'failed';
  if (trees.length > 0 && trees.every(({ state }) => state === 'succeeded')) return 'succeeded';
  return trees.length > 0 ? 'ended' : 'idle';
}
