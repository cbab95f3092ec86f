import { pullFromHuggingFace } from './huggingFace.ts';
import type { Runtime } from './runtime.ts';

/**
 * By its server arguments (docs.sglang.io/docs/advanced_features/server_arguments). It listens when its model is loaded; /health answers 503 until then.
 * It prints the shards that it has loaded as vLLM does: `Loading safetensors checkpoint shards: 50% Completed`, `Multi-thread loading shards: 50% Completed`.
 */
export const sglang: Runtime = {
  title: 'SGLang',
  command: [
    ...(['sglang', 'serve', '--model-path', '${model}', '--host', '127.0.0.1', '--port', '${port}'] as const),
    ...['--served-model-name', '${name}', '--enable-metrics'],
  ],
  context: { args: ['--context-length', '${contextSize}'] },
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'],
  readyPath: '/health',
  metricsPath: '/metrics',
  factRequests: [{ path: '/v1/models' }],
  knownAs: 'name',
  progress: '(\\d+)% Completed',
  pull: pullFromHuggingFace,
  install: 'pip install sglang, in an environment that is in the PATH.',
};
