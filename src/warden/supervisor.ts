import { EventEmitter } from 'node:events';
import type { Containers } from '../platform/container.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { Lifetime, TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { LimitAction, StartRequest } from '../protocol/startRequest.ts';
import type { RestartRequest, SignalRequest, StopRequest } from '../protocol/treeRequests.ts';
import type { Records, TreeRecord, WardenRecord } from '../records/records.ts';
import type { DeadMansSwitch } from './ending/deadMansSwitch.ts';
import type { Journal } from './journal.ts';
import type { Observers } from './observers.ts';
import { TreeLogs } from './output/treeLogs.ts';
import type { Declarations } from './reconciler/declarations.ts';
import { Reconciler } from './reconciler/reconciler.ts';
import { RequestError } from './requestError.ts';
import { assertSent } from './signalOutcome.ts';
import { recoverDetached } from './trees/adoption.ts';
import { LimitKeeper, type WindowLimits } from './trees/limitKeeper.ts';
import type { LimitName } from './trees/limits.ts';
import type { Census, Membership } from './trees/membership.ts';
import { snapshotOf } from './trees/snapshot.ts';
import type { Tree } from './trees/tree.ts';
import type { TreeEmitter, TreeEvents } from './trees/treeEvents.ts';
import { TreeFactory } from './trees/treeFactory.ts';
import { journalTrees } from './trees/treeJournal.ts';
import { TreeRecords } from './trees/treeRecords.ts';
import type { TreeView } from './trees/treeView.ts';
import { TreeWatch } from './trees/treeWatch.ts';

export interface SupervisorParts {
  readonly platform: Platform;
  readonly membership: Membership;
  readonly records: Records;
  readonly journal: Journal;
  readonly observers: Observers;
  readonly deadMansSwitch: DeadMansSwitch;
  readonly containers: Containers;
  readonly lifetime: Lifetime;
  readonly windowLimits: WindowLimits;
  readonly logFolder: string;
  /** See {@link Sampler}. */
  readonly keepHistory: boolean;
  /** Shows a message to the user. */
  alert(message: string): void;
}

/** Number of ended trees that stay listed, with their output. */
const endedKept = 20;

