/** Many children may end at once, and a daemon that keeps forking ends them without pause; in milliseconds. */
const childSignalPause = 20;
/**
 * How often members are looked up while nobody watches, in milliseconds: whoever sheds every mark is known by having been
 * seen before. A look costs a tenth of a millisecond.
 */
const usualMillis = 1000;
/** Every so many of those are thorough: what members have forked from their other threads is found, and remembered. */
const thoroughEvery = 5;
/** When a new tree is looked at, in milliseconds: by the first, a shell has started what it is to start. */
const firstLooks = [10, 25, 50, 100, 250, 500] as const;
/** By which of those there are figures to show. */
const firstFigures = 50;

export interface RoundsParts {
  look(): void;
  /** With figures. */
  lookThoroughly(): void;
  /** Whether there is anybody to look for. */
  anybody(): boolean;
  /** How often somebody needs figures, in milliseconds; undefined where nobody does. */
  intervalMillis(): number | undefined;
}

/** When the warden looks who is there, by itself. */
export class Rounds {
  readonly #parts: RoundsParts;
  readonly #first = new Set<NodeJS.Timeout>();
  #next: NodeJS.Timeout | undefined;
  #afterChildren: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
    this.#schedule();
    // An adopted child has ended, or one of ours: either way somebody's members have changed.
    process.on('SIGCHLD', this.#onChildSignal);
  }

  /** Somebody new is there; `figures` is called when the first ones can be told. */
  greet(figures: () => void): void {
    for (const millis of firstLooks) {
      const timer = setTimeout(() => {
        this.#first.delete(timer);
        if (millis === firstFigures) figures();
        else this.#parts.look();
      }, millis);
      this.#first.add(timer);
    }
    this.#schedule();
  }

  dispose(): void {
    process.off('SIGCHLD', this.#onChildSignal);
    for (const timer of [...this.#first, this.#next, this.#afterChildren]) clearTimeout(timer);
  }

  readonly #onChildSignal = (): void => {
    this.#afterChildren ??= setTimeout(() => {
      this.#afterChildren = undefined;
      this.#parts.look();
    }, childSignalPause);
  };

  #schedule(): void {
    clearTimeout(this.#next);
    const interval = this.#parts.intervalMillis();
    this.#next = setTimeout(() => {
      if (this.#parts.anybody()) {
        if (interval !== undefined || ++this.#count % thoroughEvery === 0) this.#parts.lookThoroughly();
        else this.#parts.look();
      }
      this.#schedule();
    }, interval ?? usualMillis);
  }
}
