/** Models whose servers are loaded, scaled, unloaded, declared anew and killed in random orders. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Models } from '../../../src/gateway/models.ts';
import type { ModelRequest } from '../../../src/protocol/models.ts';
import { FakeLauncher, type Odds } from '../../support/fakeLauncher.ts';
import { randomFrom } from '../../support/random.ts';

const runs = Number(process.env['TREE_WARDEN_RUNS'] ?? 25);
const operations = 60;
/** What is asked of a model is answered or refused within so many milliseconds: all fakes together take a small part of it. */
const longestWait = 20_000;

const names = ['a', 'b', 'c', 'd'];
/** What a server of each takes where memory is limited. */
const bytesOf: Readonly<Record<string, number>> = { a: 2, b: 3, c: 5, d: 1 };

function modelOf(name: string, changes: Partial<ModelRequest> = {}): ModelRequest {
  return {
    name,
    aliases: [],
    runtime: 'fake',
    start: { name, argv: ['fake'], cwd: '/', env: {}, stdio: 'pipes', stop: [], whenLeaderExits: 'kill', containment: 'auto' },
    instances: 1,
    ttlMillis: 0,
    preload: false,
    maxQueue: 100,
    maxConcurrent: 2,
    concurrencyLimit: 0,
    affinity: false,
    upstreamName: name,
    ...changes,
  };
}

class Trial {
  readonly #random: () => number;
  readonly #budget: number | undefined;
  readonly #isBudgetSteady: boolean;
  readonly launcher: FakeLauncher;
  readonly models: Models;
  readonly #gone = new Set<string>();
  /** What is still being asked for. */
  readonly #pending = new Map<Promise<unknown>, string>();

