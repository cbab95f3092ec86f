/**
 * Which models are loaded when all of them do not fit: the same requests to six models in 24 GB, by what decides in the gateway, in a time that passes as fast as it is
 * computed. Beside the budget of memory: the least recently used of as many as always fit, and groups as people declare them for llama-swap.
 *   node test/bench/eviction.ts [REQUESTS] [SEED]      default: 2000 1
 */
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Admission, SizedMember } from '../../src/gateway/admission/admission.ts';
import { ExclusiveGroup } from '../../src/gateway/admission/exclusiveGroup.ts';
import { MemoryAdmission } from '../../src/gateway/admission/memoryAdmission.ts';
import type { ModelRequest } from '../../src/protocol/models.ts';
import { randomFrom } from '../support/random.ts';
import { printTable } from '../support/table.ts';

const [, , requests = '2000', seed = '1'] = process.argv;
const gigabyte = 2 ** 30;
const budget = 24 * gigabyte;

/** Gigabytes of each model, seconds of its usual answer. */
const models = {
  chat: { size: 14, answer: 12 },
  coder: { size: 9, answer: 6 },
  vision: { size: 7, answer: 5 },
  small: { size: 5, answer: 2 },
  rerank: { size: 2, answer: 0.3 },
  embed: { size: 1.5, answer: 0.2 },
} as const;
type Name = keyof typeof models;
const names = Object.keys(models) as Name[];

/** What people do for a while, and which models that asks. */
const sessions: readonly { readonly weight: number; readonly asks: readonly Name[]; readonly pause: number }[] = [
  // An agent that writes code and searches in it.
  { weight: 4, asks: ['coder', 'embed', 'rerank', 'coder', 'small'], pause: 4 },
  { weight: 3, asks: ['chat'], pause: 40 },
  // Completion while a person types.
  { weight: 3, asks: ['small'], pause: 3 },
  { weight: 1, asks: ['vision', 'chat'], pause: 20 },
  // An index of documents.
  { weight: 1, asks: ['embed', 'embed', 'embed', 'rerank'], pause: 1 },
];

interface Asked {
  /** Seconds. */
  readonly at: number;
  readonly model: Name;
  readonly answer: number;
}

/** Requests of two people at once, in sessions of a few minutes. */
function trace(count: number, random: () => number): Asked[] {
  const asked: Asked[] = [];
  // One for each part of the weight.
  const weighted = sessions.flatMap((session) => Array.from({ length: session.weight }, () => session));
  for (const person of [0, 1]) {
    let at = person * 30;
    while (asked.filter((one) => one.at < at).length < count && asked.length < 2 * count) {
      const session = weighted[Math.floor(random() * weighted.length)];
      if (!session) break;
      const length = 5 + Math.floor(random() * 30);
      for (let request = 0; request < length; request++) {
        const model = session.asks[request % session.asks.length] ?? 'small';
        // Answers are of very different lengths.
        asked.push({ at, model, answer: models[model].answer * (0.3 + 2 * random() * random()) });
        at += session.pause * (0.5 + random());
      }
      at += 60 * random();
    }
  }
  return asked.sort((one, other) => one.at - other.at).slice(0, count);
}

/** Seconds that a load takes: a gigabyte a second, and the start of the server. */
const loadSeconds = (name: Name): number => 2 + models[name].size;
const unloadSeconds = 1;
const maxConcurrent = 4;

interface Waiting extends Asked {
  readonly isHit: boolean;
}

/** A model that takes its time, and counts. */
class SimulatedModel implements SizedMember {
  readonly name: Name;
  readonly model: ModelRequest;
  readonly #admission: Admission<SizedMember> | undefined;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  readonly expected = 1;
  readonly isRetired = false;
  readonly isUnloading = false;
  listed = 0;
  outstanding = 0;
  askedAt = Number.NEGATIVE_INFINITY;
  isReady = false;
  loads = 0;
  readonly waits: number[] = [];
  hits = 0;

  constructor(name: Name, keys: Partial<ModelRequest>, admission: Admission<SizedMember> | undefined, clock: Clock) {
    this.name = name;
    this.model = { name, start: {}, ...keys } as ModelRequest;
    this.#admission = admission;
    this.#clock = clock;
  }

  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  get isLoading(): boolean {
    return this.listed > 0 && !this.isReady;
  }

  get #mayAnswer(): boolean {
    return this.#admission?.mayAnswer(this) ?? true;
  }

  ask(asked: Asked): void {
    this.askedAt = asked.at;
    this.#waiting.push({ ...asked, isHit: this.isReady && this.#mayAnswer });
    if (this.#admission && !this.#mayAnswer) this.#admission.want(this);
    else if (this.listed === 0) this.#load();
    this.#dispatch();
  }

  begin(): void {
    if (this.listed === 0) this.#load();
    this.#dispatch();
  }

  async releaseMemory(): Promise<void> {
    this.isReady = false;
    await this.#clock.pass(unloadSeconds);
    this.listed = 0;
    this.#admission?.leave(this);
  }

  fail(error: Error): void {
    throw error;
  }

  #load(): void {
    this.listed = 1;
    this.loads++;
    void this.#clock.pass(loadSeconds(this.name)).then(() => {
      this.isReady = true;
      this.#dispatch();
      this.#admission?.settle();
    });
  }

  #dispatch(): void {
    while (this.isReady && this.#mayAnswer && this.outstanding < maxConcurrent) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.outstanding++;
      this.waits.push(this.#clock.now - next.at);
      if (next.isHit) this.hits++;
      void this.#clock.pass(next.answer).then(() => {
        this.outstanding--;
        this.#dispatch();
        this.#admission?.settle();
      });
    }
  }
}

