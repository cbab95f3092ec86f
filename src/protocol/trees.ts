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