/** Owns the trees: starts and ends them, and informs every part of the warden of their events. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #trees = new Map<TreeId, Tree>();
  readonly #events: TreeEmitter = new EventEmitter<TreeEvents>();
  readonly #listeners = new Set<() => void>();
  readonly #records: TreeRecords;
  readonly #limits: LimitKeeper;
  readonly #logs: TreeLogs;
  readonly #factory: TreeFactory;
  readonly #watch: TreeWatch;
  readonly #reconciler: Reconciler;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#records = new TreeRecords({ ...parts, bootId: parts.platform.bootId });
    this.#logs = new TreeLogs({ logFolder: parts.logFolder, onFailure: (tree, name, error) => this.#logFailed(tree, name, error) });
    this.#limits = new LimitKeeper(parts.windowLimits, (tree, action, limit, reason) => this.#actOnLimit(tree, action, limit, reason));
    this.#watch = new TreeWatch({
      ...parts,
      records: this.#records,
      limits: this.#limits,
      trees: () => this.#trees.values(),
      onChange: () => this.#changed(),
    });
    this.#factory = new TreeFactory({
      ...parts,
      logs: this.#logs,
      events: this.#events,
      alive: (id) => this.#watch.alive(id),
      causeOfDeath: (id) => this.#limits.causeOfDeath(id),
    });
    this.#reconciler = new Reconciler({
      ...parts,
      create: (request) => this.#create(request),
      discard: (tree) => this.#trees.delete(tree.id),
      onChange: () => this.#changed(),
    });
    this.#listen();
  }

  /** Trees that have not ended. */
  get running(): readonly Tree[] {
    return [...this.#trees.values()].filter((tree) => !tree.ended);
  }

  /** The declarations of clients, and the verbs for names. */
  get declarations(): Declarations {
    return this.#reconciler.declarations;
  }

  /** Whether nothing runs, or will. */
  get isIdle(): boolean {
    return this.#reconciler.isIdle && this.running.length === 0 && this.#watch.strays === undefined;
  }

  snapshots(): TreeSnapshot[] {
    const { strays } = this.#watch;
    return [...Array.from(this.#trees.values(), (tree) => this.#snapshotOf(tree)), ...(strays ? [strays] : [])];
  }

  /** @throws RequestError where it has ended and been forgotten. */
  snapshot(id: TreeId): TreeSnapshot {
    return this.#snapshotOf(this.find(id));
  }

  /** Hears of every transition: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Undefined where it has ended and been forgotten. */
  readonly peek = (id: TreeId): Tree | undefined => this.#trees.get(id);

  find(id: TreeId): Tree {
    const tree = this.peek(id);
    if (!tree) throw new RequestError('noSuchTree', `There is no tree ${id}; it may have ended and been forgotten.`);
    return tree;
  }

  /** @throws RequestError where a tree of this name runs, it cannot be started, or it is stopped meanwhile. */
  async start(request: StartRequest): Promise<TreeSnapshot> {
    return this.#snapshotOf(await this.#reconciler.start(request));
  }

  /** Takes over what the detached tree of a dead warden has left running; nothing where no process of it is alive. */
  adopt(record: TreeRecord, warden: WardenRecord): void {
    const { platform, journal, membership } = this.#parts;
    const found = recoverDetached(platform, record, warden);
    if (found === undefined) return;
    const { leader, members, container } = found;
    const tree = this.#factory.createRecovered(record, found);
    this.#trees.set(tree.id, tree);
    membership.addAdopted(members, record.tree);
    tree.adopt(leader, container);
    this.#reconciler.adopt(tree);
    // It is no child of this process: its exit status is collected by another one.
    membership.forgetSpawned(leader.pid);
    journal.write({ event: 're-attached', tree: tree.id, spec: record.name, pid: leader.pid, reason: `${members.length} members` });
  }

  /** Resolves with the snapshot after the stop, in which survivors are still listed; of strays, too. */
  async stop({ tree: id, now, reason, steps }: StopRequest): Promise<TreeSnapshot> {
    const { strays } = this.#watch;
    if (strays?.id === id) return await this.#watch.stopStrays(strays, reason);
    return this.#snapshotOf(await this.#reconciler.stop(this.find(id), { now, reason, ...(steps && { steps }) }));
  }

  /** @throws RequestError where the restart is not possible, or a stop has come between. */
  async restart({ tree, ...options }: RestartRequest): Promise<TreeSnapshot> {
    return this.#snapshotOf(await this.#reconciler.restart(this.find(tree), options));
  }

  signal({ tree: id, signal, pid }: SignalRequest): void {
    const tree = this.find(id);
    const outcome = tree.signal(signal, pid);
    const spec = tree.request.name;
    this.#parts.journal.write({ event: 'signal', tree: id, spec, signal, ...(pid !== undefined && { pid }), reason: outcome });
    assertSent(outcome, signal, pid === undefined ? `'${spec}'` : `process ${pid} of '${spec}'`);
  }

  /** All trees, with a fresh and thorough census. */
  survey(): { readonly trees: readonly TreeView[]; readonly census: Census } {
    return { census: this.#parts.membership.census(true), trees: [...this.#trees.values()] };
  }

  /** Reads every member's figures now. */
  async sample(): Promise<void> {
    await this.#watch.sample();
  }

  /** Stops everything, strays too; resolves when no process is left that can be killed. */
  async shutdown(reason: string, now: boolean): Promise<void> {
    this.#reconciler.close();
    await Promise.all(Array.from(this.#trees.values(), (tree) => tree.stop(reason, undefined, now)));
    await this.#watch.endTheRest();
  }

  /** Resolves when what is kept is on its way to the disk. */
  async close(): Promise<void> {
    await Promise.all([this.#watch.close(), this.#logs.close()]);
  }

  /** To be called last: nothing is watched any more. */
  dispose(): void {
    this.#watch.dispose();
    this.#listeners.clear();
  }

  #snapshotOf(tree: TreeView): TreeSnapshot {
    return snapshotOf(tree, this.#reconciler.standingOf(tree));
  }

  #create(request: StartRequest): Tree {
    const { running } = this;
    const { maxTrees } = this.#parts.windowLimits;
    if (running.length >= maxTrees)
      throw new RequestError(
        'notPossible',
        `'${request.name}' was not started: ${running.length} trees are running, which is the limit (tree-warden.maxTrees).`,
      );
    if (request.stdio === 'raw' && this.#parts.lifetime === 'detached')
      throw new RequestError(
        'notPossible',
        `'${request.name}' was not started: the stdin and stdout of a detached process would be lost with its warden (stdio "raw").`,
      );
    const tree = this.#factory.create(request);
    this.#trees.set(tree.id, tree);
    return tree;
  }

  /** The journal comes first, so that it has an event before its consequences. */
  #listen(): void {
    const events = this.#events;
    const { membership, journal } = this.#parts;
    journalTrees(events, journal);
    events.on('spawning', (tree) => this.#records.write(tree, undefined, []));
    events.on('spawned', (tree, leader) => this.#spawned(tree, leader));
    events.on('childSpawned', (pid) => membership.addSpawned(pid));
    events.on('collected', (pid) => membership.forgetSpawned(pid));
    events.on('stateChanged', (tree) => this.#stateChanged(tree));
    events.on('healthChanged', () => this.#changed());
    events.on('ended', (tree) => this.#ended(tree));
  }

  #spawned(tree: TreeView, leader: ProcessStat): void {
    this.#parts.membership.addLeader(tree.id, leader, tree.container);
    this.#limits.add(tree);
    this.#watch.spawned();
  }

  #stateChanged(tree: TreeView): void {
    if (tree.state === 'unkillable') {
      this.#reconciler.stuck(tree);
      this.#parts.alert(`'${tree.request.name}' could not be ended: ${tree.reason}. It stays listed; end those processes by other means.`);
    }
    this.#reconciler.changed(tree);
    this.#changed();
  }

  #ended(tree: TreeView): void {
    const { id, request } = tree;
    this.#parts.membership.forgetSession(id);
    this.#limits.remove(id);
    this.#records.remove(id);
    this.#reconciler.ended(tree);
    const ended = [...this.#trees.values()].filter((other) => other.ended && this.#reconciler.standingOf(other).nextStartAt === undefined);
    // One that could not be spawned is not listed, and pushes nothing out.
    const outdated = tree.leader ? ended.filter((other) => other.id !== id && other.request.name === request.name) : [];
    for (const old of new Set([...outdated, ...ended.slice(0, -endedKept)])) this.#forget(old);
    this.#changed();
  }

  #forget(tree: Tree): void {
    tree.dispose();
    this.#parts.membership.forgetTree(tree.id);
    this.#watch.forget(tree.id);
    this.#trees.delete(tree.id);
    this.#reconciler.forget(tree);
  }

  #actOnLimit({ id }: TreeView, action: LimitAction, limit: LimitName, reason: string): void {
    const tree = this.find(id);
    this.#parts.journal.write({ event: 'limit-reached', tree: id, spec: tree.request.name, limit, reason: `${reason}: ${action}` });
    if (action === 'warn') {
      tree.warning = reason;
      this.#parts.alert(`'${tree.request.name}': ${reason}.`);
      this.#changed();
    } else {
      if (action !== 'restart') tree.limit = reason;
      this.#reconciler.limit(tree, action === 'restart' ? 'restart' : 'stop', { reason, now: action === 'kill' });
    }
  }

  #logFailed(tree: TreeId, name: string, error: Error): void {
    this.#parts.journal.write({ event: 'log-failed', tree, spec: name, reason: errorText(error) });
    this.#parts.alert(`The log of '${name}' cannot be written: ${errorText(error)}. It runs on, and its newest output stays in memory.`);
  }

  #changed(): void {
    for (const listener of this.#listeners) this.#parts.observers.runNow('Telling clients of the trees', listener, undefined);
  }
}
