import { pullFromHuggingFace } from './huggingFace.ts';
import type { Runtime } from './runtime.ts';

export const vllm: Runtime = {
  title: 'vLLM',
  command: ['vllm', 'serve', '${model}', '--host', '127.0.0.1', '--port', '${port}', '--served-model-name', '${name}'],
  context: { args: ['--max-model-len', '${contextSize}'] },
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'],
  readyPath: '/health',
  metricsPath: '/metrics',
  factRequests: [{ path: '/v1/models' }],
  knownAs: 'name',
  progress: '(\\d+)% Completed',
  pull: pullFromHuggingFace,
  install: 'pip install vllm, in an environment that is in the PATH.',
};
