import type { TreeSnapshot } from './messages.ts';

/** It runs, or is about to be started again. */
export function isLive({ endedAt, nextStartAt }: Pick<TreeSnapshot, 'endedAt' | 'nextStartAt'>): boolean {
  return endedAt === undefined || nextStartAt !== undefined;
}

/** One word: its state, or what matters more. */
export function stateWord({ state, health, nextStartAt }: TreeSnapshot): string {
  if (nextStartAt !== undefined) return 'restarting';
  return state === 'ready' && health === 'unhealthy' ? 'unhealthy' : state;
}

/** Percent of one core, and resident bytes. */
export function usedTogether(trees: readonly TreeSnapshot[]): Pick<TreeSnapshot, 'cpuPercent' | 'memoryBytes'> {
  return {
    cpuPercent: trees.reduce((sum, tree) => sum + tree.cpuPercent, 0),
    memoryBytes: trees.reduce((sum, tree) => sum + tree.memoryBytes, 0),
  };
}
