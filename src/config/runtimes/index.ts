import { custom } from './custom.ts';
import { llamaCpp } from './llamaCpp.ts';
import { ollama } from './ollama.ts';
import type { Runtime } from './runtime.ts';
import { vllm } from './vllm.ts';

/** By the names that processes.json has for them. */
export const runtimes = { 'llama.cpp': llamaCpp, ollama, vllm, custom } as const satisfies Record<string, Runtime>;
