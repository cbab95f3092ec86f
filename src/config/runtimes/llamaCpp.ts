import type { Runtime } from './runtime.ts';

/** By its README (tools/server). While it loads, /health answers 503. */
export const llamaCpp: Runtime = {
  title: 'llama.cpp',
  command: ['llama-server', '--host', '127.0.0.1', '--port', '${port}', '--alias', '${name}', '--metrics'],
  modelArguments: { file: ['--model', '${model}'], name: ['--hf-repo', '${model}'] },
  context: { args: ['--ctx-size', '${contextSize}'] },
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'],
  readyPath: '/health',
  metricsPath: '/metrics',
  factRequests: [{ path: '/v1/models' }, { path: '/props' }],
  knownAs: 'name',
  promptOption: '--slot-save-path',
  // One dot for each percent, or fewer where a tensor is larger than that.
  progress: '^(\\.+)$',
  // llama-server and llama-cli download a model only to load it.
  pull: {
    by: 'command',
    commands: [['llama', 'download', '--hf-repo', '${model}']],
    install: 'The program llama comes with releases of llama.cpp from 2026 on; an older llama-server downloads a model when it is loaded.',
  },
  install: 'It comes with llama.cpp: brew install llama.cpp, winget install llama.cpp, or a release from github.com/ggml-org/llama.cpp.',
};
