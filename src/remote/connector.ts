/** The leader of a tree that runs on a node: it has it started there, passes its output and input on, and ends as it has ended. */

import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { RemoteStatus, Runner } from '../protocol/runner.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { stopMillis } from '../protocol/stopSteps.ts';
import { Input } from './input.ts';
import type { LocalWarden } from './localWarden.ts';
import { NodeLink, NoWardenError, ProgramMissingError } from './nodeLink.ts';
import { nodeRunner } from './nodeRunner.ts';
import { type NodePlaces, nodeScript } from './nodeScript.ts';
import { OutputRelay } from './outputRelay.ts';
import { PortForwards } from './portForwards.ts';
import { maxReason, Reporter } from './reporter.ts';
import type { NodeRunner, Placement } from './runner.ts';
import { nodePlaces, stage } from './staging.ts';
import { TimeLimit, timeLimitReached } from './timeLimit.ts';

/** How a tree on a node has ended, as this process is to end. */
export type RemoteEnd = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** Between two attempts to reach a node that does not answer, in milliseconds. */
const retryMillis = 2000;
/** Of the lease: half of it is left to reach the node again when it is noticed that it does not answer. */
const renewalsPerLease = 4;
const longestRenewalMillis = 10_000;
/** An answer that takes longer is none, in milliseconds; at the least, as a busy machine takes its time. */
const shortestSilenceMillis = 2500;
/** For the connection to a node, beside what the stop takes before a time limit, in milliseconds. */
const limitMarginMillis = 5000;
/** For the answer to how the placement is, when its tree has ended, in milliseconds. */
const stateMillis = 10_000;

export class Connector {
  readonly #runner: Runner;
  readonly #request: StartRequest;
  readonly #lease: string;
  readonly #stopMillis: number;
  readonly #places: NodePlaces = nodePlaces();
  readonly #node: NodeRunner;
  readonly #limit: TimeLimit;
  readonly #report: Reporter;
  readonly #forwards = new PortForwards();
  readonly #output = new OutputRelay();
  readonly #input = new Input();
  /** Aborted when the tree is to be stopped. */
  readonly #stopping = new AbortController();
  #placement: Placement | undefined;
  #phase: RemoteStatus['phase'] = 'submitting';
  #tree: TreeId | undefined;
  #warden: WardenClient | undefined;
  /** When the last sign of life was sent that may have come, by performance.now(). */
  #lastSign = 0;

