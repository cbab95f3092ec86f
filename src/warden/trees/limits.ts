/** What happens when a tree takes up more than its spec allows. The kernel holds what it can; the rest is seen by looking. */
import type { Container, KernelLimits, LimitEvents } from '../../platform/container.ts';
import { formatBytes, formatDuration } from '../../protocol/format.ts';
import type { LimitAction, Limits } from '../../protocol/startRequest.ts';
import { type Localizable, localizable } from '../../protocol/texts.ts';

export type LimitName = 'memory' | 'processes' | 'cpu' | 'time';

export interface Breach {
  readonly limit: LimitName;
  /** A clause for people: "its memory limit of 1 GB was reached (1.2 GB)". */
  readonly reason: Localizable;
}

/** What a look at the tree has shown. */
export interface LimitReading {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly cpuPercent: number;
  /** Time since the start, in milliseconds. */
  readonly runMillis: number;
}

/** A runaway process is killed; one that only takes too long is stopped with its grace; high CPU use only raises an alert. */
const defaultActions: Readonly<Record<LimitName, LimitAction>> = { memory: 'kill', processes: 'kill', cpu: 'warn', time: 'stop' };

/** Time over the CPU limit before it counts as a breach, in milliseconds: a busy moment is none. */
const cpuBreachMillis = 10_000;
/** How much too early a timer may fire, in milliseconds. */
const timerSlack = 5;

export function actionFor(limit: LimitName, chosen: LimitAction | undefined): LimitAction {
  return chosen ?? defaultActions[limit];
}

/** Checks the limits of one tree. Each limit that is reached is reported once. */
export class LimitWatch {
  readonly #limits: Limits;
  readonly #container: Pick<Container, 'limit' | 'limitEvents'>;
  readonly #onLimit: LimitAction | undefined;
  readonly #reported = new Set<LimitName>();
  #held: ReadonlySet<keyof KernelLimits> = new Set();
  #busySince: number | undefined;

  constructor(limits: Limits, onLimit: LimitAction | undefined, container: Pick<Container, 'limit' | 'limitEvents'>) {
    this.#limits = limits;
    this.#onLimit = onLimit;
    this.#container = container;
  }

  /** To be called as soon as the leader is there: before, the warden itself would be held by them. */
  begin(): void {
    const { memoryBytes, processes, cpuCores } = this.#limits;
    // The kernel can only kill or refuse; who wants to be warned wants neither.
    const warned = (limit: LimitName): boolean => actionFor(limit, this.#onLimit) === 'warn';
    this.#held = new Set(
      this.#container.limit({
        ...(memoryBytes !== undefined && !warned('memory') && { memoryBytes }),
        ...(processes !== undefined && !warned('processes') && { processes }),
        ...(cpuCores !== undefined && { cpuCores }),
      }),
    );
  }

  /** Whether figures are to be read for it; a time limit has its own timer. */
  get needsLooking(): boolean {
    const { memoryBytes, processes, cpuCores } = this.#limits;
    return [memoryBytes, processes, cpuCores].some((limit) => limit !== undefined);
  }

  /** Whether processes are to be counted, because the kernel does not do it. */
  get countsProcesses(): boolean {
    return this.#limits.processes !== undefined && !this.#held.has('processes');
  }

  /** The first limit that has been reached and not been reported before. */
  check(reading: LimitReading): Breach | undefined {
    const breach = [...this.#breaches(reading)].find(({ limit }) => !this.#reported.has(limit));
    if (breach) this.#reported.add(breach.limit);
    return breach;
  }

  /** Why the kernel has ended members by itself; undefined where it has not. */
  memoryBreach(): Breach | undefined {
    return memoryKill(this.#limits, this.#container.limitEvents());
  }

  *#breaches({ memoryBytes, processes, cpuPercent, runMillis }: LimitReading): Generator<Breach> {
    const limits = this.#limits;
    const events = this.#held.size > 0 ? this.#container.limitEvents() : undefined;
    const killed = events && memoryKill(limits, events);
    if (killed) yield killed;
    if (limits.memoryBytes !== undefined && memoryBytes > limits.memoryBytes && !this.#held.has('memoryBytes'))
      yield { limit: 'memory', reason: localizable('memoryLimit', formatBytes(limits.memoryBytes), formatBytes(memoryBytes)) };
    if (limits.processes !== undefined && (processes > limits.processes || (events?.refusedForks ?? 0) > 0))
      yield { limit: 'processes', reason: localizable('processLimit', limits.processes) };
    if (limits.timeMillis !== undefined && runMillis >= limits.timeMillis - timerSlack)
      yield { limit: 'time', reason: localizable('timeLimit', formatDuration(limits.timeMillis)) };
    if (limits.cpuCores !== undefined && !this.#held.has('cpuCores') && this.#isBusy(cpuPercent, limits.cpuCores, runMillis))
      yield { limit: 'cpu', reason: localizable('cpuLimit', limits.cpuCores, formatDuration(cpuBreachMillis)) };
  }

  #isBusy(cpuPercent: number, cores: number, now: number): boolean {
    if (cpuPercent <= cores * 100) {
      this.#busySince = undefined;
      return false;
    }
    this.#busySince ??= now;
    return now - this.#busySince >= cpuBreachMillis;
  }
}

function memoryKill({ memoryBytes }: Limits, { memoryKills }: LimitEvents): Breach | undefined {
  if (memoryBytes === undefined || memoryKills === 0) return undefined;
  return { limit: 'memory', reason: localizable('memoryLimitByKernel', formatBytes(memoryBytes)) };
}
