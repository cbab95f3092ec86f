import type { Platform } from '../../platform/platform.ts';
import { reasonOf } from '../../protocol/errorReasons.ts';
import type { LivingServer, ServerEnd, ServerProgress, StartedServer } from '../../protocol/gateway.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { MeasuredMemory } from '../../protocol/modelMemory.ts';
import type { ModelRequest, ServedModel } from '../../protocol/models.ts';
import type { Supervisor } from '../supervisor.ts';
import type { Tree } from '../trees/tree.ts';
import { Expiry } from './expiry.ts';
import { LoadLooks } from './loadLooks.ts';
import { LoadWatch } from './loadWatch.ts';
import { MemoryMeter } from './memoryMeter.ts';
import { makePromptFolder } from './promptFolder.ts';
import { ServerPorts } from './serverPorts.ts';
import { startRequest } from './startRequest.ts';

/** Hears of servers, by the key that they were launched with. */
export interface ServerListener {
  onReady(key: string): void;
  onProgress(key: string, progress: ServerProgress): void;
  onHealth(key: string, isHealthy: boolean): void;
  onEnded(key: string, end: ServerEnd): void;
  /** Its allocation ends soon: it is to be replaced when it has answered. */
  onExpiring(tree: TreeId): void;
  /** What a server of this model takes, by the key of its memory. */
  onMeasured(memoryKey: string, model: ModelRequest, measured: MeasuredMemory): void;
}

interface Server {
  readonly key: string;
  readonly model: ServedModel;
  readonly instance: number;
  /** Pids that are known to have been in its tree. */
  readonly pids: Set<number>;
  readonly starting: Promise<StartedServer>;
  started: StartedServer | undefined;
  isReady: boolean;
  isHealthy: boolean;
  hasEnded: boolean;
  ending: Promise<void> | undefined;
  /** Until its requests have to be answered, where its allocation ends. */
  readonly expiry: Expiry;
}

/** How long a GPU's driver may take to free memory, and how often it is asked, in milliseconds. */
const gpuTimeoutMillis = 10_000;
const gpuPeriodMillis = 200;
/** Number of last lines of a server's output in the message that it could not load. */
const quotedLines = 10;

const outOfMemory =
  /out of memory|cannot allocate memory|failed to allocate|unable to allocate|insufficient memory|not enough memory|OutOfMemoryError|bad_alloc/i;

/**
 * Servers of models as trees of this warden. One is listed from its launch until it is verified that no process of it is left and that its memory is free,
 * whatever becomes of the gateway process that asked for it.
 */
export class ModelServers {
  readonly #supervisor: Supervisor;
  readonly #platform: Platform;
  readonly #listener: ServerListener;
  readonly #servers = new Map<string, Server>();
  readonly #ports = new ServerPorts();
  readonly #meter: MemoryMeter;
  readonly #looks: LoadLooks;

  constructor(supervisor: Supervisor, platform: Platform, listener: ServerListener) {
    this.#supervisor = supervisor;
    this.#platform = platform;
    this.#listener = listener;
    this.#meter = new MemoryMeter({ read: (tree) => this.#memoryOf(tree), onMeasured: (...found) => listener.onMeasured(...found) });
    this.#looks = new LoadLooks(() => supervisor.sample());
  }

  /** Whether the tree is a server of a model. */
  has(tree: TreeId): boolean {
    return this.#serverOf(tree) !== undefined;
  }

