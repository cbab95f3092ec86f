import type { ModelLease, ModelRequest } from '../../protocol/models.ts';
import { LongTimer } from '../../protocol/timers.ts';

export interface Kept {
  readonly model: ModelRequest;
  /** The lease that it was declared in. */
  readonly lease: ModelLease;
  /** By performance.now(). */
  readonly until: number;
}

/** Models that stay for a while after the last client that has declared them is gone, as they ask for it. */
export class KeptModels {
  readonly #onExpired: () => void;
  readonly #kept = new Map<string, Kept>();
  #timer: LongTimer | undefined;

  /** @param onExpired The time of at least one of them is over, and it is not one of these any more. */
  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  /** As what they were declared by: without the keys of a client that is gone. */
  get leases(): readonly ModelLease[] {
    return Array.from(this.#kept.values(), ({ model, lease: { lessee, gateway } }) => ({
      lessee,
      models: [model],
      gateway: { port: 0, ...(gateway.memory && { memory: gateway.memory }) },
    }));
  }

  /** The client of this lease is gone. `isKept`: whether a model of it was served, and no other client has declared it. */
  keep(lease: ModelLease, isKept: (name: string) => boolean): void {
    const now = performance.now();
    for (const model of lease.models)
      if (model.keepMillis && isKept(model.name)) this.#kept.set(model.name, { model, lease, until: now + model.keepMillis });
    this.#wait();
  }

  /** A client declares these: from now on they are its own, as far as it can have them served. Answers with those that were kept. */
  handOver(models: readonly ModelRequest[]): readonly Kept[] {
    const kept = models.flatMap(({ name, problem }) => (problem === undefined ? (this.#kept.get(name) ?? []) : []));
    for (const { model } of kept) this.#kept.delete(model.name);
    this.#wait();
    return kept;
  }

  /** Those that were handed over are kept on: it has come to nothing. */
  takeBack(kept: readonly Kept[]): void {
    for (const one of kept) this.#kept.set(one.model.name, one);
    this.#wait();
  }

  #wait(): void {
    this.#timer?.cancel();
    if (this.isEmpty) return;
    const next = Math.min(...Array.from(this.#kept.values(), ({ until }) => until));
    this.#timer = new LongTimer(() => this.#expire(), next - performance.now()).unref();
  }

  #expire(): void {
    const now = performance.now();
    const over = [...this.#kept].filter(([, { until }]) => until <= now);
    for (const [name] of over) this.#kept.delete(name);
    this.#wait();
    if (over.length > 0) this.#onExpired();
  }
}
