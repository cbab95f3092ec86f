import { custom } from './custom.ts';
import { llamaCpp } from './llamaCpp.ts';
import { mlx } from './mlx.ts';
import { ollama } from './ollama.ts';
import type { Runtime } from './runtime.ts';
import { sglang } from './sglang.ts';
import { stableDiffusionCpp } from './stableDiffusionCpp.ts';
import { vllm } from './vllm.ts';
import { whisperCpp } from './whisperCpp.ts';

/** By the names that processes.json has for them. */
export const runtimes = {
  'llama.cpp': llamaCpp,
  ollama,
  vllm,
  sglang,
  mlx,
  'whisper.cpp': whisperCpp,
  'stable-diffusion.cpp': stableDiffusionCpp,
  custom,
} as const satisfies Record<string, Runtime>;
