import type { Runtime } from './runtime.ts';

/** Any command that serves OpenAI's API at `${port}`. */
export const custom: Runtime = {
  title: 'custom',
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'],
  readyPath: '/v1/models',
  factRequests: [{ path: '/v1/models' }],
  knownAs: 'name',
};
