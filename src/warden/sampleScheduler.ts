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
/** The one of them that reads figures. */
const firstFiguresMillis = 50;

export interface SampleSchedulerParts {
  /** Updates the membership only. */
  census(): void;
  /** Updates the membership thoroughly, and reads figures. */
  sample(): void;
  /** Whether there is any tree to sample. */
  hasTrees(): boolean;
  /** Sampling interval in milliseconds; undefined where no client needs figures. */
  intervalMillis(): number | undefined;
}

/** Decides when the warden samples its trees on its own initiative: periodically, after a SIGCHLD, and soon after a start. */
export class SampleScheduler {
  readonly #parts: SampleSchedulerParts;
  readonly #initial = new Set<NodeJS.Timeout>();
  #next: NodeJS.Timeout | undefined;
  #afterChildren: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(parts: SampleSchedulerParts) {
    this.#parts = parts;
    this.#schedule();
    // An adopted child has ended, or one of the warden's own: either way the members of a tree have changed.
    process.on('SIGCHLD', this.#onChildSignal);
  }

  /** Schedules the first samples of a new tree; `readFigures` is called at the one that reads figures. */
  scheduleInitialSamples(readFigures: () => void): void {
    for (const millis of initialDelaysMillis) {
      const timer = setTimeout(() => {
        this.#initial.delete(timer);
        if (millis === firstFiguresMillis) readFigures();
        else this.#parts.census();
      }, millis);
      this.#initial.add(timer);
    }
    this.#schedule();
  }

  dispose(): void {
    process.off('SIGCHLD', this.#onChildSignal);
    for (const timer of [...this.#initial, this.#next, this.#afterChildren]) clearTimeout(timer);
  }

  readonly #onChildSignal = (): void => {
    this.#afterChildren ??= setTimeout(() => {
      this.#afterChildren = undefined;
      this.#parts.census();
    }, childSignalDelayMillis);
  };

  #schedule(): void {
    clearTimeout(this.#next);
    const interval = this.#parts.intervalMillis();
    this.#next = setTimeout(() => {
      if (this.#parts.hasTrees()) {
        if (interval !== undefined || ++this.#count % thoroughEvery === 0) this.#parts.sample();
        else this.#parts.census();
      }
      this.#schedule();
    }, interval ?? idleIntervalMillis);
  }
}
