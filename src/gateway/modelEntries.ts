/** Models as `/v1/models` lists them: with what clients of llama-server, vLLM, Ollama and OpenRouter look for. */
import type { ModelFacts } from '../protocol/modelFacts.ts';
import type { KnownMemory } from '../protocol/modelMemory.ts';
import type { ModelSnapshot, ModelState } from '../protocol/models.ts';

/** As llama-server's router has them. */
const statuses: Readonly<Record<ModelState, 'loaded' | 'loading' | 'unloaded'>> = {
  cold: 'unloaded',
  waiting: 'loading',
  loading: 'loading',
  ready: 'loaded',
  draining: 'unloaded',
  failed: 'unloaded',
};

/** The model, and each of its variants, which have names of their own. */
export function modelEntries(snapshot: ModelSnapshot): object[] {
  const { name, aliases, description, variants = [] } = snapshot;
  const shared = sharedFields(snapshot);
  return [
    { id: name, ...shared, aliases, ...(description !== undefined && { description }) },
    ...variants.map((variant) => ({
      id: variant.name,
      ...shared,
      parent: name,
      ...(variant.description !== undefined && { description: variant.description }),
    })),
  ];
}

function sharedFields({ state, reason, memory, facts = {} }: ModelSnapshot): object {
  return {
    object: 'model',
    created: 0,
    owned_by: 'tree-warden',
    status: { value: statuses[state], ...(state === 'failed' && { failed: true, reason }) },
    ...factFields(facts),
    ...memoryFields(memory),
  };
}

/** Of one server; where the figures come from is told as well. */
function memoryFields({ memoryBytes, gpuMemoryBytes, source }: KnownMemory = { source: 'unknown' }): object {
  if (memoryBytes === undefined && gpuMemoryBytes === undefined) return {};
  return {
    memory: {
      ...(memoryBytes !== undefined && { bytes: memoryBytes }),
      ...(gpuMemoryBytes !== undefined && { gpu_bytes: gpuMemoryBytes }),
      source,
    },
  };
}

function factFields({ contextSize, trainedContext, capabilities, sizeBytes }: ModelFacts): object {
  const meta = {
    ...(contextSize !== undefined && { n_ctx: contextSize }),
    ...(trainedContext !== undefined && { n_ctx_train: trainedContext }),
    ...(sizeBytes !== undefined && { size: sizeBytes }),
  };
  return {
    ...(contextSize !== undefined && { context_length: contextSize, max_model_len: contextSize }),
    ...(Object.keys(meta).length > 0 && { meta }),
    ...(capabilities !== undefined && { capabilities }),
    ...(sizeBytes !== undefined && { size: sizeBytes }),
  };
}
