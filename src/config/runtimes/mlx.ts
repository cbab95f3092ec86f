import { pullFromHuggingFace } from './huggingFace.ts';
import type { Runtime } from './runtime.ts';

/**
 * By its SERVER.md (mlx_lm). /health answers before the model is loaded, so a completion of one token stands for the load. It has no option for the size of
 * the context, and lists all models in the cache, not the one that it serves. The GPU is the only one.
 */
export const mlx: Runtime = {
  title: 'MLX',
  command: ['mlx_lm.server', '--model', '${model}', '--host', '127.0.0.1', '--port', '${port}'],
  gpuVariables: [],
  readyPath: '/health',
  knownAs: 'model',
  loadRequest: { path: '/v1/completions', body: { model: '${model}', prompt: '.', max_tokens: 1 } },
  pull: pullFromHuggingFace,
  install: 'pip install mlx-lm, in an environment that is in the PATH (macOS on Apple silicon).',
};
