import { setTimeout as wait } from 'node:timers/promises';
import { formatDuration } from '../../protocol/format.ts';
import type { Health, Probe, ReadyProbe } from '../../protocol/policies.ts';
import { ask, type RunCommand } from './checks.ts';
import { LineSearch } from './lineSearch.ts';

export interface ProbeListener {
  readonly run: RunCommand;
  onReady(): void;
  /** {@link Probes.health} is another one. */
  onHealthChanged(): void;
  /** It was not ready in time, or is not alive any more; `why` is a clause. */
  onFailed(why: string): void;
}

/** Between checks, in milliseconds: until it is ready, from the first to the last, and then. */
const eagerMillis = { first: 50, last: 500 } as const;
const calmMillis = 10_000;

/** Turns checks into a verdict: it changes only when so many in a row say so. */
export class Verdict {
  readonly #probe: Pick<Probe, 'failureThreshold' | 'successThreshold'>;
  #inRow = 0;
  #last: boolean | undefined;
  #health: Health;

  constructor(probe: Pick<Probe, 'failureThreshold' | 'successThreshold'>, health: Health = 'unknown') {
    this.#probe = probe;
    this.#health = health;
  }

  /** Takes note of one check; answers with the verdict, which may be the same as before. */
  add(well: boolean): Health {
    this.#inRow = well === this.#last ? this.#inRow + 1 : 1;
    this.#last = well;
    const { failureThreshold, successThreshold } = this.#probe;
    if (this.#inRow >= (well ? successThreshold : failureThreshold)) this.#health = well ? 'healthy' : 'unhealthy';
    return this.#health;
  }
}

/** Asks a tree whether it is ready, and from then on whether it is well. */
export class Probes {
  readonly #ready: ReadyProbe | undefined;
  readonly #alive: Probe | undefined;
  readonly #listener: ProbeListener;
  readonly #ending = new AbortController();
  readonly #searches: LineSearch[] = [];
  #isReady = false;
  #health: Health = 'unknown';
  #illness: string | undefined;

  constructor(probes: { readonly ready?: ReadyProbe; readonly alive?: Probe }, listener: ProbeListener) {
    this.#ready = probes.ready;
    this.#alive = probes.alive;
    this.#listener = listener;
  }

  get health(): Health {
    return this.#health;
  }

  /** Why it is unhealthy, as a clause. */
  get illness(): string | undefined {
    return this.#illness;
  }

  /** Whether somebody has to say that it is ready. */
  get awaited(): boolean {
    return this.#ready !== undefined;
  }

  begin(): void {
    const { signal } = this.#ending;
    if (this.#ready === undefined) {
      this.#isReady = true;
      void this.#watchLife(signal);
      return;
    }
    void this.#awaitReady(this.#ready, signal);
    if (this.#ready.deadlineMillis !== undefined) void this.#limitPatience(this.#ready.deadlineMillis, signal);
  }

  /** What it prints. */
  heard(chunk: Buffer): void {
    for (const search of this.#searches) search.add(chunk);
  }

  dispose(): void {
    this.#ending.abort();
    this.#searches.length = 0;
  }

  async #awaitReady(probe: ReadyProbe, signal: AbortSignal): Promise<void> {
    const verdict = new Verdict({ ...probe, failureThreshold: 1 });
    await this.#checkOn(probe, signal, (problem) => {
      this.#illness = problem;
      return verdict.add(problem === undefined) !== 'healthy';
    });
    if (signal.aborted) return;
    this.#isReady = true;
    this.#setHealth('healthy', undefined);
    this.#listener.onReady();
    void this.#watchLife(signal);
    // What is printed once is not printed again.
    if (probe.check.by === 'log') return;
    const later = new Verdict(probe, 'healthy');
    await this.#checkOn({ ...probe, delayMillis: this.#periodOf(probe, 0) }, signal, (problem) => {
      this.#setHealth(later.add(problem === undefined), problem);
      return true;
    });
  }

  async #watchLife(signal: AbortSignal): Promise<void> {
    const probe = this.#alive;
    if (probe === undefined) return;
    const verdict = new Verdict(probe);
    // It has to have the time to print something.
    const delayMillis = probe.check.by === 'log' ? Math.max(probe.delayMillis, this.#periodOf(probe, 0)) : probe.delayMillis;
    await this.#checkOn({ ...probe, delayMillis }, signal, (problem) => {
      const health = verdict.add(problem === undefined);
      if (health === 'unhealthy') this.#listener.onFailed(`not alive: ${problem}`);
      else if (this.#ready === undefined) this.#setHealth(health, undefined);
      return health !== 'unhealthy';
    });
  }

  async #limitPatience(millis: number, signal: AbortSignal): Promise<void> {
    await wait(millis, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted || this.#isReady) return;
    const why = this.#illness === undefined ? '' : `: ${this.#illness}`;
    this.#listener.onFailed(`not ready after ${formatDuration(millis)}${why}`);
  }

  /** Asks again and again, for as long as the answers are to be followed by more, or until the end. */
  async #checkOn(probe: Probe, signal: AbortSignal, goOn: (problem: string | undefined) => boolean): Promise<void> {
    const pause = (millis: number): Promise<unknown> => wait(millis, undefined, { signal, ref: false }).catch(() => undefined);
    const answer = this.#answersTo(probe, signal);
    if (probe.delayMillis > 0) await pause(probe.delayMillis);
    for (let round = 0; !signal.aborted; round++) {
      const problem = await answer();
      if (signal.aborted || !goOn(problem)) return;
      await pause(this.#periodOf(probe, round));
    }
  }

  /** What to call for an answer: what is wrong, as a clause, or undefined. What it prints before it is ready is waited for. */
  #answersTo({ check, timeoutMillis }: Probe, signal: AbortSignal): () => Promise<string | undefined> {
    if (check.by !== 'log') return () => ask(check, timeoutMillis, this.#listener.run);
    const search = new LineSearch(check.pattern);
    this.#searches.push(search);
    return async () => {
      if (!this.#isReady) await search.first(signal);
      return search.take() ? undefined : `no line of its output has had ${check.pattern}`;
    };
  }

  #periodOf({ periodMillis }: Probe, round: number): number {
    if (periodMillis !== undefined) return periodMillis;
    return this.#isReady ? calmMillis : Math.min(eagerMillis.first * 2 ** round, eagerMillis.last);
  }

  #setHealth(health: Health, problem: string | undefined): void {
    this.#illness = health === 'unhealthy' ? (problem ?? this.#illness) : undefined;
    if (health === this.#health) return;
    this.#health = health;
    this.#listener.onHealthChanged();
  }
}
