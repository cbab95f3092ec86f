import { performance } from 'node:perf_hooks';
import { type Container, type Containers, uncontained } from '../../platform/container.ts';
import { type Platform, type ProcessIdentity, type ProcessStat, type SignalOutcome, sameProcess } from '../../platform/platform.ts';
import type { External, Guard, Hold } from '../../protocol/external.ts';
import type { FollowRequest } from '../../protocol/externalRequests.ts';
import type { Details, HistoryPoint } from '../../protocol/figures.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest, StopStep } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { ifReadable } from '../ending/ifReadable.ts';
import { endAll, isGone } from '../ending/termination.ts';
import { limitMarkOf } from '../marks.ts';
import { TreeOutput } from '../output/treeOutput.ts';
import { detailsOf } from '../trees/details.ts';
import { unknownExit, withMembersLeft } from '../trees/exits.ts';
import { MemberSignals } from '../trees/memberSignals.ts';
import type { Membership } from '../trees/membership.ts';
import type { Figures, Readings } from '../trees/meter.ts';
import type { TreeEmitter } from '../trees/treeEvents.ts';
import { TreeMetrics } from '../trees/treeMetrics.ts';
import { canBeginEnd, nextPhase, stateOf, type TreeEvent, type TreePhase } from '../trees/treePhase.ts';
import type { ObservedTree } from '../trees/treeView.ts';
import { isBirthMark } from './birthMarks.ts';

export interface ExternalTreeParts {
  readonly platform: Platform;
  readonly membership: Membership;
  readonly containers: Containers;
  readonly events: TreeEmitter;
  /** Living members, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
}

/** Maximum number of passes in which members are marked: each finds what was born during the one before. */
const maxPasses = 20;

/** A process that Tree Warden did not start, with all that descends from it. */
export class ExternalTree implements ObservedTree {
  readonly id: TreeId;
  readonly leader: ProcessStat;
  readonly commandLine: string;
  readonly startedAt = Date.now();
  readonly lifetime = 'managed';
  readonly output = new TreeOutput(undefined);
  readonly metrics = new TreeMetrics();
  readonly probes = { health: 'unknown', unhealthyReason: undefined } as const;
  readonly rawSocket = undefined;
  readonly warning = undefined;
  readonly limit = undefined;
  /** How long it waits for the next owner of the warden, in milliseconds. */
  keepMillis: number;
  request: StartRequest;
  readonly #parts: ExternalTreeParts;
  readonly #begunAt = performance.now();
  #kind: FollowRequest['kind'];
  #guard: Guard = 'watched';
  #hold: Hold = 'descent';
  #container: Container = uncontained;
  #phase: TreePhase = { at: 'living', state: 'ready' };
  #reason: Text = '';
  #isLeaderGone = false;
  #confirmation: Promise<void> | undefined;
  readonly #marked = new Map<number, ProcessIdentity>();

  constructor(id: TreeId, leader: ProcessStat, commandLine: string, request: FollowRequest, parts: ExternalTreeParts) {
    this.id = id;
    this.leader = leader;
    this.commandLine = commandLine;
    this.keepMillis = request.keepMillis;
    this.request = requestOf(request, commandLine);
    this.#kind = request.kind;
    this.#parts = parts;
  }

