import { setTimeout as sleep } from 'node:timers/promises';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import type { TestModels } from '../support/models.ts';
import { TestWarden } from '../support/warden.ts';
import { cudaModel, declareFile } from './declaredModels.ts';
import { type GpuUnderTest, startSeconds } from './gpuUnderTest.ts';
import { computeProcesses } from './nvidiaSmi.ts';
import { type Row, reasonOf, rowOf } from './rows.ts';

/** Parts of the free memory: two of them do not fit on the GPU either, so that no load succeeds beside what was not given back. */
const modelPart = 0.55;
const budgetPart = 1.6 * modelPart;
/** Time for which a model that waits is seen to wait, in milliseconds. */
const holdMillis = 1500;
/** Pause between two looks at the driver, in milliseconds. */
const lookMillis = 20;
const [one, two] = ['eviction-one', 'eviction-two'] as const;
type Name = typeof one | typeof two;
const otherOf = (name: Name): Name => (name === one ? two : one);

/** A look at the driver: when it began, in milliseconds since 1970, and who was listed. */
interface Look {
  readonly at: number;
  readonly pids: ReadonlySet<number>;
}

/**
 * Two models of which a budget has room for one, by what was measured of them. First an idle one has to go for the other, then one that is answering.
 */
export async function checkEviction(gpu: GpuUnderTest): Promise<readonly Row[]> {
  const names = ['the idle model goes before another one is loaded', 'a load begins when the memory is back', 'an answer is not cut off'];
  const [goes = '', isBack = '', isWhole = ''] = names;
  const expected = ['its server has ended before', 'the driver lists its server no more', 'the other model waits until it is whole'];
  const [ended = '', unlisted = '', waits = ''] = expected;
  try {
    await using warden = await TestWarden.start();
    const bytes = gpu.share(modelPart);
    const models = await declareFile(warden, {
      gateway: { gpuMemory: `${Math.round(gpu.share(budgetPart) / 2 ** 20)}m` },
      models: Object.fromEntries([one, two].map((name) => [name, cudaModel(warden.run, name, { gpus: [gpu.info.index] }, bytes)])),
    });
    const scene = new Scene(gpu, models);
    for (const name of [one, two]) await scene.loadAndMeasure(name);
    const swap = scene.swap(two, one);
    return [
      await rowOf(goes, ended, async () => {
        const { goneAt, begunAt } = await swap;
        const seconds = (begunAt - goneAt) / 1000;
        return { ok: seconds >= 0, seen: `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'after' : 'before'}` };
      }),
      await rowOf(isBack, unlisted, async () => {
        const { looks, begunAt, pid } = await swap;
        const listing = looks.filter(({ pids }) => pids.has(pid));
        const late = listing.filter(({ at }) => at >= begunAt);
        if (listing.length === 0) return { ok: false, seen: 'it was never listed' };
        const seconds = (begunAt - (listing.at(-1)?.at ?? 0)) / 1000;
        return {
          ok: late.length === 0,
          seen: `listed last ${Math.abs(seconds).toFixed(1)} s ${late.length > 0 ? 'after' : 'before'} it began`,
        };
      }),
      await rowOf(isWhole, waits, async () => await scene.answerWhole()),
    ];
  } catch (error) {
    return names.map((check, at) => ({ check, expected: expected[at] ?? '', seen: reasonOf(error), ok: false }));
  }
}

class Scene {
  readonly #gpu: GpuUnderTest;
  readonly #models: TestModels;

  constructor(gpu: GpuUnderTest, models: TestModels) {
    this.#gpu = gpu;
    this.#models = models;
  }

  get #time() {
    return this.#gpu.time;
  }

  /** What the budget goes by is what the driver says of a model that is loaded. */
  async loadAndMeasure(name: Name): Promise<void> {
    await this.#time.within(`${name} is loaded`, startSeconds, this.#models.warden.client.loadModel(name));
    await this.#time.until(`${name} is measured`, startSeconds, async () => {
      const { memory } = await this.#models.model(name);
      return memory?.source === 'measured' && (memory.gpuMemoryBytes ?? 0) > 0;
    });
  }

  /** Asks a model while another one is idle, and looks at the driver all the time. */
  async swap(idle: Name, asked: Name): Promise<{ goneAt: number; begunAt: number; pid: number; looks: readonly Look[] }> {
    const before = await this.#serverOf(idle);
    const looks: Look[] = [];
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const at = Date.now();
        looks.push({ at, pids: new Set((await computeProcesses()).keys()) });
        await sleep(lookMillis);
      }
    })();
    // What it fails by is told where it is waited for.
    looking.catch(() => undefined);
    try {
      await this.#time.until('the idle one is listed', startSeconds, () => looks.some(({ pids }) => pids.has(pidOf(before))));
      const { status, text } = await this.#chat(asked, 'say 1');
      if (status !== 200) throw new Error(`'${asked}' answered with HTTP ${status}: ${text}`);
    } finally {
      isOver = true;
      await looking;
    }
    const gone = (await this.#models.warden.client.list()).find(({ id }) => id === before.id);
    const begun = await this.#serverOf(asked);
    return { goneAt: gone?.endedAt ?? Number.POSITIVE_INFINITY, begunAt: begun.startedAt, pid: pidOf(before), looks };
  }

  /** Asks the other model while the one that is loaded answers. */
  async answerWhole(): Promise<{ seen: string; ok: boolean }> {
    const loaded = (await this.#models.warden.client.models()).find(({ state }) => state === 'ready')?.name as Name | undefined;
    if (!loaded) throw new Error('no model is loaded');
    const other = otherOf(loaded);
    const file = 'told';
    const answer = this.#chat(loaded, `say 1 slow 20 until ${this.#models.warden.run.workFolder}/${file}`, { stream: true });
    await this.#time.until(`'${loaded}' answers`, startSeconds, async () => (await this.#models.model(loaded)).outstanding === 1);
    const begun = performance.now();
    const asked = this.#chat(other, 'say 1');
    await sleep(holdMillis);
    const { state } = await this.#models.model(other);
    this.#models.letGo(file);
    const seconds = (performance.now() - begun) / 1000;
    const [{ text }, { status }] = await Promise.all([answer, asked]);
    const isWhole = text.trimEnd().endsWith('[DONE]');
    const was = isWhole ? 'it was whole' : `it broke off: ${reasonOf(text.slice(-120))}`;
    return {
      ok: isWhole && state === 'waiting' && status === 200,
      seen: `${was}; the other one was '${state}' after ${seconds.toFixed(1)} s, then answered with HTTP ${status}`,
    };
  }

  async #serverOf(name: Name): Promise<TreeSnapshot> {
    const found = (await this.#models.warden.client.list()).find((tree) => tree.name === name && tree.endedAt === undefined);
    if (!found) throw new Error(`'${name}' has no server`);
    return found;
  }

  async #chat(model: Name, orders: string, changes: object = {}): Promise<{ readonly status: number; readonly text: string }> {
    const body = { model, messages: [{ role: 'user', content: orders }], ...changes };
    const response = await this.#models.ask('/v1/chat/completions', body, {}, this.#time.signal);
    return { status: response.status, text: await response.text() };
  }
}

function pidOf({ leader, name }: TreeSnapshot): number {
  if (!leader) throw new Error(`'${name}' has no process`);
  return leader.pid;
}
