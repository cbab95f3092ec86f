/** What a model takes of each resource of the budget. */
import type { KnownMemory, MemoryBudget, MemorySize, ModelMemory } from '../../protocol/modelMemory.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import type { Amounts } from './policy.ts';

/** Names of resources. */
const memory = 'memory';
const allGpus = 'gpus';
const oneGpu = (number: number): string => `gpu ${number}`;
const groupPrefix = 'group ';

/** The resources that models share: memory as it is declared, and a place in each exclusive group. */
export function budgetAmounts({ memoryBytes, gpuMemoryBytes }: MemoryBudget, groups: Iterable<string>): Amounts {
  const amounts = new Map<string, number>();
  if (memoryBytes !== undefined) amounts.set(memory, memoryBytes);
  if (typeof gpuMemoryBytes === 'number') amounts.set(allGpus, gpuMemoryBytes);
  else if (gpuMemoryBytes !== undefined) {
    for (const [number, bytes] of gpuMemoryBytes.entries()) amounts.set(oneGpu(number), bytes);
    amounts.set(
      allGpus,
      gpuMemoryBytes.reduce((sum, bytes) => sum + bytes, 0),
    );
  }
  for (const group of groups) amounts.set(groupPrefix + group, 1);
  return amounts;
}

/**
 * Of one server, by the best that is known: what is declared, what was measured at the last load, what is estimated of its file. Infinity where nothing is.
 * An estimate counts for the GPUs where a budget is declared for those, because the runtimes put there what they can, and for the memory otherwise.
 */
export function sizeOf(
  { memory: declared = {}, estimatedBytes, gpus }: Pick<ModelRequest, 'memory' | 'estimatedBytes' | 'gpus'>,
  measured: MemorySize | undefined,
  { gpuMemoryBytes: gpuBudget }: MemoryBudget,
): ModelMemory {
  const isDeclared = declared.memoryBytes !== undefined || declared.gpuMemoryBytes !== undefined;
  const onGpus = gpuBudget !== undefined && gpus?.numbers.length !== 0;
  const estimated =
    estimatedBytes === undefined ? undefined : { memoryBytes: onGpus ? 0 : estimatedBytes, gpuMemoryBytes: onGpus ? estimatedBytes : 0 };
  // What is declared of one kind of memory is all that there is to say of it where nothing else is known.
  const rest = measured ?? estimated ?? (isDeclared ? nothing : unknown);
  return {
    ...rest,
    ...declared,
    source: isDeclared ? 'declared' : measured ? 'measured' : estimated ? 'estimated' : 'unknown',
  };
}

const nothing: MemorySize = { memoryBytes: 0, gpuMemoryBytes: 0 };
const unknown: MemorySize = { memoryBytes: Number.POSITIVE_INFINITY, gpuMemoryBytes: Number.POSITIVE_INFINITY };

/** The same, for clients; what is not known is left out. */
export function knownMemory(model: Parameters<typeof sizeOf>[0], measured: MemorySize | undefined, budget: MemoryBudget): KnownMemory {
  const { source, memoryBytes, gpuMemoryBytes } = sizeOf(model, measured, budget);
  return {
    ...(Number.isFinite(memoryBytes) && { memoryBytes }),
    ...(Number.isFinite(gpuMemoryBytes) && { gpuMemoryBytes }),
    source,
  };
}

/** Of so many servers together. What runs on another machine takes none of this one's memory. */
export function amountsFor(
  { gpus, exclusive, start }: ModelRequest,
  { memoryBytes, gpuMemoryBytes }: ModelMemory,
  servers: number,
): Amounts {
  const amounts = new Map<string, number>();
  if (servers === 0) return amounts;
  if (exclusive !== undefined) amounts.set(groupPrefix + exclusive, 1);
  if (start?.runner !== undefined) return amounts;
  amounts.set(memory, memoryBytes * servers);
  amounts.set(allGpus, gpuMemoryBytes * servers);
  // The servers share the GPUs of their model.
  const numbers = gpus?.numbers ?? [];
  for (const number of numbers) amounts.set(oneGpu(number), (gpuMemoryBytes * servers) / numbers.length);
  return amounts;
}

/** For people: the kind of memory that it is; undefined where it is a place in an exclusive group. */
export function memoryName(resource: string): string | undefined {
  if (resource === memory) return 'memory';
  if (resource === allGpus) return 'GPU memory';
  return resource.startsWith(groupPrefix) ? undefined : `memory of ${resource.toUpperCase()}`;
}

/** The group whose place it is. */
export function groupName(resource: string): string {
  return resource.slice(groupPrefix.length);
}
