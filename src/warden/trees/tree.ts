import { performance } from 'node:perf_hooks';
import { displayCommandLine } from '../../command/commandLine.ts';
import { CannotStartError } from '../../command/executable.ts';
import { type Container, uncontained } from '../../platform/container.ts';
import type { ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { Details, HistoryPoint } from '../../protocol/figures.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { Dimensions, StartRequest, StopStep } from '../../protocol/startRequest.ts';
import { endAll, isGone } from '../ending/termination.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import { detailsOf } from './details.ts';
import { describeExit, describeLeft, failureOf, unknownExit } from './exits.ts';
import { MemberSignals } from './memberSignals.ts';
import type { Figures, Readings } from './meter.ts';
import { runProbeCommand } from './probeCommand.ts';
import { Probes } from './probes.ts';
import type { TreeContext } from './treeContext.ts';
import { TreeMetrics } from './treeMetrics.ts';
import { canBeginEnd, type Ending, firstPhase, isRequested, nextPhase, stateOf, type TreeEvent, type TreePhase } from './treePhase.ts';
import { spawnProcess, TreeProcess } from './treeProcess.ts';
import type { TreeView } from './treeView.ts';

/** What is known of a tree that another warden has started. */
export interface TreePast {
  readonly startedAt: number;
  readonly commandLine: string;
}

/** One running instance of a spec, from its spawn until no process of it is left. */
export class Tree implements TreeView {
  readonly id: TreeId;
  readonly request: StartRequest;
  readonly startedAt: number;
  readonly commandLine: string;
  /** False for one that was taken over: what it was started with, its environment above all, is not on record. */
  readonly canRestart: boolean;
  readonly probes: Probes;
  readonly metrics = new TreeMetrics();
  warning: string | undefined;
  limit: string | undefined;
  readonly #context: TreeContext;
  readonly #startedAtMonotonic = performance.now();
  #phase: TreePhase = firstPhase;
  #reason = 'being started';
  /** Why the end that was begun last was begun, as a clause. */
  #endReason = '';
  #container: Container = uncontained;
  #process: TreeProcess | undefined;
  #starting: Promise<void> | undefined;
  /** A look whether members that have kept it going have ended by themselves. */
  #confirmation: Promise<void> | undefined;

  constructor(id: TreeId, request: StartRequest, context: TreeContext, past?: TreePast) {
    this.id = id;
    this.request = request;
    this.startedAt = past?.startedAt ?? Date.now();
    this.commandLine = past?.commandLine ?? displayCommandLine(request.argv);
    this.canRestart = past === undefined;
    this.#context = context;
    this.probes = new Probes(request, {
      run: (argv, signal) => this.#runProbe(argv, signal),
      onReady: () => this.#advance({ type: 'ready' }, 'ready'),
      onHealthChanged: () => context.events.emit('healthChanged', this),
      onFailed: (why) => this.#beginEnd(this.request.stop, why, { requested: false, failure: why }),
    });
  }

  get state(): TreeState {
    return stateOf(this.#phase);
  }

  get reason(): string {
    return this.#reason;
  }

  get exit(): ExitStatus | undefined {
    return this.#process?.exit;
  }

  get leader(): ProcessStat | undefined {
    return this.#process?.identity;
  }

  get rawSocket(): string | undefined {
    return this.#process?.link?.rawSocket;
  }

  get lifetime(): Lifetime {
    return this.#context.lifetime;
  }

  get output(): TreeOutput {
    return this.#context.output;
  }

  get figures(): Figures {
    return this.metrics.figures;
  }

  get container(): Container {
    return this.#container;
  }

  get ended(): boolean {
    return this.#phase.at === 'over';
  }

  get endedAt(): number | undefined {
    return this.#phase.at === 'over' ? this.#phase.endedAt : undefined;
  }

  get endWasWanted(): boolean {
    return isRequested(this.#phase) || !this.canRestart;
  }

  /** Of living members, looked up afresh. */
  get pids(): number[] {
    return this.#context.alive().map(({ pid }) => pid);
  }

  get runMillis(): number {
    return Math.round(performance.now() - this.#startedAtMonotonic);
  }

  /**
   * Spawns the leader.
   * @throws CannotStartError; the tree has then failed and ended, and left no process.
   */
  async start(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
  }

  /** Takes over a tree whose warden is dead. How its leader ends stays unknown: it is no child of this process. */
  adopt(leader: ProcessStat, container: Container): void {
    this.#container = container;
    this.#process = TreeProcess.adopted(leader, this.output);
    this.#context.events.emit('spawned', this, leader);
    this.#advance({ type: 'spawned', awaited: false }, 'found again after its warden had been killed');
  }

  /** Resolves when no process is left, or none can be killed any more. Asking again joins the stop that is under way. */
  async stop(reason: string, steps: readonly StopStep[] = this.request.stop, now = false): Promise<void> {
    this.#advance({ type: 'endRequested' });
    // One that is not spawned yet will not be.
    if (this.#phase.at === 'spawning') await this.#starting?.catch(() => undefined);
    this.#beginEnd(now ? [] : steps, reason, { requested: true });
    if (this.#phase.at !== 'ending') return;
    const { escalation } = this.#phase;
    if (now) escalation.hurry.abort();
    await escalation.done;
  }

  signal(signal: NodeJS.Signals, pid?: number): SignalOutcome {
    return this.#signals().send(signal, pid);
  }

  write(data: Buffer): void {
    this.#process?.link?.write(data);
  }

  resize(dimensions: Dimensions): void {
    this.#process?.link?.resize(dimensions);
  }

  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(at: number, processes: readonly ProcessStat[], readings: Readings): HistoryPoint | undefined {
    if (this.ended) return undefined;
    return this.metrics.measure(at, this.leader, processes, readings, this.#container.cpuMillis());
  }

  /** Of one member, or of the tree as a whole. */
  async details(pid?: number): Promise<Details> {
    const { platform, alive } = this.#context;
    if (pid === undefined) return { ...(await detailsOf(platform, alive())), container: this.#container.usage() };
    return await detailsOf(
      platform,
      alive().filter((process) => process.pid === pid),
    );
  }

  /** Takes note of how many members were seen alive: members that have kept a tree going may have ended by themselves. */
  observe(alive: number): void {
    if (alive > 0 || !this.#livesByMembers()) return;
    this.#confirmation ??= this.#endIfGone().finally(() => {
      this.#confirmation = undefined;
    });
  }

  /** Lets go of descriptors whose other end a process outside the tree may hold. */
  dispose(): void {
    this.#process?.link?.close();
    this.#context.output.finish();
  }

  async #start(): Promise<void> {
    try {
      this.probes.prepare();
      this.#container = this.#context.contain();
      this.#process = await this.#spawn();
    } catch (error) {
      const problem = error instanceof CannotStartError ? error : new CannotStartError(errorText(error));
      this.#process = undefined;
      this.#advance({ type: 'spawnFailed' }, problem.message);
      this.#release();
      throw problem;
    }
    const { awaited } = this.probes;
    this.#advance({ type: 'spawned', awaited }, awaited ? 'not ready yet' : 'running');
    void this.#process.exited.then((status) => this.#settle(status));
    this.probes.begin();
  }

  async #spawn(): Promise<TreeProcess> {
    const { platform, output, events, rawSocket } = this.#context;
    const { request } = this;
    return await spawnProcess({
      ...{ platform, output, request, rawSocket, container: this.#container, tree: this.id },
      onSpawning: () => {
        if (isRequested(this.#phase)) throw new CannotStartError(`'${request.name}' was stopped before it was started.`);
        events.emit('spawning', this);
      },
      onChild: (pid) => events.emit('childSpawned', pid),
      onSpawned: (process) => {
        this.#process = process;
        events.emit('spawned', this, process.identity);
      },
      onOutput: (chunk) => {
        output.write(chunk);
        this.probes.onOutput(chunk);
      },
      onCollected: (pid) => events.emit('collected', pid),
    });
  }

  async #runProbe(argv: readonly [string, ...string[]], signal: AbortSignal): Promise<string | undefined> {
    const { platform, alive, events } = this.#context;
    return await runProbeCommand(
      {
        ...{ platform, alive, container: this.#container, tree: this.id, request: this.request },
        onSpawned: (pid) => events.emit('childSpawned', pid),
        onCollected: (pid) => events.emit('collected', pid),
      },
      argv,
      signal,
    );
  }

  /** After the leader's end: what becomes of the others. */
  async #settle(status: ExitStatus): Promise<void> {
    const { runMillis, request } = this;
    const isOk = status.code === 0;
    const gone = await isGone(this.#context);
    // A stop may have taken over meanwhile.
    if (this.#phase.at !== 'living') return;
    if (!isOk) this.limit ??= this.#context.limitReached();
    const end = this.limit === undefined ? describeExit(status) : `${describeExit(status)}: ${this.limit}`;
    // Of one that goes into the background, the others may still become ready.
    const isOver = gone || request.whenLeaderExits === 'kill';
    const failure = isOver ? failureOf(request, this.#phase.state, { description: end, ok: isOk, runMillis }) : undefined;
    const reason = `${failure ?? end}${gone ? '' : describeLeft(this.#context)}`;
    if (isOver && !gone) {
      this.#beginEnd(request.stop, reason, { requested: false, failure });
      return;
    }
    this.#advance({ type: 'leaderExited', ok: isOk && failure === undefined, membersLeft: !gone }, reason);
    if (gone) this.#release();
  }

  #livesByMembers(): boolean {
    const { at } = this.#phase;
    return this.exit !== undefined && (at === 'leaderless' || at === 'stuck' || (at === 'living' && !this.canRestart));
  }

  async #endIfGone(): Promise<void> {
    if (!(await isGone(this.#context)) || !this.#livesByMembers()) return;
    // Of one that was taken over, all have ended by themselves.
    this.#advance({ type: 'leaderExited', ok: true, membersLeft: false }, describeExit(unknownExit));
    this.#finish(false);
  }

  /** Does nothing where the tree is ending already, or has ended. */
  #beginEnd(steps: readonly StopStep[], reason: string, ending: Ending): void {
    if (!canBeginEnd(this.#phase)) return;
    const hurry = new AbortController();
    // Behind this turn's work: others are told of the phase before they are told of the first signal.
    const done = Promise.resolve().then(() => this.#escalate(steps, hurry.signal));
    this.probes.dispose();
    this.#endReason = reason;
    this.#advance({ type: 'endBegun', escalation: { hurry, done }, ...ending }, reason);
  }

  async #escalate(steps: readonly StopStep[], hurry: AbortSignal): Promise<void> {
    const target = this.#signals().target((signal) => this.#context.events.emit('escalated', this, signal));
    const { forced, left } = await endAll(target, steps, hurry).catch((error: unknown) => {
      this.#advance({ type: 'stuck' }, `not ended: ${errorText(error)}`);
      throw error;
    });
    if (left !== undefined) {
      this.#advance({ type: 'stuck' }, left);
      return;
    }
    // The kernel has ended the leader; Node tells its exit status a turn or two later.
    await this.#process?.exited;
    this.#finish(forced);
  }

  #signals(): MemberSignals {
    const { platform, alive } = this.#context;
    return new MemberSignals({ platform, alive, container: this.#container, process: this.#process });
  }

  #finish(forced: boolean): void {
    const phase = this.#phase;
    const leaderOk = !this.canRestart || this.exit?.code === 0;
    const keepsReason = isRequested(phase) || (phase.at === 'leaderless' && leaderOk);
    const failure = 'failure' in phase ? phase.failure : undefined;
    const end = failure ?? (this.exit ? describeExit(this.exit) : this.#reason);
    // What was left of it after all, and is gone now, is no reason any more.
    const reason = phase.at === 'stuck' ? this.#endReason : this.#reason;
    this.#advance({ type: 'gone', forced, leaderOk }, keepsReason ? reason : end);
    this.#release();
  }

  #release(): void {
    if (!this.#advance({ type: 'released', at: Date.now() })) return;
    this.probes.dispose();
    this.#container.dispose();
    this.metrics.end();
    const link = this.#process?.link;
    // Otherwise what is still on its way through pty or pipes comes first, and its end ends the output.
    link?.treeEnded?.();
    if (link === undefined || this.request.stdio === 'inherit') this.#context.output.finish();
    this.#context.events.emit('ended', this);
  }

  /** False where the event means nothing in the present phase. */
  #advance(event: TreeEvent, reason = this.#reason): boolean {
    const next = nextPhase(this.#phase, event);
    if (next === undefined) return false;
    const isNews = stateOf(next) !== this.state || reason !== this.#reason;
    this.#phase = next;
    this.#reason = reason;
    if (isNews) this.#context.events.emit('stateChanged', this);
    return true;
  }
}
