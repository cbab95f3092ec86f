import type { TreeId } from '../../protocol/identity.ts';
import type { MeasuredMemory, MemorySize } from '../../protocol/modelMemory.ts';
import type { ServedModel } from '../../protocol/models.ts';
import { memoryKey } from './memoryKey.ts';

export interface MemoryMeterParts {
  /** What the tree takes now, and has taken at most; undefined where that cannot be read, or it has ended. Never rejects. */
  read(tree: TreeId): Promise<MeasuredMemory | undefined>;
  /** Hears of what a server of this model takes, when that has changed. `key`: of the model, see {@link memoryKey}. */
  onMeasured(key: string, model: ServedModel, measured: MeasuredMemory): void;
}

/** Time from when a server is ready until it has settled, in milliseconds: what the loading took is given back by then. A GPU's driver is asked every two seconds. */
const settleMillis = 2500;
/** Interval of the readings, in milliseconds. */
const readMillis = 5000;
/** By how much a figure has to change to be told and kept, as a part of it. */
const noteworthy = 0.02;

/** A server that is being measured. */
export interface MeasuredServer {
  /** It has loaded its model. */
  ready(): void;
  /** It has ended. */
  end(): void;
}

/** Measures what servers of models take while they are loaded, and when they are. */
export class MemoryMeter {
  readonly #parts: MemoryMeterParts;
  /** What is done at each reading, of each server. */
  readonly #looks = new Set<() => void>();
  /** Present while there are servers. One for all: what is read of a machine at one moment is read once. */
  #reading: NodeJS.Timeout | undefined;

  constructor(parts: MemoryMeterParts) {
    this.#parts = parts;
  }

  /** Follows a server until its end. */
  follow(model: ServedModel, tree: TreeId): MeasuredServer {
    const key = memoryKey(model);
    let peak: MemorySize = { memoryBytes: 0, gpuMemoryBytes: 0 };
    let told: MeasuredMemory | undefined;
    let isSettled = false;
    let hasEnded = false;
    let settling: NodeJS.Timeout | undefined;
    const look = async (): Promise<void> => {
      const taken = await this.#parts.read(tree);
      if (taken === undefined || hasEnded) return;
      peak = larger(peak, taken.peak);
      const measured = { peak, settled: taken.settled };
      // One that is just ending has no memory for a moment.
      if (!isSettled || taken.settled.memoryBytes === 0 || (told && !differs(told, measured))) return;
      told = measured;
      this.#parts.onMeasured(key, model, measured);
    };
    const read = (): void => void look();
    this.#looks.add(read);
    this.#reading ??= setInterval(() => this.#readAll(), readMillis);
    return {
      ready: () => {
        // It takes the most just before it is ready, or some time after.
        void look();
        settling = setTimeout(() => {
          isSettled = true;
          void look();
        }, settleMillis);
      },
      end: () => {
        hasEnded = true;
        clearTimeout(settling);
        this.#looks.delete(read);
        if (this.#looks.size > 0) return;
        clearInterval(this.#reading);
        this.#reading = undefined;
      },
    };
  }

  #readAll(): void {
    for (const look of this.#looks) look();
  }
}

function larger(one: MemorySize, other: MemorySize): MemorySize {
  return {
    memoryBytes: Math.max(one.memoryBytes, other.memoryBytes),
    gpuMemoryBytes: Math.max(one.gpuMemoryBytes, other.gpuMemoryBytes),
  };
}

function differs(one: MeasuredMemory, other: MeasuredMemory): boolean {
  const isOther = (before: number, now: number): boolean => Math.abs(now - before) > noteworthy * Math.max(before, now);
  return (['peak', 'settled'] as const).some(
    (when) => isOther(one[when].memoryBytes, other[when].memoryBytes) || isOther(one[when].gpuMemoryBytes, other[when].gpuMemoryBytes),
  );
}
