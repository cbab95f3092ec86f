import type { ModelSnapshot } from './models.ts';

/** `cold`, `loading 40 %`, `ready`, `busy 2/4`, `draining`: what a model does now, in a word or two. */
export function modelStateText({ state, progress, outstanding, capacity }: ModelSnapshot): string {
  if (state === 'loading' && progress !== undefined) return `loading ${Math.round(progress)} %`;
  return state === 'ready' && outstanding > 0 ? `busy ${outstanding}/${capacity}` : state;
}

/** `34.1 tokens/s`; empty where that is not known. */
export function speedText({ statistics: { tokensPerSecond } }: Pick<ModelSnapshot, 'statistics'>): string {
  return tokensPerSecond === undefined ? '' : `${tokensPerSecond.toFixed(1)} tokens/s`;
}