  get state(): TreeState {
    return stateOf(this.#phase);
  }

  get reason(): Text {
    return this.#reason;
  }

  get ended(): boolean {
    return this.#phase.at === 'over';
  }

  get endedAt(): number | undefined {
    return this.#phase.at === 'over' ? this.#phase.endedAt : undefined;
  }

  get exit(): ExitStatus | undefined {
    return this.#isLeaderGone ? unknownExit : undefined;
  }

  get runMillis(): number {
    return Math.round(performance.now() - this.#begunAt);
  }

  get container(): Container {
    return this.#container;
  }

  get figures(): Figures {
    return this.metrics.figures;
  }

  get endWasWanted(): boolean {
    return true;
  }

  get stopLeft(): readonly StopStep[] {
    return this.request.stop;
  }

  get external(): External {
    return {
      kind: this.#kind,
      guard: this.#guard,
      hold: this.#hold,
      ...(this.#phase.at === 'leaderless' && { left: true }),
    };
  }

  /** Its name and its kind are other ones by now: a terminal has become a task's. */
  rename(request: FollowRequest): void {
    this.request = requestOf(request, this.commandLine);
    this.keepMillis = request.keepMillis;
    this.#kind = request.kind;
  }

  /** Marks what runs of it by now, or takes the marks off again. What it starts meanwhile is found in a further pass. */
  setGuard(guard: Guard): void {
    if (guard === this.#guard || this.ended) return;
    this.#guard = guard;
    // Where the process table cannot be read, what can be done of it is done, and it is shown as held by descent.
    if (guard === 'watched') this.#release();
    else this.#hold = ifReadable(() => this.#mark()) ?? 'descent';
    if (guard === 'guarded') ifReadable(() => this.#takeIn());
    this.#parts.events.emit('stateChanged', this);
    if (guard === 'guarded' && this.#phase.at === 'leaderless') this.#beginEnd(this.request.stop, localizable('firstProcessEnded'), false);
  }

  /** Resolves when no process is left, or none can be killed any more. Asking again joins the stop that is under way. */
  async stop(reason: Text, steps: readonly StopStep[] = this.request.stop, now = false): Promise<void> {
    this.#advance({ type: 'endRequested' });
    this.#beginEnd(now ? [] : steps, reason, true);
    if (this.#phase.at !== 'ending') return;
    const { escalation } = this.#phase;
    if (now) escalation.hurry.abort();
    await escalation.done;
  }

  signal(signal: NodeJS.Signals, pid?: number, startTime?: number): SignalOutcome {
    return this.#signals().send(signal, pid, startTime);
  }

  measure(at: number, processes: readonly ProcessStat[], readings: Readings): HistoryPoint | undefined {
    if (this.ended) return undefined;
    return this.metrics.measure(at, this.leader, processes, readings, undefined);
  }

  async details(pid?: number): Promise<Details> {
    const processes = this.#parts.alive().filter((process) => pid === undefined || process.pid === pid);
    return await detailsOf(this.#parts.platform, processes);
  }

  /** Its first process is no child of the warden: that it has ended is seen, not told. */
  observe(alive: number): void {
    this.#isLeaderGone ||= ifReadable(() => !this.#isLeaderAlive()) === true;
    const { at } = this.#phase;
    if (at === 'living' && this.#isLeaderGone && alive > 0) this.#leaderEnded();
    else if (alive === 0 && (at === 'living' || at === 'leaderless' || at === 'stuck'))
      this.#confirmation ??= this.#endIfGone().finally(() => {
        this.#confirmation = undefined;
      });
  }

  #isLeaderAlive(): boolean {
    const now = this.#parts.platform.stat(this.leader.pid);
    return now?.alive === true && sameProcess(now, this.leader);
  }

  #leaderEnded(): void {
    if (this.#guard === 'guarded') this.#beginEnd(this.request.stop, localizable('firstProcessEnded'), false);
    else
      this.#advance(
        { type: 'leaderExited', verdict: 'exited', membersLeft: true },
        withMembersLeft(localizable('firstProcessEnded'), this.#parts),
      );
  }

  async #endIfGone(): Promise<void> {
    if (!(await isGone(this.#parts))) return;
    const { at } = this.#phase;
    if (at === 'living') this.#advance({ type: 'leaderExited', verdict: 'exited', membersLeft: false }, localizable('ended'));
    else if (at === 'leaderless' || at === 'stuck') this.#advance({ type: 'gone', forced: false, verdict: 'exited' });
    else return;
    this.#finish();
  }

  #beginEnd(steps: readonly StopStep[], reason: Text, requested: boolean): void {
    if (!canBeginEnd(this.#phase)) return;
    const hurry = new AbortController();
    // Behind this turn's work: others are told of the phase before they are told of the first signal.
    const done = Promise.resolve().then(() => this.#escalate(steps, hurry.signal));
    this.#advance({ type: 'endBegun', escalation: { hurry, done }, requested }, reason);
  }

  async #escalate(steps: readonly StopStep[], hurry: AbortSignal): Promise<void> {
    const target = this.#signals().target((signal) => this.#parts.events.emit('escalated', this, signal));
    const { forced, left } = await endAll(target, steps, hurry);
    this.#isLeaderGone ||= ifReadable(() => !this.#isLeaderAlive()) === true;
    if (left !== undefined) {
      this.#advance({ type: 'stuck' }, left);
      return;
    }
    this.#isLeaderGone = true;
    this.#advance({ type: 'gone', forced, verdict: 'exited' });
    this.#finish();
  }

  #signals(): MemberSignals {
    const { platform, alive } = this.#parts;
    return new MemberSignals({ platform, alive, container: this.#container, process: { identity: this.leader, link: undefined } });
  }

  #finish(): void {
    if (!this.#advance({ type: 'released', at: Date.now() })) return;
    this.#container.dispose();
    this.metrics.end();
    this.output.finish();
    this.#parts.events.emit('ended', this);
  }

  /** By what its processes are held now. One that carries another mark is followed by its parent, as before. */
  #mark(): Hold {
    const { platform, membership, alive } = this.#parts;
    const mark = limitMarkOf(this.id);
    membership.recognise(this.id, this.#container);
    for (let pass = 0; pass < maxPasses; pass++) {
      const fresh = alive().filter(({ pid, startTime }) => this.#marked.get(pid)?.startTime !== startTime);
      if (fresh.length === 0) break;
      for (const process of fresh) {
        this.#marked.set(process.pid, process);
        const before = platform.marksOf(process.pid)?.limit;
        if (before === undefined || isBirthMark(before)) platform.markRunning(process, mark, before);
      }
    }
    return platform.marksOf(this.leader.pid)?.limit === mark ? 'marks' : 'descent';
  }

  #takeIn(): void {
    const { platform, containers, membership, alive } = this.#parts;
    if (this.#isLeaderGone) return;
    const container = containers.contain('auto', this.id);
    if (!this.#takeInOne(container, this.leader)) {
      container.putBack();
      container.dispose();
      return;
    }
    this.#container = container;
    membership.recognise(this.id, container);
    for (let pass = 0; pass < maxPasses; pass++) {
      const inside = new Set(container.pids());
      // What carries another mark is another warden's, and in a cgroup of its own.
      const outside = alive().filter(({ pid }) => !inside.has(pid) && platform.marksOf(pid)?.limit === limitMarkOf(this.id));
      if (outside.length === 0) this.#hold = 'container';
      if (!outside.map((process) => this.#takeInOne(container, process)).some(Boolean)) break;
    }
  }

  /** False where it is not the process that was meant, or the system does not allow it. */
  #takeInOne(container: Container, process: ProcessIdentity): boolean {
    const isStill = (): boolean => this.#parts.platform.stat(process.pid)?.startTime === process.startTime;
    if (!isStill() || !container.takeIn(process.pid)) return false;
    if (isStill()) return true;
    // It has ended in between, and its pid is another one's by now: that one is where it was, or nothing is held.
    container.putBack();
    return false;
  }

  #release(): void {
    const { platform, membership, alive } = this.#parts;
    const mark = limitMarkOf(this.id);
    for (const process of ifReadable(alive) ?? []) platform.markRunning(process, undefined, mark);
    this.#marked.clear();
    const isBack = ifReadable(() => this.#container.putBack()) === true;
    if (isBack) {
      this.#container.dispose();
      this.#container = uncontained;
    }
    this.#hold = isBack ? 'descent' : 'container';
    membership.recogniseNoMore(this.id);
  }

  /** False where the event means nothing in the present phase. */
  #advance(event: TreeEvent, reason = this.#reason): boolean {
    const next = nextPhase(this.#phase, event);
    if (next === undefined) return false;
    const isNews = stateOf(next) !== this.state || reason !== this.#reason;
    this.#phase = next;
    this.#reason = reason;
    if (isNews) this.#parts.events.emit('stateChanged', this);
    return true;
  }
}

function requestOf({ name, kind, stop }: FollowRequest, commandLine: string): StartRequest {
  return {
    name,
    group: kind,
    argv: [commandLine],
    cwd: '',
    env: {},
    stdio: 'inherit',
    stop,
    whenLeaderExits: 'kill',
    containment: 'auto',
  };
}
