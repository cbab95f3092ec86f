import type { Runtime } from './runtime.ts';

/** One server for each model, so that it is the warden who decides when a model goes; the models are Ollama's own. */
export const ollama: Runtime = {
  title: 'Ollama',
  command: ['ollama', 'serve'],
  env: { OLLAMA_HOST: '127.0.0.1:${port}', OLLAMA_KEEP_ALIVE: '-1' },
  context: { env: { OLLAMA_CONTEXT_LENGTH: '${contextSize}' } },
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'],
  readyPath: '/api/version',
  factRequests: [{ path: '/api/show', body: { model: '${model}' } }, { path: '/api/ps' }],
  knownAs: 'model',
  loadRequest: {
    path: '/api/generate',
    body: { model: '${model}', keep_alive: -1 },
    whenMissing: 'Fetch it by: ollama pull ${model}',
  },
  pull: { by: 'request', path: '/api/pull', body: { model: '${model}', stream: true } },
  install: 'See ollama.com/download; then ollama pull fetches the model.',
};
