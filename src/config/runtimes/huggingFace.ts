import type { Pull } from './runtime.ts';

/** For servers that take their models from the cache of huggingface_hub (its guide "Command Line Interface"); `huggingface-cli` is the older name of `hf`. */
export const pullFromHuggingFace: Pull = {
  by: 'command',
  commands: [
    ['hf', 'download', '${model}'],
    ['huggingface-cli', 'download', '${model}'],
  ],
  install: 'They come with huggingface_hub: pip install huggingface_hub.',
};
