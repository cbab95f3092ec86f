import { errorText } from '../../protocol/errors.ts';
import { formatBytes, formatDuration } from '../../protocol/format.ts';
import { LinePattern } from '../../protocol/patterns.ts';
import type { Check, Health, Probe, ReadyProbe } from '../../protocol/policies.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { pause } from '../../protocol/timers.ts';
import { ask, type RunCommand } from './checks.ts';
import { LineSearch } from './lineSearch.ts';

export interface ProbeListener {
  readonly run: RunCommand;
  onReady(): void;
  /** {@link Probes.health} is another one. */
  onHealthChanged(): void;
  /** It was not ready in time, or is not alive any more; `why` is a clause. */
  onFailed(why: Text): void;
}

/** Between checks, in milliseconds: until it is ready, from the first to the last, and then. */
const eagerMillis = { first: 50, last: 500 } as const;
const calmMillis = 10_000;

/** Turns results of checks into a verdict, which changes only after a number of equal results in a row. */
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
  /** By the checks whose answer is printed. */
  readonly #searches = new Map<Check, LineSearch>();
  /** Whether the process runs: one on a node may have to wait before it does. */
  #isPlaced: boolean;
  #isReady = false;
  #excusedMillis = 0;
  #health: Health = 'unknown';
  #unhealthyReason: Text | undefined;

  constructor(probes: Pick<StartRequest, 'ready' | 'alive' | 'remote'>, listener: ProbeListener) {
    this.#isPlaced = probes.remote === undefined;
    this.#ready = probes.ready;
    this.#alive = probes.alive;
    this.#listener = listener;
  }

  get health(): Health {
    return this.#health;
  }

  /** The reason why it is unhealthy, as a clause. */
  get unhealthyReason(): Text | undefined {
    return this.#unhealthyReason;
  }

  /** Whether it has to be reported that it is ready. */
  get awaited(): boolean {
    return this.#ready !== undefined || !this.#isPlaced;
  }

  /** @throws RangeError where a pattern cannot be searched for: to be called before the start of what prints. */
  prepare(): void {
    for (const probe of [this.#ready, this.#alive])
      if (probe?.check.by === 'log') this.#searches.set(probe.check, new LineSearch(compile(probe.check.pattern)));
  }

  /** The process runs on its node now, where it did not before. */
  placed(): void {
    if (this.#isPlaced || this.#ending.signal.aborted) return;
    this.#isPlaced = true;
    this.begin();
    if (this.#ready === undefined) this.#listener.onReady();
  }

  begin(): void {
    if (!this.#isPlaced) return;
    const { signal } = this.#ending;
    if (this.#ready === undefined) {
      this.#isReady = true;
      this.#follow(this.#watchLife(signal));
      return;
    }
    this.#follow(this.#awaitReady(this.#ready, signal));
    if (this.#ready.deadlineMillis !== undefined) this.#follow(this.#failAfter(this.#ready.deadlineMillis, signal));
  }

  /** How many milliseconds since the start do not count toward the time by which it has to be ready. */
  excuse(millis: number): void {
    this.#excusedMillis = millis;
  }

  /** To be called with everything that the leader prints, and with how many bytes were not read before it. */
  onOutput(chunk: Buffer, skipped = 0): void {
    for (const search of this.#searches.values()) search.add(chunk, skipped);
  }

  dispose(): void {
    this.#ending.abort();
    for (const check of [...this.#searches.keys()]) this.#endSearch(check);
  }

  /** A probe that fails by itself is no reason for the warden to fail. */
  #follow(checks: Promise<void>): void {
    checks.catch((error: unknown) => this.#setHealth('unhealthy', localizable('cannotBeChecked', errorText(error))));
  }

  #endSearch(check: Check): void {
    this.#searches.get(check)?.dispose();
    this.#searches.delete(check);
  }

  async #awaitReady(probe: ReadyProbe, signal: AbortSignal): Promise<void> {
    const verdict = new Verdict({ ...probe, failureThreshold: 1 });
    await this.#checkOn(probe, signal, (problem) => {
      this.#unhealthyReason = problem;
      return verdict.add(problem === undefined) !== 'healthy';
    });
    if (signal.aborted) return;
    this.#isReady = true;
    // What is printed once is not printed again.
    this.#endSearch(probe.check);
    this.#setHealth('healthy', undefined);
    this.#listener.onReady();
    this.#follow(this.#watchLife(signal));
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
      if (health === 'unhealthy') this.#listener.onFailed(localizable('notAlive', problem ?? ''));
      else if (this.#ready === undefined) this.#setHealth(health, undefined);
      return health !== 'unhealthy';
    });
  }

  async #failAfter(millis: number, signal: AbortSignal): Promise<void> {
    const due = performance.now() + millis;
    for (let left = millis; left > 0; left = due + this.#excusedMillis - performance.now()) {
      await pause(left, signal);
      if (signal.aborted || this.#isReady) return;
    }
    const late = localizable('notReadyAfter', formatDuration(millis));
    this.#listener.onFailed(this.#unhealthyReason === undefined ? late : localizable('because', late, this.#unhealthyReason));
  }

  /** Asks again and again, for as long as the answers are to be followed by more, or until the end. */
  async #checkOn(probe: Probe, signal: AbortSignal, goOn: (problem: Text | undefined) => boolean): Promise<void> {
    const answer = this.#answersTo(probe, signal);
    if (probe.delayMillis > 0) await pause(probe.delayMillis, signal);
    for (let round = 0; !signal.aborted; round++) {
      const problem = await answer();
      if (signal.aborted || !goOn(problem)) return;
      await pause(this.#periodOf(probe, round), signal);
    }
  }

  /** What to call for an answer: what is wrong, as a clause, or undefined. What it prints before it is ready is waited for. */
  #answersTo({ check, timeoutMillis }: Probe, signal: AbortSignal): () => Promise<Text | undefined> {
    if (check.by !== 'log') return () => ask(check, timeoutMillis, this.#listener.run);
    const search = this.#searches.get(check);
    return async () => {
      if (!this.#isReady) await search?.first(signal);
      if (search?.take()) return undefined;
      return search?.skippedBytes
        ? localizable('noLineMatchedOfSearched', check.pattern, formatBytes(search.skippedBytes))
        : localizable('noLineMatched', check.pattern);
    };
  }

  #periodOf({ periodMillis }: Probe, round: number): number {
    if (periodMillis !== undefined) return periodMillis;
    return this.#isReady ? calmMillis : Math.min(eagerMillis.first * 2 ** round, eagerMillis.last);
  }

  #setHealth(health: Health, problem: Text | undefined): void {
    this.#unhealthyReason = health === 'unhealthy' ? (problem ?? this.#unhealthyReason) : undefined;
    if (health === this.#health) return;
    this.#health = health;
    this.#listener.onHealthChanged();
  }
}

function compile(pattern: string): LinePattern {
  try {
    return new LinePattern(pattern);
  } catch (error) {
    throw new RangeError(`The pattern ${pattern} cannot be looked for in its output: it ${(error as RangeError).message}.`);
  }
}
