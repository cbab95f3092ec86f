import type { Runtime } from './runtime.ts';

/**
 * By the README of whisper.cpp (examples/server). It listens when its model is loaded, and has no list of models. Transcriptions are at the path of OpenAI's
 * API; it takes WAV files, and others with `--convert`.
 */
export const whisperCpp: Runtime = {
  title: 'whisper.cpp',
  command: [
    ...(['whisper-server', '--host', '127.0.0.1', '--port', '${port}', '--model', '${model}'] as const),
    ...['--inference-path', '/v1/audio/transcriptions'],
  ],
  gpuVariables: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'],
  readyPath: '/',
  knownAs: 'name',
  install: 'It comes with whisper.cpp: brew install whisper-cpp, or a build from github.com/ggml-org/whisper.cpp.',
};
