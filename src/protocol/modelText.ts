import { formatBytes } from './format.ts';
import type { KnownMemory } from './modelMemory.ts';
import type { ModelSnapshot } from './models.ts';

/** `cold`, `loading 40 %`, `downloading 1.2 GB`, `ready`, `busy 2/4`, `draining`: what a model does now, in a word or two. */
export function modelStateText({ state, progress, downloadedBytes, outstanding, capacity }: ModelSnapshot): string {
  const percent = progress === undefined ? '' : `${Math.round(progress)} %`;
  if (state === 'loading' && downloadedBytes !== undefined)
    return ['downloading', formatBytes(downloadedBytes), percent && `(${percent})`].filter(Boolean).join(' ');
  if (state === 'loading' && percent) return `loading ${percent}`;
  return state === 'ready' && outstanding > 0 ? `busy ${outstanding}/${capacity}` : state;
}

/** `remote api.example.com`: what serves the model. */
export function runtimeText({ runtime, remoteHost }: Pick<ModelSnapshot, 'runtime' | 'remoteHost'>): string {
  return remoteHost === undefined ? runtime : `${runtime} ${remoteHost}`;
}

/** `12/1000 requests, 5400/2000000 tokens a month`; empty where it has no budget. */
export function budgetText({ budget }: Pick<ModelSnapshot, 'budget'>): string {
  if (!budget) return '';
  const { requests, tokens, usedRequests, usedTokens, per } = budget;
  const parts = [
    ...(requests === undefined ? [] : [`${usedRequests}/${requests} requests`]),
    ...(tokens === undefined ? [] : [`${usedTokens}/${tokens} tokens`]),
  ];
  return `${parts.join(', ')} a ${per}`;
}

/** `34.1 tokens/s`; empty where that is not known. */
export function speedText({ statistics: { tokensPerSecond } }: Pick<ModelSnapshot, 'statistics'>): string {
  return tokensPerSecond === undefined ? '' : `${tokensPerSecond.toFixed(1)} tokens/s`;
}

/** `6.0 GB`, `about 6.0 GB` by an estimate, `1.2 GB + 6.0 GB GPU`: what a server takes; empty where that is not known. */
export function memoryText({ memoryBytes = 0, gpuMemoryBytes = 0, source }: KnownMemory = { source: 'unknown' }): string {
  const parts = [memoryBytes > 0 && formatBytes(memoryBytes), gpuMemoryBytes > 0 && `${formatBytes(gpuMemoryBytes)} GPU`].filter(Boolean);
  return parts.length > 0 ? `${source === 'estimated' ? 'about ' : ''}${parts.join(' + ')}` : '';
}