  constructor(local: LocalWarden, { lease, request }: { readonly lease: string; readonly request: StartRequest }) {
    const { runner } = request;
    if (!runner) throw new Error('The process has no "runner".');
    this.#runner = runner;
    this.#request = onNode(request, runner);
    this.#lease = lease;
    this.#stopMillis = stopMillis(request.stop);
    this.#node = nodeRunner(runner, { name: request.name, lease, places: this.#places, stopMillis: this.#stopMillis });
    this.#limit = new TimeLimit(this.#node, this.#stopMillis + limitMarginMillis, {
      onChange: () => this.#phase === 'running' && this.#tell('running'),
      onOver: () => this.#endTree('its time limit is over'),
    });
    this.#report = new Reporter(local, { runner: runner.type, lease });
  }

  /** Asks for the end of the tree; {@link run} resolves when nothing of it is left. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Passes a signal on to the members of the tree. */
  signal(signal: NodeJS.Signals): void {
    if (this.#tree !== undefined) void this.#warden?.signal({ tree: this.#tree, signal }).catch(() => undefined);
  }

  /**
   * What is left on the node is ended by the last step of the stop, which is run whatever this process comes to.
   * @throws Error with what was tried, and what was answered; the warden of this machine knows it then, too.
   */
  async run(): Promise<RemoteEnd> {
    try {
      this.#placement = await this.#node.place((placing) => this.#report.tell(placing), this.#stopping.signal);
      if (this.#placement.endsAt !== undefined) this.#limit.beginAt(this.#placement.endsAt);
      return await this.#follow();
    } catch (error) {
      if (this.#stopping.signal.aborted) return { signal: 'SIGTERM' };
      this.#tell('failed', errorText(error));
      await this.#report.flushed();
      throw error;
    } finally {
      this.#limit.dispose();
      this.#forwards.close();
    }
  }

  /** Over as many connections as it takes. */
  async #follow(): Promise<RemoteEnd> {
    for (;;) {
      const link = await this.#connect();
      this.#warden = link.warden;
      this.#forwards.use(link);
      const ending = new AbortController();
      void this.#renew(link, ending.signal);
      try {
        const ended = await this.#live(link, ending.signal);
        if (ended && (await this.#isPrinted(link))) return await this.#finish(link, ended);
      } finally {
        ending.abort();
        this.#warden = undefined;
        this.#forwards.use(undefined);
        link.close();
      }
    }
  }

  /** @throws Error where the node has not answered for so long that nothing runs there any more, there is nothing to connect to, or it is to be stopped. */
  async #connect(): Promise<NodeLink> {
    const isFirst = this.#tree === undefined;
    if (isFirst) this.#lastSign = performance.now();
    const script = nodeScript(this.#places, isFirst ? 'attach' : 'attach-again', this.#lease);
    let problem = isFirst ? undefined : 'the connection has ended';
    if (isFirst) this.#tell('connecting');
    for (;;) {
      if (isFirst) this.#stopping.signal.throwIfAborted();
      const isPaused = problem !== undefined && (await this.#isPaused());
      if (isPaused) this.#lastSign = performance.now();
      const left = this.#lastSign + this.#livesOnMillis - performance.now();
      if (problem !== undefined && left < 0) throw new Error(this.#unreached(problem, isFirst));
      try {
        // What asks for a suspended job is answered long after that goes on.
        if (!isPaused) return await this.#unlessStopped(NodeLink.open(this.#node.reach(script), isFirst ? undefined : left));
      } catch (error) {
        if (error instanceof ProgramMissingError) {
          await stage(this.#places, (line) => this.#node.reach(line));
          continue;
        }
        problem = errorText(error);
        if (error instanceof NoWardenError) throw new Error(`${this.#placement?.node ?? 'the node'}: ${problem}`);
        if (!isFirst) this.#tell('lost', problem);
      }
      this.#stopping.signal.throwIfAborted();
      await sleep(retryMillis, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** What runs there without a sign of life from here ends after this time at the latest. */
  get #livesOnMillis(): number {
    return this.#runner.leaseMillis + this.#stopMillis + retryMillis;
  }

  #unreached(problem: string, isFirst: boolean): string {
    const { node = 'the node' } = this.#placement ?? {};
    if (isFirst) return `${node} was not reached: ${problem}`;
    return `${node} was not reached for longer than its lease of ${this.#runner.leaseMillis / 1000} s: ${problem}`;
  }

  /** Neither the lease nor what it is for goes on meanwhile. @throws Error with the reason where there is no placement any more. */
  async #isPaused(): Promise<boolean> {
    const state = await this.#node.state?.(this.#stopping.signal);
    if (state?.is === 'gone') throw new Error(state.why);
    if (state?.is === 'paused') this.#tell('paused', state.why);
    return state?.is === 'paused';
  }

  /** A stop that comes while it is tried to reach the node does not wait for that; one that came before is what it is reached for. */
  async #unlessStopped(opening: Promise<NodeLink>): Promise<NodeLink> {
    const { signal } = this.#stopping;
    if (signal.aborted) return await opening;
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      opening.then(resolve, reject);
    });
  }

  /** Until the tree has ended, or the connection has: then undefined. `signal`: nothing is asked over it any more. */
  async #live(link: NodeLink, signal: AbortSignal): Promise<TreeSnapshot | undefined> {
    const { warden } = link;
    const closed = link.closed;
    const begun = this.#tree !== undefined;
    const tree = this.#tree ?? (await warden.start(this.#request)).id;
    this.#tree = tree;
    const over = new Promise<TreeSnapshot>((resolve) => {
      warden.onTrees((trees) => {
        const news = trees.find(({ id }) => id === tree);
        if (!news) return;
        this.#report.figures(news);
        this.#forwards.follow(news);
        if (news.endedAt !== undefined) resolve(news);
      });
    });
    const now = (await warden.watch(1000)).find(({ id }) => id === tree);
    if (begun && !now) throw new Error('its warden on the node knows nothing of it any more');
    this.#tell(this.#stopping.signal.aborted ? 'ending' : 'running');
    this.#output.from(warden, tree);
    this.#input.use((data) => warden.input(tree, data));
    this.#input.onResize((dimensions) => warden.resize(tree, dimensions));
    const stop = (): void => this.#endTree('stopped by its client');
    if (this.#limit.isOver) this.#endTree('its time limit is over');
    if (this.#stopping.signal.aborted) stop();
    else this.#stopping.signal.addEventListener('abort', stop, { once: true, signal });
    if (now?.endedAt !== undefined) return now;
    const how = await Promise.race([over, closed]);
    if (typeof how !== 'string') return how;
    this.#tell('lost', how);
    return undefined;
  }

  /** By its own stop sequence; where the node is not reached now, when it is. */
  #endTree(reason: string): void {
    if (!this.#warden || this.#tree === undefined) return;
    this.#tell('ending');
    void this.#warden.stop({ tree: this.#tree, now: false, reason }).catch(() => undefined);
  }

  /** When all that it has printed is read, however long its reader takes: false where the connection has ended before. */
  async #isPrinted(link: NodeLink): Promise<boolean> {
    const how = await Promise.race([this.#output.ended, link.closed]);
    if (how === undefined) return true;
    this.#tell('lost', how);
    return false;
  }

  /** Its warden, and with it the job, ends. */
  async #finish(link: NodeLink, ended: TreeSnapshot): Promise<RemoteEnd> {
    const why = await this.#whyFromOutside();
    await link.warden.shutdown('its tree has ended').catch(() => undefined);
    if (ended.state === 'unkillable') throw new Error(`on ${this.#placement?.node ?? 'its node'}: ${ended.reason}`);
    if (why !== undefined) throw new Error(why);
    if (ended.exit === undefined) throw new Error(ended.reason);
    const { code, signal } = ended.exit;
    return signal === null ? { code: code ?? 1 } : { signal: signal as NodeJS.Signals };
  }

  /** The tree ends with its placement; undefined where it has ended before that, or was stopped from here. */
  async #whyFromOutside(): Promise<string | undefined> {
    const isOver = new AbortController();
    try {
      if (this.#stopping.signal.aborted) return undefined;
      if (this.#limit.isOver) return timeLimitReached;
      const state = await Promise.race([this.#node.state?.(), sleep(stateMillis, undefined, { signal: isOver.signal })]);
      return state?.is === 'gone' ? state.why : undefined;
    } finally {
      isOver.abort();
    }
  }

  /** The warden lives for as long as it hears of this process; and a connection that does not answer is none. */
  async #renew(link: NodeLink, signal: AbortSignal): Promise<void> {
    const { leaseMillis } = this.#runner;
    while (!signal.aborted) {
      this.#lastSign = performance.now();
      const silence = sleep(period(leaseMillis, shortestSilenceMillis), 'silence' as const, { signal }).catch(() => 'over' as const);
      const answer = await Promise.race([link.warden.renewLease().catch(() => 'silence' as const), silence]);
      if (signal.aborted) return;
      if (answer === 'silence') {
        link.close();
        return;
      }
      this.#limit.lookAt();
      await sleep(period(leaseMillis), undefined, { signal }).catch(() => undefined);
    }
  }

  #tell(phase: RemoteStatus['phase'], reason?: string): void {
    this.#phase = phase;
    const { endsAt, stopsAt, refusal } = this.#limit.known ?? {};
    const why = reason ?? (phase === 'running' ? refusal : undefined);
    this.#report.tell({
      phase,
      ...this.#placement,
      ...(endsAt !== undefined && { endsAt }),
      ...(stopsAt !== undefined && { stopsAt }),
      ...(why !== undefined && { reason: why.slice(0, maxReason) }),
    });
  }
}

/** Of signs of life, and of the silence that is none, in milliseconds. */
function period(leaseMillis: number, shortest = 0): number {
  return Math.max(Math.min(leaseMillis / renewalsPerLease, longestRenewalMillis), shortest);
}

/** With paths of the node's, where these are others. What is about its place here is not done twice. */
export function onNode(request: StartRequest, { folder, workspace }: Runner): StartRequest {
  const { runner: _, remote: __, ready: ___, alive: ____, restart: _____, history: ______, pool: _______, ...rest } = request;
  const cwd = folder === undefined ? request.cwd : resolve(folder, relative(workspace, request.cwd));
  return { ...rest, cwd, stdio: request.stdio === 'pty' ? 'pty' : 'pipes', awaitReader: 'always' };
}
