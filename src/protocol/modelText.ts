import { formatBytes } from './format.ts';
import type { ModelSnapshot } from './models.ts';

/** `cold`, `loading 40 %`, `downloading 1.2 GB`, `ready`, `busy 2/4`, `draining`: what a model does now, in a word or two. */
export function modelStateText({ state, progress, downloadedBytes, outstanding, capacity }: ModelSnapshot): string {
  const percent = progress === undefined ? '' : `${Math.round(progress)} %`;
  if (state === 'loading' && downloadedBytes !== undefined)
    return ['downloading', formatBytes(downloadedBytes), percent && `(${percent})`].filter(Boolean).join(' ');
  if (state === 'loading' && percent) return `loading ${percent}`;
  return state === 'ready' && outstanding > 0 ? `busy ${outstanding}/${capacity}` : state;
}

/** `34.1 tokens/s`; empty where that is not known. */
export function speedText({ statistics: { tokensPerSecond } }: Pick<ModelSnapshot, 'statistics'>): string {
  return tokensPerSecond === undefined ? '' : `${tokensPerSecond.toFixed(1)} tokens/s`;
}
