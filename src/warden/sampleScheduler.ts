import { performance } from 'node:perf_hooks';
import { FirstFigures } from './firstFigures.ts';

/** Delay of the look after a SIGCHLD, in milliseconds: many children may end at once, and a daemon that keeps forking ends them without pause. */
const childSignalDelayMillis = 20;
/**
 * Interval of the membership census while no client watches, in milliseconds: a process that sheds every mark is known by having been
 * seen before. A census costs a tenth of a millisecond.
 */
const idleIntervalMillis = 1000;
/** One in this many idle censuses is thorough: it finds, and remembers, what members have forked from threads other than their main one. */
const thoroughEvery = 5;
/** Delays of the first samples of a new tree, in milliseconds: by the first, a shell has started its command. */
const initialDelaysMillis = [10, 25, 50, 100, 250, 500] as const;
/** Those of trees that start within this time of each other are taken together, in milliseconds. */
const togetherMillis = 10;
/** Between two of them there is so many times the time that the last one took: what starts many trees at once is not held up by looks at all of them. */
const restFactor = 9;
const maxRestMillis = 500;

export interface SampleSchedulerParts {
  /** Updates the membership only. Resolves when that is done; never rejects. */
  census(): Promise<void>;
  /** Updates the membership thoroughly, and reads figures. */
  sample(): void;
  /** Reads the first figures of new trees; as `census` does. */
  sampleNew(): Promise<void>;
  /** Whether there is any tree to sample. */
  hasTrees(): boolean;
  /** Sampling interval in milliseconds; undefined where no client needs figures. */
  intervalMillis(): number | undefined;
}

/** Decides when the warden samples its trees on its own initiative: periodically, after a SIGCHLD, and soon after a start. */
export class SampleScheduler {
  readonly #parts: SampleSchedulerParts;
  /** Initial samples by their time, in units of {@link togetherMillis}. */
  readonly #initial = new Map<number, NodeJS.Timeout>();
  readonly #firstFigures = new FirstFigures();
  /** No initial sample begins before, in milliseconds of the monotonic clock. */
  #restUntil = 0;
  #next: NodeJS.Timeout | undefined;
  #afterChildren: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(parts: SampleSchedulerParts) {
    this.#parts = parts;
    this.#schedule();
    // An adopted child has ended, or one of the warden's own: either way the members of a tree have changed.
    process.on('SIGCHLD', this.#onChildSignal);
  }

  /** Schedules the first samples of a new tree. */
  scheduleInitialSamples(): void {
    this.#firstFigures.started(performance.now());
    for (const millis of initialDelaysMillis) this.#scheduleInitial(millis);
    this.#schedule();
  }

  #scheduleInitial(millis: number): void {
    const now = performance.now();
    const slot = Math.ceil((now + millis) / togetherMillis);
    if (this.#initial.has(slot)) return;
    this.#initial.set(
      slot,
      setTimeout(() => this.#takeInitial(slot), slot * togetherMillis - now),
    );
  }

  #takeInitial(slot: number): void {
    this.#initial.delete(slot);
    const now = performance.now();
    const early = this.#restUntil - now;
    if (early > 0) this.#scheduleInitial(early);
    else void this.#look(this.#firstFigures.take(now));
  }

  async #look(readsFigures: boolean): Promise<void> {
    const begun = performance.now();
    await (readsFigures ? this.#parts.sampleNew() : this.#parts.census());
    const now = performance.now();
    this.#restUntil = now + Math.min(maxRestMillis, restFactor * (now - begun));
  }

  dispose(): void {
    process.off('SIGCHLD', this.#onChildSignal);
    for (const timer of this.#initial.values()) clearTimeout(timer);
    for (const timer of [this.#next, this.#afterChildren]) clearTimeout(timer);
  }

  readonly #onChildSignal = (): void => {
    this.#afterChildren ??= setTimeout(() => {
      this.#afterChildren = undefined;
      void this.#parts.census();
    }, childSignalDelayMillis);
  };

  #schedule(): void {
    clearTimeout(this.#next);
    const interval = this.#parts.intervalMillis();
    this.#next = setTimeout(() => {
      if (this.#parts.hasTrees()) {
        if (interval !== undefined || ++this.#count % thoroughEvery === 0) this.#parts.sample();
        else void this.#parts.census();
      }
      this.#schedule();
    }, interval ?? idleIntervalMillis);
  }
}
