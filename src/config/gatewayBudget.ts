import type { MemoryBudget } from '../protocol/modelMemory.ts';
import type { GatewaySpec } from './gatewaySchema.ts';

/** Undefined where nothing is limited. */
export function budgetOf({ memory, gpuMemory }: GatewaySpec): MemoryBudget | undefined {
  if (memory === undefined && gpuMemory === undefined) return undefined;
  return { ...(memory !== undefined && { memoryBytes: memory }), ...(gpuMemory !== undefined && { gpuMemoryBytes: gpuMemory }) };
}
