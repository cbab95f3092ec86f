import { createHash } from 'node:crypto';
import type { ServedModel } from '../../protocol/models.ts';

/**
 * Under what the memory of a model is kept: what decides on it, whatever its name is. Its environment may say how many layers are on a GPU, and hold secrets, so all
 * of it is hashed.
 */
export function memoryKey({ runtime, upstreamName, start, gpus, facts = {}, loadRequest }: ServedModel): string {
  const { argv, env, runner } = start;
  const text = JSON.stringify([
    runtime,
    // Of servers that are told by the name what to load.
    loadRequest && upstreamName,
    argv,
    Object.entries(env).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    gpus?.numbers,
    facts.contextSize,
    facts.sizeBytes,
    runner,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