  /** @param isBudgetSteady Whether all declarations have the budget; otherwise, some have none. */
  constructor(seed: number, odds: Odds, budget: number | undefined, isBudgetSteady = true) {
    this.#random = randomFrom(seed);
    this.#budget = budget;
    this.#isBudgetSteady = isBudgetSteady;
    this.launcher = new FakeLauncher(this.#random, odds);
    this.launcher.budget = budget;
    this.models = new Models({
      launcher: this.launcher,
      alert: () => undefined,
      turnMillis: 5,
      descriptors: 1024,
    });
  }

  async run(): Promise<void> {
    await this.declare();
    for (let operation = 0; operation < operations; operation++) {
      this.#operate();
      await this.#turns(8);
      this.#checkListed();
    }
    // From here on nothing fails by itself.
    this.launcher.odds = { noLaunch: 0, noLoad: 0, noEnd: 0 };
    await this.#allSettled();
    // One that is under way since before that may still fail.
    await Promise.allSettled(this.models.all.map(({ name }) => this.models.unload(name, true)));
    await Promise.all(this.models.all.map(({ name }) => this.models.unload(name, true)));
    // One that could not be ended before is ended when its name is wanted again.
    await this.#declareAs(names.map((name) => modelOf(name)));
    // The first may hear of what has failed before.
    await Promise.allSettled(names.map((name) => this.models.load(name)));
    await Promise.all(names.map((name) => this.models.load(name)));
    await Promise.all(names.map((name) => this.models.unload(name, true)));
    assert.deepEqual(
      this.launcher.servers.map(({ name }) => name),
      [],
      'these servers outlive everything that could end them',
    );
  }

  async declare(): Promise<void> {
    if (!this.#isBudgetSteady) this.launcher.budget = this.#random() < 0.5 ? this.#budget : undefined;
    const declared = names.filter(() => this.#random() < 0.8);
    const requests = declared.map((name) => {
      const group = ['x', 'x', 'y', undefined][Math.floor(this.#random() * 4)];
      return modelOf(name, {
        instances: 1 + Math.floor(this.#random() * 3),
        preload: this.#random() < 0.2,
        ...(group !== undefined && { exclusive: group }),
        ...(this.launcher.budget !== undefined && { memory: { memoryBytes: bytesOf[name] ?? 0 }, rank: Math.floor(this.#random() * 2) }),
      });
    });
    for (const { name, model } of this.models.all) {
      const next = requests.find((request) => request.name === name);
      if (next?.exclusive !== model.exclusive || !next || !this.#isBudgetSteady) this.#gone.add(name);
    }
    await this.#declareAs(requests);
  }

  async #declareAs(models: readonly ModelRequest[]): Promise<void> {
    const { budget } = this.launcher;
    await this.models.declare({ models, gateway: { port: 0, ...(budget !== undefined && { memory: { memoryBytes: budget } }) } });
  }

  #operate(): void {
    const { all } = this.models;
    const pool = all[Math.floor(this.#random() * all.length)];
    const { servers } = this.launcher;
    const server = servers[Math.floor(this.#random() * servers.length)];
    const chance = this.#random();
    if (!pool || chance < 0.05) this.#follow('declare', this.declare());
    else if (chance < 0.2) this.#follow('load', this.models.load(pool.name, 1 + Math.floor(this.#random() * 3)));
    else if (chance < 0.25) this.#follow('load', this.models.load(pool.name));
    else if (chance < 0.35) this.#follow('unload', this.models.unload(pool.name, this.#random() < 0.5));
    else if (chance < 0.5) server?.die({ reason: 'was killed by SIGKILL', wanted: this.#random() < 0.2 });
    else if (chance < 0.6 && server?.tree) this.#follow('restart', this.models.restart(server.tree));
    else this.#follow('request', this.#ask(pool.name));
  }

  async #ask(name: string): Promise<void> {
    const leaving = new AbortController();
    const patience = this.#random() < 0.3 ? this.#turns(20).then(() => leaving.abort(new Error('the client has gone'))) : undefined;
    const lease = await this.models.find(name)?.acquire(leaving.signal);
    const owner = this.launcher.servers.find(({ model }) => model === name);
    assert.ok(!lease || lease.lost.aborted || owner, `a server of ${name} answers that is not there`);
    await this.#turns(10);
    await patience;
    lease?.release();
  }

  /** Every server is listed, unless its model is not declared any more, or as another one. */
  #checkListed(): void {
    const listed = new Set(this.models.snapshots().flatMap(({ instances }) => instances.map(({ name }) => name)));
    for (const { name, model } of this.launcher.servers)
      assert.ok(listed.has(name) || this.#gone.has(model), `${name} runs, and is not listed`);
    assert.deepEqual(this.launcher.violations, []);
    for (const { outstanding, queued } of this.models.snapshots()) assert.ok(outstanding >= 0 && queued >= 0);
  }

  #follow(what: string, asked: Promise<unknown>): void {
    // Whether it succeeds is of no matter here, but what the fakes find wrong is.
    const settled = asked.catch((error: unknown) => {
      if (error instanceof assert.AssertionError) throw error;
    });
    this.#pending.set(settled, what);
    void settled.then(
      () => this.#pending.delete(settled),
      () => undefined,
    );
  }

  async #allSettled(): Promise<void> {
    const late = AbortSignal.timeout(longestWait);
    const isLate = new Promise<'late'>((resolve) => late.addEventListener('abort', () => resolve('late'), { once: true }));
    for (let [first] = this.#pending.keys(); first; [first] = this.#pending.keys()) {
      const outcome = await Promise.race([first, isLate]);
      assert.notEqual(
        outcome,
        'late',
        `these wait for ever: ${[...this.#pending.values()].join(', ')}: ${JSON.stringify(this.models.snapshots())}`,
      );
    }
  }

  async #turns(most: number): Promise<void> {
    for (let left = Math.floor(this.#random() * most); left > 0; left--) await turn();
  }
}

describe('models in random orders', () => {
  const seed = Number(process.env['TREE_WARDEN_SEED'] ?? Math.floor(Math.random() * 1e6));
  const nothingFails: Odds = { noLaunch: 0, noLoad: 0, noEnd: 0 };
  const muchFails: Odds = { noLaunch: 0.1, noLoad: 0.15, noEnd: 0.2 };
  const worlds: [string, Odds, number?, boolean?][] = [
    ['where nothing fails', nothingFails],
    ['where everything fails now and then', muchFails],
    ['where memory is limited', nothingFails, 12],
    ['where memory is limited, and everything fails now and then', muchFails, 12],
    ['where memory is limited now and then', nothingFails, 12, false],
    ['where memory is limited now and then, and everything fails now and then', muchFails, 12, false],
  ];
  for (const [what, odds, budget, isBudgetSteady] of worlds)
    it(`have no server that is not listed, nor two of a group at once, and no request waits for ever: ${what}`, async (test) => {
      test.diagnostic(`TREE_WARDEN_SEED=${seed}`);
      let launches = 0;
      for (let run = 0; run < runs; run++) {
        const trial = new Trial(seed + run, odds, budget, isBudgetSteady);
        try {
          await trial.run();
        } catch (error) {
          throw new Error(`TREE_WARDEN_SEED=${seed + run}: ${(error as Error).message}`, { cause: error });
        } finally {
          await trial.models.close();
        }
        launches += trial.launcher.launches;
      }
      test.diagnostic(`${runs} runs, ${runs * operations} operations, ${launches} launches`);
    });
});
