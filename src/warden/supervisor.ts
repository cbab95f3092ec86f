import { randomUUID } from 'node:crypto';
import type { Containers } from '../platform/container.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { Lifetime, LimitAction, SignalRequest, StartRequest, StopRequest, TreeId, TreeSnapshot } from '../protocol/messages.ts';
import type { Records, TreeRecord } from '../records/records.ts';
import type { Switch } from './ending/deadMansSwitch.ts';
import { killAll } from './ending/leftovers.ts';
import type { Journal } from './journal.ts';
import { TreeLogs } from './output/treeLogs.ts';
import { TreeOutput } from './output/treeOutput.ts';
import { RequestError } from './requestError.ts';
import { Rounds } from './rounds.ts';
import { assertSent } from './signalOutcome.ts';
import { findDetached } from './trees/adoption.ts';
import { LimitKeeper, type WindowLimits } from './trees/limitKeeper.ts';
import type { LimitName } from './trees/limits.ts';
import type { Census, Membership } from './trees/membership.ts';
import { Restarts } from './trees/restarts.ts';
import { Sampler } from './trees/sampler.ts';
import { Strays } from './trees/strays.ts';
import { Tree } from './trees/tree.ts';
import { journalEnd, journalState } from './trees/treeJournal.ts';
import { TreeRecords } from './trees/treeRecords.ts';

export interface SupervisorParts {
  readonly platform: Platform;
  readonly membership: Membership;
  readonly records: Records;
  readonly journal: Journal;
  readonly deadMansSwitch: Switch;
  readonly containers: Containers;
  readonly lifetime: Lifetime;
  readonly windowLimits: WindowLimits;
  readonly logFolder: string;
  /** See {@link Sampler}. */
  readonly keepHistory: boolean;
  /** A person has to be told. */
  alert(message: string): void;
}

/** Trees that have ended stay listed, with their output, until this many newer ones have. */
const endedKept = 20;

