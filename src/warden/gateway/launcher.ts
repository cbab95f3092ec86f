import { setTimeout as wait } from 'node:timers/promises';
import type { Platform } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/messages.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import { NamedPorts } from '../../spec/ports.ts';
import type { Supervisor } from '../supervisor.ts';
import type { Tree } from '../trees/tree.ts';
import { LoadProgress } from './loadProgress.ts';
import { requestLoad } from './loadRequest.ts';
import { startRequest } from './startRequest.ts';

/** A server of a model that was started. */
export interface Launched {
  readonly tree: TreeId;
  readonly port: number;
  /** Resolves when it can answer; rejects with a sentence when it has ended before. */
  readonly ready: Promise<void>;
  /** Resolves when nobody of it is left. */
  readonly ended: Promise<InstanceEnd>;
}

export interface InstanceEnd {
  /** As a clause. */
  readonly reason: string;
  /** Somebody wanted it to end. */
  readonly wanted: boolean;
}

/** Hears of a server while it lives. */
export interface LaunchListener {
  /** How much of the model is loaded, where its server tells. */
  onProgress(percent: number): void;
  /** What its probe says of it, once it was ready, is another now. */
  onHealth(isHealthy: boolean): void;
}

/** Starts and ends servers. */
export interface Launcher {
  /** @throws Error with one sentence where it cannot be started. */
  launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched>;
  /** Resolves when nobody of it is left, and the memory that it had is back. */
  end(launched: Launched, reason: string): Promise<void>;
}

/** How long a GPU's driver may take to give memory back, and how often it is asked, in milliseconds. */
const gpuPatience = 10_000;
const gpuPeriod = 200;
/** How long after its connections the end of a server may be known, in milliseconds. */
const deathNews = 2000;
/** So many of the last lines of a server that could not load are told. */
const quotedLines = 10;

const outOfMemory =
  /out of memory|cannot allocate memory|failed to allocate|unable to allocate|insufficient memory|not enough memory|OutOfMemoryError|bad_alloc/i;

/** Servers as trees of this warden. */
export class TreeLauncher implements Launcher {
  readonly #supervisor: Supervisor;
  readonly #platform: Platform;

  constructor(supervisor: Supervisor, platform: Platform) {
    this.#supervisor = supervisor;
    this.#platform = platform;
  }

  async launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched> {
    const port = await new NamedPorts().portFor('');
    const { id } = await this.#supervisor.start(startRequest(model, instance, port)).catch((error: Error) => {
      const missing = /^There is no command/.test(error.message) && model.install !== undefined;
      throw new Error(missing ? `${error.message} ${model.install}` : error.message);
    });
    const ended = this.#until(id, (tree) => (tree === undefined || tree.ended ? endOf(tree) : undefined));
    const settled = this.#until(id, (tree) => (tree?.state === 'starting' ? undefined : (tree?.state ?? 'failed')));
    const ready = settled.then(async (state) => {
      if (state === 'ready') await this.#loadModel(model, id, port, ended);
      else throw new Error(await this.#whyNot(model, id, ended));
    });
    if (model.progress !== undefined) this.#followProgress(id, model.progress, settled, listener);
    this.#followHealth(id, ended, listener);
    // Whoever waits for it hears of it; nobody may.
    ready.catch(() => undefined);
    return { tree: id, port, ready, ended };
  }

  async end({ tree }: Launched, reason: string): Promise<void> {
    const pids = this.#supervisor.peek(tree)?.pids ?? [];
    if (this.#supervisor.peek(tree) === undefined) return;
    const { state, reason: why, name } = await this.#supervisor.stop({ tree, now: false, reason });
    if (state === 'unkillable') throw new Error(`The memory of '${name}' is not back: it is ${why}.`);
    await this.#gpuMemoryIsBack(name, new Set(pids));
  }

  /** A GPU's driver may take a moment to tidy up behind a process that is gone. */
  async #gpuMemoryIsBack(name: string, pids: ReadonlySet<number>): Promise<void> {
    const deadline = Date.now() + gpuPatience;
    for (;;) {
      const holders = await this.#platform.gpuHolders();
      const holding = [...pids].filter((pid) => holders.has(pid));
      if (holding.length === 0) return;
      if (Date.now() > deadline)
        throw new Error(
          `The GPU’s memory of '${name}' is not back: ${gpuPatience / 1000} s after its processes have ended, the driver still keeps some for pid ${holding.join(', ')}.`,
        );
      await new Promise((resolve) => setTimeout(resolve, gpuPeriod));
    }
  }

  /** Of servers that load a model when they are asked to. */
  async #loadModel(model: ModelRequest, id: TreeId, port: number, ended: Promise<InstanceEnd>): Promise<void> {
    if (model.loadRequest === undefined) return;
    const died = ended.then(async (): Promise<never> => {
      throw new Error(await this.#whyNot(model, id, ended));
    });
    const asked = requestLoad(port, model.loadRequest).catch(async (error: unknown) => {
      // Whoever dies takes the connection along; the news of the death, which says more, comes a moment later.
      await Promise.race([died, wait(deathNews, undefined, { ref: false })]);
      return `did not answer: ${errorText(error)}`;
    });
    const refusal = await Promise.race([asked, died]);
    if (refusal !== undefined) throw new Error(`'${model.name}' could not be loaded: its server ${refusal}`);
  }

  async #whyNot({ name }: ModelRequest, id: TreeId, ended: Promise<InstanceEnd>): Promise<string> {
    const { reason } = await ended;
    const lines = this.#supervisor.peek(id)?.output.lastLines(quotedLines) ?? [];
    const memory = lines.some((line) => outOfMemory.test(line)) ? ' It ran out of memory.' : '';
    const quoted = lines.length > 0 ? ` It printed last:\n${lines.join('\n')}` : '';
    return `'${name}' could not be loaded: its server ${reason}.${memory}${quoted}`;
  }

  #followProgress(id: TreeId, pattern: string, settled: Promise<unknown>, listener: LaunchListener): void {
    const progress = new LoadProgress(pattern);
    const deliver = (chunk: Buffer, end: number): void => {
      const percent = progress.add(chunk.toString());
      if (percent !== undefined) listener.onProgress(percent);
      subscription?.acknowledge(end);
    };
    const subscription = this.#supervisor.peek(id)?.output.subscribe({ whenBehind: 'skip', deliver, finish: () => undefined }, 0, true);
    void settled.then(() => subscription?.cancel());
  }

  #followHealth(id: TreeId, ended: Promise<unknown>, listener: LaunchListener): void {
    let before = true;
    const unlisten = this.#supervisor.onChange(() => {
      const isHealthy = this.#supervisor.peek(id)?.probes.health !== 'unhealthy';
      if (isHealthy === before) return;
      before = isHealthy;
      listener.onHealth(isHealthy);
    });
    void ended.then(unlisten);
  }

  /** Waits until `look` finds something in a tree; undefined stands for one that is not listed any more. */
  #until<T>(id: TreeId, look: (tree: Tree | undefined) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = (): boolean => {
        const found = look(this.#supervisor.peek(id));
        if (found === undefined) return false;
        resolve(found);
        return true;
      };
      if (check()) return;
      const unlisten = this.#supervisor.onChange(() => {
        if (check()) unlisten();
      });
    });
  }
}

function endOf(tree: Tree | undefined): InstanceEnd {
  const { reason = 'has ended', endWasWanted: wanted = false } = tree ?? {};
  // Of what was wanted, the reason is whoever has wanted it, or a sentence about a limit.
  return { reason: wanted ? `was ended (${reason})` : reason, wanted };
}
