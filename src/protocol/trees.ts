import type { TreeSnapshot } from './snapshot.ts';

/** It runs, or is about to be restarted. */
export function isLive({ endedAt, nextStartAt }: Pick<TreeSnapshot, 'endedAt' | 'nextStartAt'>): boolean {
  return endedAt === undefined || nextStartAt !== undefined;
}

/** Whether its first process was started. Until then, its start may fail, and it is not listed any more then, without an end. */
export function isSpawned({ leader }: Pick<TreeSnapshot, 'leader'>): boolean {
  return leader !== undefined;
}

/** Of one that goes into the background, the first process has ended by then, and its probe says that the others are ready. */
export function isReady({ state, health, endedAt }: Pick<TreeSnapshot, 'state' | 'health' | 'endedAt'>): boolean {
  return state === 'ready' || (state === 'exited' && endedAt === undefined && health === 'healthy');
}

/** Of several wardens that have had a tree of the same name, one that lives counts, else the newest. */
export function newestByName(trees: readonly TreeSnapshot[]): ReadonlyMap<string, TreeSnapshot> {
  const byName = new Map<string, TreeSnapshot>();
  for (const tree of trees) {
    const other = byName.get(tree.name);
    const isOlder = other !== undefined && (isLive(tree) === isLive(other) ? tree.startedAt < other.startedAt : isLive(other));
    if (!isOlder) byName.set(tree.name, tree);
  }
  return byName;
}

/** One word: its state, or what matters more. */
export function stateWord({ state, health, nextStartAt }: TreeSnapshot): string {
  if (nextStartAt !== undefined) return 'restarting';
  return state === 'ready' && health === 'unhealthy' ? 'unhealthy' : state;
}

/** Its state and how it came to it; once, where the one says the other: `ready`, `exited with code 0`, `failed, it was not ready in time`. */
export function stateAndReason({ state, reason }: Pick<TreeSnapshot, 'state' | 'reason'>): string {
  if (reason === '') return state;
  return reason.startsWith(state) ? reason : `${state}, ${reason}`;
}

/** How one has ended, on one line: exit code 0 says no more than the state. */
export function endText({ state, reason, exit }: Pick<TreeSnapshot, 'state' | 'reason' | 'exit'>): string {
  if (state !== 'succeeded') return reason;
  return exit?.code === 0 ? state : `${state}, ${reason}`;
}

/** As people are shown it, and may call it: the first of a pool has the pool's name, and is told from it by its number. */
export function labelOf({ name, pool }: { readonly name: string; readonly pool?: string | undefined }): string {
  return name === pool ? `${name}#1` : name;
}

/** Percent of one core, resident bytes, and bytes on GPUs where they use any. */
export function usedTogether(
  trees: readonly TreeSnapshot[],
): Pick<TreeSnapshot, 'cpuPercent' | 'memoryBytes'> & { readonly gpu?: { readonly memoryBytes: number } } {
  const sum = (of: (tree: TreeSnapshot) => number): number => trees.reduce((total, tree) => total + of(tree), 0);
  const gpuBytes = sum(({ gpu }) => gpu?.memoryBytes ?? 0);
  return {
    cpuPercent: sum(({ cpuPercent }) => cpuPercent),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    ...(gpuBytes > 0 && { gpu: { memoryBytes: gpuBytes } }),
  };
}
