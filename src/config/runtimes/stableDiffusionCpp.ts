import type { Runtime } from './runtime.ts';

/**
 * By README and api.md of stable-diffusion.cpp (examples/server). It listens when its model is loaded, and calls that `sd-cpp-local` whatever it is asked for.
 * The model is a whole one in one file; one of several parts (`--diffusion-model`, `--vae`) is a matter of the runtime "custom".
 */
export const stableDiffusionCpp: Runtime = {
  title: 'stable-diffusion.cpp',
  command: ['sd-server', '--listen-ip', '127.0.0.1', '--listen-port', '${port}', '--model', '${model}'],
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'],
  readyPath: '/v1/models',
  knownAs: 'name',
  install: 'It comes with stable-diffusion.cpp: a release from github.com/leejet/stable-diffusion.cpp.',
};
