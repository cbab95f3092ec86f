import { performance } from 'node:perf_hooks';
import { type Container, uncontained } from '../../platform/container.ts';
import type { ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type {
  Details,
  Dimensions,
  ExitStatus,
  HistoryPoint,
  Lifetime,
  StartRequest,
  StopStep,
  TreeId,
  TreeSnapshot,
  TreeState,
} from '../../protocol/messages.ts';
import { displayCommandLine } from '../../spec/commandLine.ts';
import { CannotStartError } from '../../spec/executable.ts';
import { describeSurvivors, isGone, terminate } from '../ending/termination.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import { followAdopted } from './adoption.ts';
import { detailsOf } from './details.ts';
import { alreadyCollected, countMembers, describeExit, failureOf, unknownExit } from './exits.ts';
import { type Leader, prepareLeader } from './leader.ts';
import type { Figures, Readings } from './meter.ts';
import { runProbeCommand } from './probeCommand.ts';
import { Probes } from './probes.ts';
import { snapshotOf } from './snapshot.ts';
import type { TreeContext } from './treeContext.ts';
import { TreeCourse } from './treeCourse.ts';
import { nextState, type TreeEvent } from './treeStates.ts';

interface Stopping {
  readonly hurry: AbortController;
  readonly done: Promise<void>;
}

/** One running instance of a spec, from its spawn until nobody of it is left. */
export class Tree {
  readonly id: TreeId;
  readonly request: StartRequest;
  /** Another tree is to take its place. */
  restarting = false;
  /** When that is to be, where it has to wait for it; in milliseconds since 1970. */
  nextStartAt: number | undefined;
  /** How often it was started again within the window of its policy. */
  restarts = 0;
  /** A limit that was reached, where that is only to be told. */
  warning: string | undefined;
  readonly startedAt: number;
  readonly commandLine: string;
  readonly #context: TreeContext;
  readonly #startedAtMonotonic = performance.now();
  #state: TreeState = 'starting';
  #reason = 'being started';
  #leader: Leader | undefined;
  #identity: ProcessStat | undefined;
  #exit: ExitStatus | undefined;
  #endedAt: number | undefined;
  #container: Container = uncontained;
  #stopping: Stopping | undefined;
  #adopted = false;
  #stopRequested = false;
  /** Why it is of no use, as a clause, whatever the leader's exit status says. */
  #failure: string | undefined;
  #starting: Promise<void> | undefined;
  readonly probes: Probes;
  #confirming = false;
  readonly course = new TreeCourse();

  /** `past`: what is known of a tree that another warden has started. */
  constructor(
    id: TreeId,
    request: StartRequest,
    context: TreeContext,
    past?: { readonly startedAt: number; readonly commandLine: string },
  ) {
    this.id = id;
    this.request = request;
    this.startedAt = past?.startedAt ?? Date.now();
    this.commandLine = past?.commandLine ?? displayCommandLine(request.argv);
    this.#context = context;
    this.probes = new Probes(request, {
      run: (argv, signal) => this.#runProbe(argv, signal),
      onReady: () => this.#advance({ type: 'ready' }, 'ready'),
      onHealthChanged: () => context.onHealthChanged(this),
      onFailed: (why) => this.#fail(why),
    });
  }

  get state(): TreeState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  get leader(): ProcessStat | undefined {
    return this.#identity;
  }

  get lifetime(): Lifetime {
    return this.#context.lifetime;
  }

  get output(): TreeOutput {
    return this.#context.output;
  }

  get figures(): Figures {
    return this.course.figures;
  }

  get container(): Container {
    return this.#container;
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  /** Milliseconds since 1970. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Whether somebody has wanted it to end, or it is not known how it has. */
  get endWasWanted(): boolean {
    return this.#stopRequested || this.#adopted;
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
   * @throws CannotStartError; the tree has then failed and ended.
   */
  async start(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    try {
      this.#container = this.#context.contain();
      const spawn = await prepareLeader(this.#context.platform, this.#container, this.request, this.id, this.output.logPath);
      if (this.#stopRequested) throw new CannotStartError(`'${this.request.name}' was stopped before it was started.`);
      const { output } = this.#context;
      this.#context.onSpawning();
      const leader = spawn({
        onOutput: (chunk) => {
          output.write(chunk);
          this.probes.heard(chunk);
        },
        onOutputEnd: () => output.finish(),
        onExit: (status) => this.#leaderExited(leader.pid, status),
      });
      this.#leader = leader;
      if (leader.known) {
        await leader.known;
        this.#container.admit(leader.pid);
      }
      const identity = this.#context.platform.stat(leader.pid) ?? alreadyCollected(this.#context.platform, leader.pid);
      // A session of its own by definition; the new process may be a moment away from having made it.
      this.#identity = { ...identity, group: leader.pid, session: leader.pid };
      output.attach(leader);
      this.#context.onSpawned(this.#identity);
    } catch (error) {
      const problem = error instanceof CannotStartError ? error : new CannotStartError(errorText(error));
      this.#advance({ type: 'spawnFailed' }, problem.message);
      this.#end();
      throw problem;
    }
    const { awaited } = this.probes;
    this.#advance({ type: 'spawned', awaited }, awaited ? 'not ready yet' : 'running');
    this.probes.begin();
  }

  /** Takes over a tree whose warden is dead. Nobody will ever know how its leader ends: it is no child of ours. */
  adopt(leader: ProcessStat, container: Container): void {
    this.#container = container;
    this.#identity = leader;
    this.#exit = unknownExit;
    this.#adopted = true;
    this.#leader = followAdopted(leader.pid, this.output);
    this.#context.onSpawned(leader);
    this.#advance({ type: 'spawned', awaited: false }, 'found again after its warden had been killed');
  }

  /** False for one that was taken over: what it was started with, its environment above all, is not on record. */
  get canRestart(): boolean {
    return !this.#adopted;
  }

  /** Resolves when nobody is left, or nobody can be killed any more. Asking again joins the stop that is under way. */
  async stop(reason: string, steps: readonly StopStep[] = this.request.stop, now = false): Promise<void> {
    if (this.ended) return;
    this.#stopRequested = true;
    // One that is not spawned yet will not be.
    if (this.#identity === undefined) await this.#starting?.catch(() => undefined);
    if (this.ended) return;
    if (!this.#stopping) {
      if (!this.#advance({ type: 'stopRequested' }, reason)) return;
      this.#stopping = this.#terminate(now ? [] : steps);
    }
    if (now) this.#stopping.hurry.abort();
    await this.#stopping.done;
  }

  signal(signal: NodeJS.Signals, pid?: number): SignalOutcome {
    const targets = this.#context.alive().filter((process) => pid === undefined || process.pid === pid);
    const outcomes = targets.map((process) =>
      pid === undefined ? this.#signal(process, signal) : this.#context.platform.signal(process, signal),
    );
    return outcomes.find((outcome) => outcome === 'denied') ?? outcomes.at(0) ?? 'gone';
  }

  write(data: Buffer): void {
    this.#leader?.write(data);
  }

  resize(dimensions: Dimensions): void {
    this.#leader?.resize(dimensions);
  }

  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(at: number, processes: readonly ProcessStat[], readings: Readings): HistoryPoint | undefined {
    if (this.ended) return undefined;
    return this.course.measure(at, this.#identity, processes, readings, this.#container.cpuMillis());
  }

  /** Of one member, or of the tree as a whole. */
  details(pid?: number): Details {
    const { platform, alive } = this.#context;
    if (pid === undefined) return { ...detailsOf(platform, alive()), container: this.#container.usage() };
    return detailsOf(
      platform,
      alive().filter((process) => process.pid === pid),
    );
  }

  /** Takes note of how many members were seen alive: members that have kept a tree going may have ended by themselves. */
  observe(alive: number): void {
    if (alive === 0 && this.#livesByMembers() && !this.#confirming) void this.#endIfGone();
  }

  /** Lets go of descriptors that somebody outside the tree may hold the other end of. */
  dispose(): void {
    this.#leader?.close();
    this.#context.output.finish();
  }

  snapshot(): TreeSnapshot {
    return snapshotOf(this);
  }

  /** It is of no use as it is: it ends by itself, as if its leader had failed. */
  #fail(why: string): void {
    if (this.#stopping || !this.#advance({ type: 'stopRequested' }, why)) return;
    this.#failure = why;
    this.#stopping = this.#terminate(this.request.stop);
  }

  async #runProbe(argv: readonly [string, ...string[]], signal: AbortSignal): Promise<string | undefined> {
    const { platform, alive, onCommandSpawned, onCollected } = this.#context;
    const surroundings = { platform, alive, container: this.#container, tree: this.id, request: this.request };
    return await runProbeCommand({ ...surroundings, onSpawned: onCommandSpawned, onCollected }, argv, signal);
  }

  #leaderExited(pid: number, status: ExitStatus): void {
    this.#exit = status;
    this.#context.onCollected(pid);
    void this.#settle(status);
  }

  /** After the leader's end: what becomes of the others. */
  async #settle(status: ExitStatus): Promise<void> {
    const { runMillis } = this;
    const ok = status.code === 0;
    const gone = await isGone(this.#context);
    // A stop may have taken over meanwhile.
    if (this.#state !== 'ready' && this.#state !== 'starting') return;
    const policy = this.request.whenLeaderExits;
    const limit = this.#context.limitReached();
    const said = limit === undefined ? describeExit(status) : `${describeExit(status)}: ${limit}`;
    // Of one that goes into the background, the others may still become ready.
    if (gone || policy === 'kill') this.#failure = failureOf(this.request, this.#state, { said, ok, runMillis });
    const why = this.#failure ?? said;
    const reason = gone ? why : `${why}, ${countMembers(this.#context.alive().length)} left`;
    this.#advance({ type: 'leaderExited', ok: ok && this.#failure === undefined, membersLeft: !gone, policy }, reason);
    if (gone) this.#end();
    else if (policy === 'kill') this.#stopping = this.#terminate(this.request.stop);
  }

  #livesByMembers(): boolean {
    const mayEnd = this.#state === 'exited' || this.#state === 'unkillable' || (this.#adopted && this.#state === 'ready');
    return mayEnd && this.#exit !== undefined && !this.#stopping && !this.ended;
  }

  async #endIfGone(): Promise<void> {
    this.#confirming = true;
    const gone = await isGone(this.#context);
    this.#confirming = false;
    if (!gone || !this.#livesByMembers()) return;
    // Of one that was taken over, all have ended by themselves.
    this.#advance({ type: 'leaderExited', ok: true, membersLeft: false, policy: 'kill' }, describeExit(unknownExit));
    this.#finish(false);
  }

  #terminate(steps: readonly StopStep[]): Stopping {
    this.probes.dispose();
    const hurry = new AbortController();
    const done = this.#escalate(steps, hurry.signal).finally(() => {
      this.#stopping = undefined;
    });
    return { hurry, done };
  }

  async #escalate(steps: readonly StopStep[], hurry: AbortSignal): Promise<void> {
    const { forced, survivors } = await terminate(
      {
        alive: () => this.#context.alive(),
        signal: (target, signal) => this.#signal(target, signal),
        killAll: () => this.#container.killAll(),
        onStep: (signal) => this.#context.onEscalated(signal),
      },
      steps,
      hurry,
    );
    if (survivors.length > 0) {
      this.#advance({ type: 'stuck' }, describeSurvivors(survivors));
      return;
    }
    // The kernel has ended the leader; Node tells its exit status a turn or two later.
    await this.#exitKnown();
    this.#finish(forced);
  }

  /** A keeper would take a gentle signal for its own, and with it the container would go, and everybody in it, ungently. */
  #signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const gentle = signal !== 'SIGKILL' && signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    if (gentle && this.#container.leaderIsKeeper && target.pid === this.#identity?.pid) return 'sent';
    const outcome = this.#context.platform.signal(target, signal);
    // The last thing that a program without console and window may understand: nothing more will be asked of it.
    if (outcome === 'unheard' && target.pid === this.#identity?.pid) this.#leader?.endInput();
    return outcome;
  }

  async #exitKnown(): Promise<void> {
    while (this.#exit === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  #finish(forced: boolean): void {
    const ok = this.#stopRequested || (this.#failure === undefined && (this.#adopted || this.#exit?.code === 0));
    const said = this.#failure ?? (this.#exit ? describeExit(this.#exit) : this.#reason);
    const why = this.#stopRequested ? this.#reason : said;
    this.#advance({ type: 'gone', forced: forced && this.#stopRequested, ok }, why);
    this.#end();
  }

  #end(): void {
    if (this.ended) return;
    this.#endedAt = Date.now();
    this.probes.dispose();
    this.#container.dispose();
    this.course.end();
    // Otherwise what is still on its way through pty or pipes comes first, and its end ends the output.
    if (this.#adopted) this.#leader?.close();
    if (this.#leader === undefined || this.request.stdio === 'inherit') this.#context.output.finish();
    this.#context.onEnded(this);
  }

  /** False where the event means nothing in the present state. */
  #advance(event: TreeEvent, reason: string): boolean {
    const next = nextState(this.#state, event);
    if (next === undefined) return false;
    this.#state = next;
    this.#reason = reason;
    this.#context.onStateChanged(this);
    return true;
  }
}