/** Seconds, of which a step takes no longer than what is done in it. */
class Clock {
  now = 0;
  readonly #due: { readonly at: number; readonly resolve: () => void }[] = [];

  pass(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#due.push({ at: this.now + seconds, resolve });
      this.#due.sort((one, other) => one.at - other.at);
    });
  }

  get isIdle(): boolean {
    return this.#due.length === 0;
  }

  /** To the next thing that is due, but a second at most: the turns of the gateway end in between. */
  async step(until: number): Promise<void> {
    const next = Math.max(this.now, Math.min(until, this.#due[0]?.at ?? until, this.now + 1));
    mock.timers.tick(Math.round(next * 1000) - Math.round(this.now * 1000));
    this.now = next;
    while ((this.#due[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) this.#due.shift()?.resolve();
    await turn();
  }
}

interface Strategy {
  readonly name: string;
  /** What decides on each model; undefined: it is always loaded. */
  admissions(): Readonly<Record<Name, Admission<SizedMember> | undefined>>;
  /** What is declared of a model. */
  keysOf(name: Name): Partial<ModelRequest>;
}

function sameForAll(admission: Admission<SizedMember>): Record<Name, Admission<SizedMember>> {
  return Object.fromEntries(names.map((name) => [name, admission])) as Record<Name, Admission<SizedMember>>;
}

function budgeted(memoryBytes: number): MemoryAdmission {
  const admission = new MemoryAdmission();
  admission.update({ memoryBytes }, new Map());
  return admission;
}

/** The most models of which any combination fits. */
const safeCount = names.findIndex((_, count) => {
  const largest = names.map((name) => models[name].size).sort((one, other) => other - one);
  return largest.slice(0, count + 1).reduce((sum, size) => sum + size, 0) * gigabyte > budget;
});

const sizeOf = (name: Name): Partial<ModelRequest> => ({ memory: { memoryBytes: models[name].size * gigabyte } });
const countOf = (): Partial<ModelRequest> => ({ memory: { memoryBytes: 1 } });
const isHelper = (name: Name): boolean => name === 'embed' || name === 'rerank';

const strategies: readonly Strategy[] = [
  { name: 'memory budget', admissions: () => sameForAll(budgeted(budget)), keysOf: sizeOf },
  {
    name: 'memory budget, embed and rerank pinned',
    admissions: () => sameForAll(budgeted(budget)),
    keysOf: (name) => ({ ...sizeOf(name), ...(isHelper(name) && { isPinned: true }) }),
  },
  { name: `least recently used of ${safeCount} models`, admissions: () => sameForAll(budgeted(safeCount)), keysOf: countOf },
  { name: 'one group, one model at a time', admissions: () => sameForAll(new ExclusiveGroup()), keysOf: countOf },
  {
    name: 'group of the large ones, others always loaded',
    admissions: () => ({ ...sameForAll(new ExclusiveGroup()), embed: undefined, rerank: undefined, small: undefined }),
    keysOf: countOf,
  },
];

async function simulate({ name, admissions, keysOf }: Strategy, asked: readonly Asked[]): Promise<string[]> {
  const clock = new Clock();
  const decides = admissions();
  const pools = new Map(names.map((one) => [one, new SimulatedModel(one, keysOf(one), decides[one], clock)]));
  for (const request of asked) {
    while (clock.now < request.at) await clock.step(request.at);
    pools.get(request.model)?.ask(request);
    await turn();
  }
  while (!clock.isIdle || [...pools.values()].some(({ isWanted }) => isWanted)) await clock.step(Number.POSITIVE_INFINITY);
  for (const admission of new Set(Object.values(decides))) admission?.dispose();
  const all = [...pools.values()];
  const waits = all.flatMap((pool) => pool.waits).sort((one, other) => one - other);
  if (waits.length !== asked.length) throw new Error(`${name}: ${waits.length} of ${asked.length} requests were answered`);
  const sum = (of: (pool: SimulatedModel) => number): number => all.reduce((total, pool) => total + of(pool), 0);
  const loads = sum((pool) => pool.loads);
  const at = (share: number): string => `${(waits[Math.floor(share * (waits.length - 1))] ?? 0).toFixed(1)} s`;
  return [
    name,
    `${((100 * sum((pool) => pool.hits)) / asked.length).toFixed(1)} %`,
    String(loads - all.filter(({ listed }) => listed > 0).length),
    `${Math.round(sum((pool) => pool.loads * loadSeconds(pool.name)) / 60)} min`,
    `${(waits.reduce((total, wait) => total + wait, 0) / waits.length).toFixed(1)} s`,
    at(0.95),
    at(1),
  ];
}

mock.timers.enable({ apis: ['setTimeout'] });
const asked = trace(Number(requests), randomFrom(Number(seed)));
const rows: string[][] = [];
for (const strategy of strategies) rows.push(await simulate(strategy, asked));
const hours = ((asked.at(-1)?.at ?? 0) / 3600).toFixed(1);
printTable(
  `${asked.length} requests in ${hours} h to six models (${names.map((name) => `${name} ${models[name].size}`).join(', ')} GB) in 24 GB, seed ${seed}`,
  ['What decides', 'Found loaded', 'Unloads', 'Time spent loading', 'Mean wait', '95 % wait less than', 'Longest wait'],
  rows,
);