/** Owns the trees: starts and ends them, and keeps records, switch and journal in step with who lives. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #trees = new Map<TreeId, Tree>();
  readonly #records: TreeRecords;
  readonly #limits: LimitKeeper;
  readonly #logs: TreeLogs;
  readonly #listeners = new Set<() => void>();
  readonly #rounds: Rounds;
  readonly #strays: Strays;
  readonly #sampler: Sampler;
  readonly #restarts: Restarts;
  #closing = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#sampler = new Sampler(parts);
    this.#restarts = new Restarts({ ...parts, launch: (request) => this.#launch(request), onChange: () => this.#changed() });
    this.#records = new TreeRecords({ ...parts, bootId: parts.platform.bootId });
    this.#logs = new TreeLogs(parts);
    this.#limits = new LimitKeeper(parts.windowLimits, (tree, action, limit, reason) => void this.#actOnLimit(tree, action, limit, reason));
    this.#strays = new Strays(parts.lifetime);
    this.#rounds = new Rounds({
      look: () => void this.#census(false),
      lookThoroughly: () => void this.sample(true),
      anybody: () => this.running.length > 0 || this.#strays.startedAt > 0,
      intervalMillis: () => this.#limits.intervalMillis,
    });
  }

  /** Those that have not ended. */
  get running(): readonly Tree[] {
    return [...this.#trees.values()].filter((tree) => !tree.ended);
  }

  /** Whether there is anything that runs, or will. */
  get isIdle(): boolean {
    return this.#restarts.waiting === 0 && this.snapshots().every((tree) => tree.endedAt !== undefined);
  }

  snapshots(): TreeSnapshot[] {
    return [...this.#trees.values(), this.#strays].flatMap((tree) => tree.snapshot() ?? []);
  }

  /** Hears of every transition, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Undefined where it has ended and been forgotten. */
  peek(id: TreeId): Tree | undefined {
    return this.#trees.get(id);
  }

  find(id: TreeId): Tree {
    const tree = this.peek(id);
    if (!tree) throw new RequestError('noSuchTree', `There is no tree ${id}; it may have ended and been forgotten.`);
    return tree;
  }

  /** At somebody's wish: what has failed before counts no more. */
  async start(request: StartRequest): Promise<TreeSnapshot> {
    this.#restarts.reset(request.name);
    return await this.#launch(request);
  }

  async #launch(request: StartRequest): Promise<TreeSnapshot> {
    if (this.#closing) throw new RequestError('notPossible', `'${request.name}' was not started: this warden is shutting down.`);
    const running = this.running;
    const namesake = running.find((tree) => tree.request.name === request.name);
    if (namesake)
      throw new RequestError(
        'nameTaken',
        `'${request.name}' is already running (pid ${namesake.leader?.pid ?? 'unknown'}, ${namesake.state}).`,
      );
    const { maxTrees } = this.#parts.windowLimits;
    if (running.length >= maxTrees)
      throw new RequestError(
        'notPossible',
        `'${request.name}' was not started: ${running.length} trees are running, which is the limit (tree-warden.maxTrees).`,
      );
    const tree = this.#makeTree(randomUUID() as TreeId, this.#complete(request));
    tree.restarts = this.#restarts.count(request.name, request.restart);
    try {
      await tree.start();
    } catch (error) {
      this.#trees.delete(tree.id);
      throw new RequestError('startFailed', errorText(error));
    }
    return tree.snapshot();
  }

  /** Takes over what the detached tree of a dead warden has left running; nothing where nobody of it is alive. */
  adopt(record: TreeRecord): void {
    const { platform, journal, membership } = this.#parts;
    const found = findDetached(platform, record);
    if (found === undefined) return;
    const { request, commandLine, log, leader, members, container } = found;
    const tree = this.#makeTree(record.tree, request, { startedAt: record.startedAt, commandLine, log });
    membership.addAdopted(members, record.tree);
    tree.adopt(leader, container);
    // It is no child of ours: its end is nobody's to collect here.
    membership.forgetSpawned(leader.pid);
    journal.write({ event: 're-attached', tree: tree.id, spec: record.name, pid: leader.pid, reason: `${members.length} members` });
  }

  /** What the warden adds to a request: its own default limits, and where a detached one writes to. */
  #complete(request: StartRequest): StartRequest {
    const { timeMillis } = this.#parts.windowLimits;
    const limits = { ...(timeMillis > 0 && { timeMillis }), ...request.limits };
    return {
      ...request,
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(this.#parts.lifetime === 'detached' && { stdio: 'file' }),
    };
  }

  #makeTree(
    id: TreeId,
    request: StartRequest,
    past?: { readonly startedAt: number; readonly commandLine: string; readonly log: string },
  ): Tree {
    const output = new TreeOutput(this.#logs.logFor(id, request, past?.log), request.awaitReader);
    const tree: Tree = new Tree(
      id,
      request,
      {
        platform: this.#parts.platform,
        lifetime: this.#parts.lifetime,
        output,
        contain: () => this.#parts.containers.contain(request.containment, id),
        alive: () => this.#alive(id),
        limitReached: () => this.#limits.causeOfDeath(id),
        onSpawning: () => this.#records.write(tree, undefined, []),
        onSpawned: (leader) => this.#spawned(tree, leader),
        onCommandSpawned: (pid) => this.#parts.membership.addSpawned(pid),
        onCollected: (pid) => this.#parts.membership.forgetSpawned(pid),
        onStateChanged: () => this.#stateChanged(tree),
        onHealthChanged: () => this.#healthChanged(tree),
        onEscalated: (signal) => this.#parts.journal.write({ event: 'escalation', tree: id, spec: request.name, signal }),
        onEnded: () => this.#ended(tree),
      },
      past,
    );
    this.#trees.set(id, tree);
    return tree;
  }

  async stop({ tree: id, now, reason, steps }: StopRequest): Promise<TreeSnapshot> {
    const strays = id === this.#strays.id ? this.#strays.snapshot() : undefined;
    if (strays) {
      await this.#killStrays();
      this.#census(true);
      return { ...strays, state: 'killed', reason, endedAt: Date.now() };
    }
    const tree = this.find(id);
    // One that waits for its next start is not to have it.
    if (tree.ended) this.#restarts.cancel(tree.request.name);
    await tree.stop(reason, steps, now);
    return tree.snapshot();
  }

  async restart(request: StopRequest): Promise<TreeSnapshot> {
    const tree = this.find(request.tree);
    if (!tree.canRestart)
      throw new RequestError(
        'notPossible',
        `'${tree.request.name}' was found again after a crash, and what it was started with is not on record: stop it, and start it anew.`,
      );
    tree.restarting = true;
    try {
      const { state, reason } = await this.stop(request);
      if (state === 'unkillable')
        throw new RequestError('notPossible', `'${tree.request.name}' was not restarted, because the old one is ${reason}.`);
      return await this.start({ ...tree.request, awaitReader: false });
    } catch (error) {
      // Whoever waits for the next one is not to wait any longer.
      this.#restarts.giveUp(tree);
      throw error;
    }
  }

  signal({ tree: id, signal, pid }: SignalRequest): void {
    const tree = this.find(id);
    const outcome = tree.signal(signal, pid);
    this.#parts.journal.write({
      event: 'signal',
      tree: id,
      spec: tree.request.name,
      signal,
      ...(pid !== undefined && { pid }),
      reason: outcome,
    });
    const target = pid === undefined ? `'${tree.request.name}'` : `process ${pid} of '${tree.request.name}'`;
    assertSent(outcome, signal, target);
  }

  /** All that it knows, by a fresh and thorough look. */
  survey(): { readonly trees: readonly Tree[]; readonly census: Census } {
    return { census: this.#parts.membership.census(true), trees: [...this.#trees.values()] };
  }

  /** Reads every member's figures now. */
  async sample(thorough = false): Promise<void> {
    await this.#sampler.sample(
      () => this.#census(thorough),
      () => this.#trees.values(),
      this.#strays,
    );
    this.#limits.check(this.running);
  }

  /** Stops everything, strays too; resolves when nobody is left who can be killed. */
  async shutdown(reason: string, now: boolean): Promise<void> {
    this.#closing = true;
    this.#restarts.cancelAll();
    await Promise.all(Array.from(this.#trees.values(), (tree) => tree.stop(reason, undefined, now)));
    await this.#killStrays();
  }

  /** Resolves when what is kept is on its way to the disk. */
  async close(): Promise<void> {
    await this.#sampler.close();
  }

  /** To be called last: nothing is watched any more. */
  dispose(): void {
    this.#rounds.dispose();
    this.#listeners.clear();
  }

  async #actOnLimit(tree: Tree, action: LimitAction, limit: LimitName, reason: string): Promise<void> {
    this.#parts.journal.write({ event: 'limit-reached', tree: tree.id, spec: tree.request.name, limit, reason: `${reason}: ${action}` });
    if (action === 'warn') {
      tree.warning = reason;
      this.#parts.alert(`'${tree.request.name}': ${reason}.`);
      this.#changed();
    } else if (action === 'restart') {
      await this.restart({ tree: tree.id, now: false, reason }).catch((error: unknown) => this.#parts.alert(errorText(error)));
    } else {
      await tree.stop(reason, undefined, action === 'kill');
    }
  }

  #census(thorough: boolean): Census {
    const census = this.#parts.membership.census(thorough);
    if (this.#strays.observe(census.strays)) this.#straysChanged(census.strays);
    this.#keepInStep(census);
    for (const tree of this.#trees.values()) {
      const alive = countAlive(census.members.get(tree.id));
      if (tree.ended && alive > 0) void this.#killLate(tree);
      else tree.observe(alive);
    }
    return census;
  }

  #alive(id: TreeId): ProcessStat[] {
    return (this.#parts.membership.census(true).members.get(id) ?? []).filter((process) => process.alive);
  }

  #straysChanged(strays: readonly ProcessStat[]): void {
    const names = strays.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
    if (names) this.#parts.journal.write({ event: 'strays', reason: `${names}: nothing says of which tree they are` });
    this.#changed();
  }

  /** What switch and records know must be who lives now. */
  #keepInStep({ members, strays }: Census): void {
    const running = this.running;
    const containers = running.flatMap((tree) => tree.container.path ?? []);
    // What is detached is not to be killed by it.
    if (this.#parts.lifetime === 'managed')
      this.#parts.deadMansSwitch.tell(
        [...members.values(), strays].flat().filter((process) => process.alive),
        containers,
      );
    for (const tree of running) {
      if (tree.leader) this.#records.write(tree, tree.leader, members.get(tree.id) ?? []);
    }
    this.#records.writeStrays(this.#strays, strays);
  }

  #spawned(tree: Tree, leader: ProcessStat): void {
    this.#parts.membership.addLeader(tree.id, leader, tree.container);
    this.#limits.add(tree);
    // In the same turn, so that records and switch know of it before anything else happens.
    this.#census(false);
    const { id, request, commandLine } = tree;
    this.#parts.journal.write({
      event: 'spawned',
      tree: id,
      spec: request.name,
      pid: leader.pid,
      pgid: leader.group,
      command: commandLine,
    });
    // So that whoever watches sees figures, not zeros, before the next interval.
    this.#rounds.greet(() => void this.sample().then(() => this.#changed()));
  }

  #stateChanged(tree: Tree): void {
    journalState(this.#parts.journal, tree);
    if (tree.state === 'unkillable')
      this.#parts.alert(`'${tree.request.name}' could not be ended: ${tree.reason}. It stays listed; end those processes by other means.`);
    this.#changed();
  }

  #healthChanged(tree: Tree): void {
    const { id, request, probes } = tree;
    this.#parts.journal.write({ event: 'health', tree: id, spec: request.name, state: probes.health, reason: probes.illness ?? '' });
    this.#changed();
  }

  #ended(tree: Tree): void {
    const { id, request } = tree;
    this.#parts.membership.forgetSession(id);
    this.#limits.remove(id);
    this.#records.remove(id);
    journalEnd(this.#parts.journal, tree);
    if (!this.#closing) this.#restarts.consider(tree);
    const ended = [...this.#trees.values()].filter((other) => other.ended && other.nextStartAt === undefined);
    const outdated = ended.filter((other) => other !== tree && other.request.name === request.name);
    for (const old of new Set([...outdated, ...ended.slice(0, -endedKept)])) {
      old.dispose();
      this.#parts.membership.forgetTree(old.id);
      this.#trees.delete(old.id);
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #killStrays(): Promise<void> {
    await killAll(this.#parts, () => this.#parts.membership.census(true).strays.filter((process) => process.alive));
  }

  /** Somebody of a tree that was believed to be gone: a process that every look has missed. */
  async #killLate(tree: Tree): Promise<void> {
    this.#parts.journal.write({
      event: 'late-member',
      tree: tree.id,
      spec: tree.request.name,
      reason: 'a member turned up after its tree had ended; it is killed',
    });
    await killAll(this.#parts, () => this.#alive(tree.id));
  }
}

function countAlive(processes: readonly ProcessStat[] = []): number {
  return processes.filter((process) => process.alive).length;
}
