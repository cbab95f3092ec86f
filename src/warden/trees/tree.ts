import { performance } from 'node:perf_hooks';
import { displayCommandLine } from '../../command/commandLine.ts';
import { CannotStartError } from '../../command/executable.ts';
import { type Container, uncontained } from '../../platform/container.ts';
import type { ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import type { Details, HistoryPoint } from '../../protocol/figures.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest, StopStep } from '../../protocol/startRequest.ts';
import { commandsOf, withCommandsOf } from '../../protocol/stopSteps.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { endAll, isGone } from '../ending/termination.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import { detailsOf } from './details.ts';
import { because, describeExit, type EndVerdict, failureOf, judgeExit, unknownExit, withMembersLeft } from './exits.ts';
import type { Leader } from './leader.ts';
import { type CommandSurroundings, runMemberCommand, surroundingsIn } from './memberCommand.ts';
import { MemberSignals } from './memberSignals.ts';
import type { Figures, Readings } from './meter.ts';
import { Probes } from './probes.ts';
import type { TreeContext, TreePast } from './treeContext.ts';
import { TreeHooks } from './treeHooks.ts';
import { TreeMetrics } from './treeMetrics.ts';
import {
  canBeginEnd,
  type Ending,
  firstPhase,
  isReadyPhase,
  isRequested,
  nextPhase,
  stateOf,
  type TreeEvent,
  type TreePhase,
} from './treePhase.ts';
import { spawnProcess, TreeProcess } from './treeProcess.ts';
import type { ObservedTree } from './treeView.ts';

/** One running instance of a spec, from its spawn until no process of it is left. */
export class Tree implements ObservedTree {
  readonly id: TreeId;
  readonly request: StartRequest;
  readonly startedAt: number;
  readonly commandLine: string;
  /** False for one that was taken over: what it was started with, its environment above all, is not on record. */
  readonly canRestart: boolean;
  readonly probes: Probes;
  readonly #hooks: TreeHooks;
  readonly metrics = new TreeMetrics();
  warning: Text | undefined;
  limit: Text | undefined;
  prompt: string | undefined;
  readonly #context: TreeContext;
  readonly #startedAtMonotonic = performance.now();
  #phase: TreePhase = firstPhase;
  #reason: Text = localizable('beingStarted');
  #readyAt: number | undefined;
  /** Why the end that was begun last was begun, as a clause. */
  #endReason: Text = '';
  #container: Container = uncontained;
  #process: TreeProcess | undefined;
  #hasOutputEnded = false;
  #starting: Promise<void> | undefined;
  /** A look whether members that have kept it going have ended by themselves. */
  #confirmation: Promise<void> | undefined;

  constructor(id: TreeId, request: StartRequest, context: TreeContext, past?: TreePast) {
    this.id = id;
    this.request = request;
    this.startedAt = past?.startedAt ?? Date.now();
    this.commandLine = past?.commandLine ?? displayCommandLine((request.remote?.request ?? request).argv);
    this.canRestart = past === undefined;
    this.#context = context;
    this.probes = new Probes(request, {
      run: (argv, signal) => runMemberCommand(this.#surroundings(this.#container), argv, signal),
      onReady: () => this.#advance({ type: 'ready' }, this.#phase.at === 'leaderless' ? this.#reason : localizable('ready')),
      onHealthChanged: () => context.events.emit('healthChanged', this),
      onFailed: (why) => this.#beginEnd(this.stopLeft, why, { requested: false, failure: why }),
    });
    this.#hooks = new TreeHooks(request, {
      surroundings: () => this.#surroundings(this.#container.hasInitProcess ? uncontained : this.#container),
      signals: () => this.#signals(),
      print: (text) => context.output.print(text),
      isTerminal: request.stdio === 'pty',
      cleared: context.cleared,
      onPreparing: () => {
        this.#reason = localizable('runsBeforeStart');
        context.events.emit('preparing', this);
      },
      onCollected: () => context.events.emit('hookCollected', this),
      onEnded: (result) => context.events.emit('hookEnded', this, result),
    });
  }

  get state(): TreeState {
    return stateOf(this.#phase);
  }

  get reason(): Text {
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

  get readyAt(): number | undefined {
    return this.#readyAt;
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

  get stopLeft(): readonly StopStep[] {
    return this.#hooks.stopLeft;
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
    this.#advance({ type: 'spawned', awaited: false }, localizable('foundAgain'));
  }

  /** Resolves when no process is left, or none can be killed any more. Asking again joins the stop that is under way. */
  async stop(reason: Text, steps: readonly StopStep[] = this.stopLeft, now = false): Promise<void> {
    this.#advance({ type: 'endRequested' });
    // One that is not spawned yet will not be.
    if (this.#phase.at === 'spawning') {
      this.#hooks.cancel();
      await this.#starting?.catch(() => undefined);
    }
    this.#beginEnd(withCommandsOf(this.stopLeft, now ? [{ signal: 'SIGKILL' }] : steps), reason, { requested: true });
    if (this.#phase.at !== 'ending') return;
    const { escalation } = this.#phase;
    if (now) this.#hooks.hurry(escalation.hurry);
    await escalation.done;
  }

  signal(signal: NodeJS.Signals, pid?: number, startTime?: number): SignalOutcome {
    return this.#signals().send(signal, pid, startTime);
  }

  /** The way to its leader; undefined where there is none. */
  get link(): Leader | undefined {
    return this.#process?.link;
  }

  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(at: number, processes: readonly ProcessStat[], readings: Readings): HistoryPoint | undefined {
    if (this.ended) return undefined;
    return this.metrics.measure(at, this.leader, processes, readings, this.#container.cpuMillis());
  }

  /** Of one member, or of the tree as a whole. */
  async details(pid?: number): Promise<Details> {
    const processes = this.#context.alive().filter((process) => pid === undefined || process.pid === pid);
    const details = await detailsOf(this.#context.platform, processes);
    return pid === undefined ? { ...details, container: this.#container.usage() } : details;
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
      this.#container = await this.#context.contain();
      await this.#hooks.beforeStart();
      this.#process = await this.#spawn();
    } catch (error) {
      const problem = error instanceof CannotStartError ? error : new CannotStartError(textOfError(error));
      this.#process = undefined;
      this.#advance({ type: 'spawnFailed' }, problem.text);
      this.#release();
      throw problem;
    }
    const { awaited } = this.probes;
    this.#advance({ type: 'spawned', awaited }, localizable(awaited ? 'notReadyYet' : 'running'));
    void this.#process.exited.then((status) => this.#settle(status));
    this.probes.begin();
  }

  async #spawn(): Promise<TreeProcess> {
    const { platform, output, events, rawSocket } = this.#context;
    const { request } = this;
    return await spawnProcess({
      ...{ platform, output, request, rawSocket, container: this.#container, tree: this.id },
      onSpawning: () => {
        if (isRequested(this.#phase)) throw new CannotStartError(localizable('stoppedBeforeStart', request.name));
        events.emit('spawning', this);
      },
      onChild: (pid) => events.emit('childSpawned', pid),
      onSpawned: (process) => {
        this.#process = process;
        events.emit('spawned', this, process.identity);
      },
      onOutput: (chunk, skipped) => {
        output.write(chunk, skipped);
        this.probes.onOutput(chunk, skipped);
      },
      onOutputEnd: () => this.#outputEnded(),
      onCollected: (pid) => events.emit('collected', pid),
    });
  }

  /** The first process of a PID namespace takes that along, and a hook may have to be run after it: hooks are outside. */
  #surroundings(container: Container): CommandSurroundings {
    return surroundingsIn(this.#context, { container, tree: this.id, request: this.request });
  }

  /** After the leader's end: what becomes of the others. */
  async #settle(status: ExitStatus): Promise<void> {
    const { runMillis, request } = this;
    const verdict = judgeExit(status, request);
    const isOk = verdict === 'succeeded';
    const gone = await isGone(this.#context);
    // A stop may have taken over meanwhile.
    if (this.#phase.at !== 'living') return;
    if (!isOk) this.limit ??= this.#context.limitReached();
    const cause = this.limit ?? this.#context.remoteFailure();
    const end = because(describeExit(status), cause);
    // Of one that goes into the background, the others may still become ready.
    const isOver = gone || request.whenLeaderExits === 'kill';
    const failure = isOver ? failureOf(request, this.#phase.state, { status, cause, ok: isOk, runMillis }) : undefined;
    const reason = gone ? (failure ?? end) : withMembersLeft(failure ?? end, this.#context);
    if (isOver && (!gone || this.#hooks.hasEnd)) {
      this.#beginEnd(this.stopLeft, reason, { requested: false, failure });
      return;
    }
    this.#advance({ type: 'leaderExited', verdict: failure === undefined ? verdict : 'failed', membersLeft: !gone }, reason);
    if (gone) this.#release();
  }

  #livesByMembers(): boolean {
    const { at } = this.#phase;
    return this.exit !== undefined && (at === 'leaderless' || at === 'stuck' || (at === 'living' && !this.canRestart));
  }

  async #endIfGone(): Promise<void> {
    if (!(await isGone(this.#context)) || !this.#livesByMembers()) return;
    if (this.#hooks.hasEnd) {
      this.#beginEnd(this.stopLeft, this.#reason, { requested: false });
      return;
    }
    // Of one that was taken over, all have ended by themselves.
    this.#advance({ type: 'leaderExited', verdict: 'exited', membersLeft: false }, describeExit(unknownExit));
    this.#finish(false);
  }

  /** Does nothing where the tree is ending already, or has ended. */
  #beginEnd(steps: readonly StopStep[], reason: Text, ending: Ending): void {
    if (!canBeginEnd(this.#phase)) return;
    const hurry = new AbortController();
    // Behind this turn's work: others are told of the phase before they are told of the first signal.
    const done = Promise.resolve().then(() => this.#escalate(steps, hurry.signal));
    this.probes.dispose();
    this.#hooks.cancel();
    this.#endReason = reason;
    this.#advance({ type: 'endBegun', escalation: { hurry, done }, ...ending }, reason);
  }

  async #escalate(steps: readonly StopStep[], hurry: AbortSignal): Promise<void> {
    const onStep = (signal: NodeJS.Signals): boolean => this.#context.events.emit('escalated', this, signal);
    const target = this.#signals().target(onStep, (command) => this.#hooks.atStop(command));
    const { forced, left } = await endAll(target, steps, hurry).catch((error: unknown) => {
      this.#advance({ type: 'stuck' }, localizable('notEnded', errorText(error)));
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
    return new MemberSignals({ ...this.#context, container: this.#container, process: this.#process, isRemote: !!this.request.remote });
  }

  #finish(forced: boolean): void {
    const phase = this.#phase;
    const verdict = this.#verdict();
    const keepsReason = isRequested(phase) || (phase.at === 'leaderless' && verdict !== 'failed');
    const failure = 'failure' in phase ? phase.failure : undefined;
    const end = failure ?? (this.exit ? because(describeExit(this.exit), this.limit ?? this.#context.remoteFailure()) : this.#reason);
    // What was left of it after all, and is gone now, is no reason any more.
    const reason = phase.at === 'stuck' ? this.#endReason : this.#reason;
    this.#advance({ type: 'gone', forced, verdict }, keepsReason ? reason : end);
    this.#release();
  }

  /** How the leader of one that was taken over has ended is not known. */
  #verdict(): EndVerdict {
    return this.canRestart ? judgeExit(this.exit ?? unknownExit, this.request) : 'exited';
  }

  #release(): void {
    if (!this.#advance({ type: 'released', at: Date.now() })) return;
    for (const one of [this.probes, this.#container]) one.dispose();
    this.#hooks.cancel();
    this.metrics.end();
    const link = this.#process?.link;
    // Otherwise what is still on its way through pty or pipes comes first, and its end ends the output.
    link?.treeEnded?.();
    if (link === undefined || this.request.stdio === 'inherit' || this.#hasOutputEnded) this.#context.output.finish();
    this.#context.events.emit('ended', this);
  }

  /** The commands of its stop may still print something. */
  #outputEnded(): void {
    this.#hasOutputEnded = true;
    if (this.ended || commandsOf(this.request.stop).length === 0) this.#context.output.finish();
  }

  #isReady(): void {
    if (this.#readyAt !== undefined) return;
    this.#readyAt = Date.now();
    void this.#hooks.afterReady();
  }

  /** False where the event means nothing in the present phase. */
  #advance(event: TreeEvent, reason = this.#reason): boolean {
    const next = nextPhase(this.#phase, event);
    if (next === undefined) return false;
    const isNews = stateOf(next) !== this.state || String(reason) !== String(this.#reason);
    this.#phase = next;
    this.#reason = reason;
    if (this.canRestart && isReadyPhase(next)) this.#isReady();
    if (isNews) this.#context.events.emit('stateChanged', this);
    return true;
  }
}
