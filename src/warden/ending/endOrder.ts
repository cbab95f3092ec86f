import type { StopStep } from '../../protocol/startRequest.ts';
import { stopMillis } from '../../protocol/stopSteps.ts';
import { LongTimer } from '../../protocol/timers.ts';

/** How an end is to be fitted among others. */
export interface EndTurn {
  /** Its steps: it waits for others no longer than these take. */
  readonly steps: readonly StopStep[];
  /** It waits for nothing. */
  readonly now: boolean;
}

/**
 * Lets what depends on a name end before the name itself does, where both are being ended. A wait is as long as the name's own stop sequence at most, so
 * that the end of all takes no longer than twice the longest of their sequences, however long the chain is.
 */
export class EndOrder {
  /** Names of all that depends on a name, however indirectly. */
  readonly #dependentsOf: (name: string) => ReadonlySet<string>;
  readonly #ending = new Map<string, Set<Promise<unknown>>>();

  constructor(dependentsOf: (name: string) => ReadonlySet<string>) {
    this.#dependentsOf = dependentsOf;
  }

  /** Resolves, or rejects, as `end` does, which is called in its turn: at once where nothing that depends on the name is being ended. */
  async inTurn(name: string, { steps, now }: EndTurn, end: () => Promise<void>): Promise<void> {
    const before = now ? [] : [...this.#dependentsOf(name)].flatMap((dependent) => [...(this.#ending.get(dependent) ?? [])]);
    const ended = before.length === 0 ? end() : within(Promise.allSettled(before), stopMillis(steps)).then(end);
    const ending = this.#ending.get(name) ?? new Set();
    this.#ending.set(name, ending.add(ended));
    try {
      await ended;
    } finally {
      ending.delete(ended);
      if (ending.size === 0 && this.#ending.get(name) === ending) this.#ending.delete(name);
    }
  }
}

async function within(work: Promise<unknown>, millis: number): Promise<void> {
  let timer: LongTimer | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = new LongTimer(resolve, millis);
    }),
  ]);
  timer?.cancel();
}