  /** Those that are listed, when what is being started is started. */
  async living(): Promise<LivingServer[]> {
    await Promise.allSettled(Array.from(this.#servers.values(), ({ starting }) => starting));
    return [...this.#servers.values()].flatMap(({ started, key, model, instance, isReady, isHealthy, hasEnded, ending, expiry }) => {
      // The requests of the gateway process before this one have ended with it, so one that was to be replaced need not answer any.
      const isEnding = hasEnded || ending !== undefined || expiry.isOver;
      return started ? [{ ...started, key, model, instance, isReady, isHealthy, isEnding }] : [];
    });
  }

  /** @throws Error with one sentence where it cannot be started. */
  async launch(key: string, model: ServedModel, instance: number): Promise<StartedServer> {
    const server: Server = {
      key,
      model,
      instance,
      pids: new Set(),
      starting: this.#start(model, instance),
      started: undefined,
      isReady: false,
      isHealthy: true,
      hasEnded: false,
      ending: undefined,
      expiry: new Expiry(),
    };
    this.#servers.set(key, server);
    try {
      server.started = await server.starting;
    } catch (error) {
      this.#servers.delete(key);
      throw error;
    }
    this.#follow(server, server.started.tree);
    return server.started;
  }

  /**
   * Resolves when no process of it is left, and the memory that it had is free: of one that has ended by itself, too.
   * @throws Error where that is not so; it can be asked again.
   */
  async end(tree: TreeId, reason: string): Promise<void> {
    const server = this.#serverOf(tree);
    if (!server) return;
    server.ending ??= this.#endOnce(server, tree, reason).finally(() => {
      server.ending = undefined;
    });
    await server.ending;
  }

  #serverOf(tree: TreeId): Server | undefined {
    return [...this.#servers.values()].find(({ started }) => started?.tree === tree);
  }

  async #start(model: ServedModel, instance: number): Promise<StartedServer> {
    const promptFolder = await makePromptFolder(model);
    const port = await this.#ports.take();
    const { id, name } = await this.#supervisor.start(startRequest(model, instance, port, promptFolder)).catch((error: Error) => {
      this.#ports.release(port);
      const missing = reasonOf(error) === 'commandNotFound' && model.install !== undefined;
      throw new Error(missing ? `${error.message} ${model.install}` : error.message);
    });
    return { tree: id, name, port, ...(promptFolder !== undefined && { promptFolder }) };
  }

  async #endOnce({ key, pids, model, instance }: Server, id: TreeId, reason: string): Promise<void> {
    const tree = this.#supervisor.peek(id);
    const name = tree?.request.name ?? `${model.name}#${instance}`;
    if (tree && !tree.ended) {
      this.#notePids(tree, pids);
      await this.#supervisor.stop({ tree: id, now: false, reason });
      if (!tree.ended) throw new Error(`The memory of '${name}' is not back: it is ${tree.reason}.`);
    }
    await this.#gpuMemoryIsFree(name, pids);
    this.#servers.delete(key);
  }

  /** Processes that may hold memory of a GPU: known for as long as the tree lives, and asked for when it has ended, however it has. */
  #notePids(tree: Tree, pids: Set<number>): void {
    const living = tree.ended ? [] : tree.pids;
    for (const pid of [tree.leader?.pid, ...tree.metrics.lastPids, ...living]) if (pid !== undefined) pids.add(pid);
  }

  /** A GPU's driver may take a moment to tidy up behind a process that is gone. */
  async #gpuMemoryIsFree(name: string, pids: ReadonlySet<number>): Promise<void> {
    const deadline = performance.now() + gpuTimeoutMillis;
    for (;;) {
      const holders = await this.#platform.gpuHolders();
      const holding = [...pids].filter((pid) => holders.has(pid));
      if (holding.length === 0) return;
      if (performance.now() > deadline)
        throw new Error(
          `The GPU’s memory of '${name}' is not back: ${gpuTimeoutMillis / 1000} s after its processes have ended, the driver still keeps some for pid ${holding.join(', ')}.`,
        );
      await new Promise((resolve) => setTimeout(resolve, gpuPeriodMillis));
    }
  }

  /** Reports readiness and health as they change, and its end, which may have come already. */
  #follow(server: Server, id: TreeId): void {
    const { key, model, pids } = server;
    const load = new LoadWatch(this.#supervisor, this.#looks, id, model, (progress) => this.#listener.onProgress(key, progress));
    const measured = this.#meter.follow(model, id);
    const check = (): void => {
      const tree = this.#supervisor.peek(id);
      if (tree?.state !== 'starting') load.stop();
      if (tree?.state === 'ready' && !server.isReady) {
        server.isReady = true;
        measured.ready();
        this.#listener.onReady(key);
      }
      const { phase, stopsAt } = this.#supervisor.remote.viewOf(id)?.status ?? {};
      server.expiry.follow(stopsAt, () => this.#listener.onExpiring(id));
      // What it is asked while its node does not answer would fail.
      const isHealthy = tree?.probes.health !== 'unhealthy' && phase !== 'lost';
      if (isHealthy !== server.isHealthy) {
        server.isHealthy = isHealthy;
        this.#listener.onHealth(key, isHealthy);
      }
      if (server.hasEnded || (tree && !tree.ended)) return;
      server.hasEnded = true;
      if (server.started) this.#ports.release(server.started.port);
      server.expiry.cancel();
      measured.end();
      unlisten();
      // It may be forgotten soon.
      if (tree) this.#notePids(tree, pids);
      this.#listener.onEnded(key, endOf(model, tree));
    };
    const unlisten = this.#supervisor.news.listen({ changed: check });
    // Behind the answer to the launch.
    setImmediate(check);
  }

  /** Nothing where the system does not say, as of a tree that has just ended. */
  async #memoryOf(id: TreeId): Promise<MeasuredMemory | undefined> {
    try {
      await this.#supervisor.sample();
    } catch {
      return undefined;
    }
    const tree = this.#supervisor.peek(id);
    if (!tree || tree.ended) return undefined;
    const { memoryBytes, peakMemoryBytes = memoryBytes, gpu } = tree.metrics.figures;
    const gpuMemoryBytes = gpu?.memoryBytes ?? 0;
    return { peak: { memoryBytes: peakMemoryBytes, gpuMemoryBytes }, settled: { memoryBytes, gpuMemoryBytes } };
  }
}

function endOf({ name }: ModelRequest, tree: Tree | undefined): ServerEnd {
  const { reason: ownReason = 'has ended', endWasWanted: wanted = false } = tree ?? {};
  // Where it was asked for, the reason names what asked for it, or is a sentence about a limit.
  const reason = wanted ? `was ended (${ownReason})` : String(ownReason);
  const lines = tree?.output.lastLines(quotedLines) ?? [];
  const memory = lines.some((line) => outOfMemory.test(line)) ? ' It ran out of memory.' : '';
  const quoted = lines.length > 0 ? ` Last output:\n${lines.join('\n')}` : '';
  return { reason, wanted, loadFailure: `'${name}' could not be loaded: its server ${reason}.${memory}${quoted}` };
}
