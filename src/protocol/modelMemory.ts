/** How much memory models take, and how much all of them together may. */

/** Of one server, in bytes. */
export interface MemorySize {
  /** Of the machine: of its whole tree, resident. */
  readonly memoryBytes: number;
  /** Of all GPUs together; 0 where it uses none, or the driver does not report it. */
  readonly gpuMemoryBytes: number;
}

/** What the servers of a model took when it was loaded last. */
export interface MeasuredMemory {
  /** The most, while it was loaded. */
  readonly peak: MemorySize;
  /** When it was loaded. */
  readonly settled: MemorySize;
}

/** The highest rank of a model; the lowest one is its negative. */
export const maxRank = 1000;

/** How the memory of one server is known; Infinity where it is not. */
export interface ModelMemory extends MemorySize {
  readonly source: 'declared' | 'measured' | 'estimated' | 'unknown';
}

/** As a snapshot has it, of one server. */
export interface KnownMemory extends Partial<MemorySize> {
  readonly source: ModelMemory['source'];
}

/** Memory that all models together may take, in bytes; what is absent is not limited. */
export interface MemoryBudget {
  readonly memoryBytes?: number;
  /** Of all GPUs together, or of each, in the order of their numbers. */
  readonly gpuMemoryBytes?: number | readonly number[];
}

/** Which of two budgets' limits count where both are declared: the smaller ones. */
export function smallerBudget(one: MemoryBudget | undefined, other: MemoryBudget | undefined): MemoryBudget | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const memoryBytes = least(one.memoryBytes, other.memoryBytes);
  const gpuMemoryBytes = leastOfGpus(one.gpuMemoryBytes, other.gpuMemoryBytes);
  return { ...(memoryBytes !== undefined && { memoryBytes }), ...(gpuMemoryBytes !== undefined && { gpuMemoryBytes }) };
}

function leastOfGpus(one: MemoryBudget['gpuMemoryBytes'], other: MemoryBudget['gpuMemoryBytes']): MemoryBudget['gpuMemoryBytes'] {
  if (one === undefined || other === undefined) return one ?? other;
  if (typeof one === 'number' || typeof other === 'number') return sum(one) <= sum(other) ? one : other;
  return Array.from({ length: Math.max(one.length, other.length) }, (_, index) => least(one[index], other[index]) ?? 0);
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function sum(bytes: number | readonly number[]): number {
  return typeof bytes === 'number' ? bytes : bytes.reduce((total, one) => total + one, 0);
}
