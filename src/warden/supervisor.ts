import { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import { displayCommandLine } from '../command/commandLine.ts';
import type { Containers } from '../platform/container.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { Lifetime, TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { LimitAction, StartRequest } from '../protocol/startRequest.ts';
import { localizable, reasonIn, type Text } from '../protocol/texts.ts';
import type { RestartRequest, SignalRequest, StopRequest } from '../protocol/treeRequests.ts';
import type { Records, TreeRecord, WardenRecord } from '../records/records.ts';
import { runsFolder } from '../records/runFiles.ts';
import { Cleaner } from './ending/cleaner.ts';
import type { DeadMansSwitch } from './ending/deadMansSwitch.ts';
import type { ExternalTree } from './external/externalTree.ts';
import { ExternalTrees } from './external/externalTrees.ts';
import type { FileWatcher } from './fileWatchLink.ts';
import { JobFileRecorder } from './jobFileRecorder.ts';
import type { Journal } from './journal.ts';
import type { Observers } from './observers.ts';
import { RunHistory } from './output/runHistory.ts';
import { TreeLogs } from './output/treeLogs.ts';
import type { Declarations } from './reconciler/declarations.ts';
import { Reconciler } from './reconciler/reconciler.ts';
import type { Standing } from './reconciler/restarts.ts';
import { noSuchTree, RequestError } from './requestError.ts';
import { assertSent } from './signalOutcome.ts';
import { TreeNews } from './treeNews.ts';
import { recoverDetached } from './trees/adoption.ts';
import { forgettable, shortenable } from './trees/forgettable.ts';
import { InputWatch } from './trees/inputWatch.ts';
import { hostOf, JoinedEnds } from './trees/joining.ts';
import { LimitKeeper, type WindowLimits } from './trees/limitKeeper.ts';
import type { LimitName } from './trees/limits.ts';
import type { Census, Membership } from './trees/membership.ts';
import { RemoteTrees } from './trees/remoteTrees.ts';
import { snapshotOf } from './trees/snapshot.ts';
import type { Tree } from './trees/tree.ts';
import type { HookResult, TreeEmitter, TreeEvents } from './trees/treeEvents.ts';
import { TreeFactory } from './trees/treeFactory.ts';
import { journalTrees } from './trees/treeJournal.ts';
import { TreeRecords } from './trees/treeRecords.ts';
import { isGuarded, type ObservedTree, type TreeView } from './trees/treeView.ts';
import { TreeWatch } from './trees/treeWatch.ts';

export interface SupervisorParts {
  readonly platform: Platform;
  readonly membership: Membership;
  readonly records: Records;
  readonly journal: Journal;
  readonly observers: Observers;
  readonly files: FileWatcher;
  readonly deadMansSwitch: DeadMansSwitch;
  readonly containers: Containers;
  readonly lifetime: Lifetime;
  readonly windowLimits: WindowLimits;
  readonly lendsTerminals: boolean;
  readonly logFolder: string;
  /** See {@link Sampler}. */
  readonly keepHistory: boolean;
  /** Shows a message to the user. */
  alert(message: Text): void;
}

/** Owns the trees: starts and ends them, and informs every part of the warden of their events. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #trees = new Map<TreeId, Tree>();
  readonly #events: TreeEmitter = new EventEmitter<TreeEvents>();
  /** Hears of every transition: ask for {@link snapshots}. */
  readonly news: TreeNews;
  readonly #records: TreeRecords;
  readonly #limits: LimitKeeper;
  readonly #logs: TreeLogs;
  readonly #runs: RunHistory;
  readonly #jobs: JobFileRecorder;
  readonly #factory: TreeFactory;
  readonly #watch: TreeWatch;
  readonly #inputs: InputWatch;
  readonly #reconciler: Reconciler;
  readonly #joined = new JoinedEnds({
    running: () => this.running,
    stop: (tree, reason) => void this.#reconciler.stop(tree, { now: false, reason }).catch(() => undefined),
  });
  readonly remote = new RemoteTrees(() => this.news.changed());
  /** Ends what wardens that were killed have left. */
  readonly cleaner: Cleaner;
  /** Trees that the warden did not start. */
  readonly external: ExternalTrees;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.news = new TreeNews(parts.observers);
    this.cleaner = new Cleaner(parts.membership);
    this.#records = new TreeRecords({ ...parts, bootId: parts.platform.bootId });
    this.#logs = new TreeLogs({ logFolder: parts.logFolder, onFailure: (tree, name, error) => this.#logFailed(tree, name, error) });
    this.#runs = new RunHistory(runsFolder(), parts.observers);
    this.#jobs = new JobFileRecorder(basename(parts.records.folder), parts.observers);
    this.#limits = new LimitKeeper(parts.windowLimits, (tree, action, limit, reason) => this.#actOnLimit(tree, action, limit, reason));
    this.#watch = new TreeWatch({
      ...parts,
      records: this.#records,
      limits: this.#limits,
      trees: () => this.#observed,
      onChange: () => this.news.changed(),
    });
    this.#inputs = new InputWatch({
      observers: parts.observers,
      running: () => this.running,
      membersOf: (id) => parts.membership.newest.members.get(id) ?? [],
      onChange: (tree) => this.#events.emit('promptChanged', tree),
    });
    this.#factory = new TreeFactory({
      ...parts,
      cleared: this.cleaner.cleared,
      logs: this.#logs,
      events: this.#events,
      alive: (id) => this.#watch.alive(id),
      aliveSoon: (id) => this.#watch.aliveSoon(id),
      causeOfDeath: (id) => this.#limits.causeOfDeath(id),
      remoteFailure: (id) => this.remote.failureOf(id),
    });
    this.external = new ExternalTrees({
      ...parts,
      alive: (id) => this.#watch.alive(id),
      removeRecord: (id) => this.#records.remove(id),
      onForget: (id) => this.#watch.forget(id),
      onChange: () => {
        this.#watch.othersChanged();
        this.news.changed();
      },
    });
    this.#reconciler = new Reconciler({
      ...parts,
      jobRecorder: this.#jobs,
      create: (request) => this.#create(request),
      discard: (tree) => this.#trees.delete(tree.id),
      onChange: () => this.news.changed(),
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

  /** Of all trees that end with the warden. */
  snapshots(): TreeSnapshot[] {
    return this.allSnapshots().filter(isGuarded);
  }

  /** Also of those that are only looked at. */
  allSnapshots(): TreeSnapshot[] {
    const { strays } = this.#watch;
    const external = this.external.all.map((tree) => snapshotOf(tree));
    return [...Array.from(this.#trees.values(), (tree) => this.#snapshotOf(tree)), ...external, ...(strays ? [strays] : [])];
  }

  /** @throws RequestError where it has ended and been forgotten. */
  snapshot(id: TreeId): TreeSnapshot {
    return this.#snapshotOf(this.find(id));
  }

  /** Undefined where it has ended and been forgotten. */
  readonly peek = (id: TreeId): Tree | undefined => this.#trees.get(id);

  find(id: TreeId): Tree {
    return this.peek(id) ?? noSuchTree(id);
  }

  /** Also one that the warden did not start. @throws RequestError where it has ended and been forgotten. */
  findAny(id: TreeId): Tree | ExternalTree {
    return this.peek(id) ?? this.findExternal(id);
  }

  /** @throws RequestError where it has ended and been forgotten. */
  findExternal(id: TreeId): ExternalTree {
    return this.external.peek(id) ?? noSuchTree(id);
  }

  /** @throws RequestError where a tree of this name runs, it cannot be started, or it is stopped meanwhile. */
  async start(request: StartRequest): Promise<TreeSnapshot> {
    return this.#snapshotOf(await this.#reconciler.start(request));
  }

  /** Takes over what the detached tree of a dead warden has left running; false where no process of it is alive. */
  adopt(record: TreeRecord, warden: WardenRecord): boolean {
    const { platform, journal, membership } = this.#parts;
    const found = recoverDetached(platform, record, warden);
    if (found === undefined) return false;
    const { leader, members, container } = found;
    const tree = this.#factory.createRecovered(record, found);
    this.#trees.set(tree.id, tree);
    membership.addAdopted(members, record.tree);
    tree.adopt(leader, container);
    this.#reconciler.adopt(tree);
    // It is no child of this process: its exit status is collected by another one.
    membership.forgetSpawned(leader.pid);
    journal.write({ event: 're-attached', tree: tree.id, spec: record.name, pid: leader.pid, reason: `${members.length} members` });
    return true;
  }

  /** Resolves with the snapshot after the stop, in which survivors are still listed; of strays, too. */
  async stop({ tree: id, now, steps, ...asked }: StopRequest): Promise<TreeSnapshot> {
    const reason = reasonIn(asked);
    const { strays } = this.#watch;
    if (strays?.id === id) return await this.#watch.stopStrays(strays, reason);
    const external = this.external.peek(id);
    if (external) {
      await external.stop(reason, steps, now);
      return snapshotOf(external);
    }
    return this.#snapshotOf(await this.#reconciler.stop(this.find(id), { now, reason, ...(steps && { steps }) }));
  }

  /** @throws RequestError where the restart is not possible, or a stop has come between. */
  async restart({ tree, ...asked }: RestartRequest): Promise<TreeSnapshot> {
    const options = { ...asked, reason: reasonIn(asked) };
    return this.#snapshotOf(await this.#reconciler.restart(this.find(tree), options));
  }

  signal({ tree: id, signal, pid, startTime }: SignalRequest): void {
    const tree = this.findAny(id);
    const outcome = tree.signal(signal, pid, startTime);
    const spec = tree.request.name;
    this.#parts.journal.write({ event: 'signal', tree: id, spec, signal, ...(pid !== undefined && { pid }), reason: outcome });
    assertSent(outcome, signal, pid === undefined ? `'${spec}'` : `process ${pid} of '${spec}'`);
  }

  /** All trees, with a fresh and thorough census. */
  survey(): { readonly trees: readonly TreeView[]; readonly census: Census } {
    return { census: this.#parts.membership.census(true), trees: this.#observed.filter(isGuarded) };
  }

  /** Reads every member's figures now. */
  async sample(): Promise<void> {
    await this.#watch.sample();
  }

  /** Stops everything, strays too; resolves when no process is left that can be killed. */
  async shutdown(reason: string, now: boolean): Promise<void> {
    this.#reconciler.close();
    const unwatched = this.#parts.files.close();
    await Promise.all([this.stopOwn(reason, now), this.external.shutdown(reason, now), this.cleaner.end(now)]);
    await this.#watch.endTheRest();
    await unwatched;
  }

  /** Stops what the warden has started, and what others depend on after those. */
  async stopOwn(reason: string, now: boolean): Promise<void> {
    await this.#reconciler.endAll([...this.#trees.values()], reason, now);
  }

  /** Resolves when what is kept is on its way to the disk. */
  async close(): Promise<void> {
    await Promise.all([this.#watch.close(), this.#closeLogs(), this.#runs.close(), this.#jobs.close()]);
  }

  /** The times say where the files of a log begin, which is known when all of it is in them. */
  async #closeLogs(): Promise<void> {
    await this.#logs.close();
    await Promise.all(Array.from(this.#trees.values(), ({ output }) => output.flushTimes()));
  }

  /** To be called last: nothing is watched any more. */
  dispose(): void {
    this.#watch.dispose();
    this.#inputs[Symbol.dispose]();
    this.news.clear();
  }

  get #observed(): readonly ObservedTree[] {
    return [...this.#trees.values(), ...this.external.all];
  }

  #snapshotOf(tree: TreeView): TreeSnapshot {
    return snapshotOf(tree, this.#reconciler.standingOf(tree), this.remote.viewOf(tree.id));
  }

  #create(request: StartRequest): Tree {
    const { running } = this;
    const { maxTrees } = this.#parts.windowLimits;
    if (running.length >= maxTrees) throw new RequestError('notPossible', localizable('tooManyTrees', request.name, running.length));
    if (request.stdio === 'raw' && this.#parts.lifetime === 'detached')
      throw new RequestError(
        'notPossible',
        `'${request.name}' was not started: the stdin and stdout of a detached process would be lost with its warden (stdio "raw").`,
      );
    const tree = this.#factory.create(request, hostOf(request, running));
    this.#trees.set(tree.id, tree);
    return tree;
  }

  /** The journal comes first, so that it has an event before its consequences. */
  #listen(): void {
    const events = this.#events;
    const { membership, journal } = this.#parts;
    journalTrees(events, journal);
    this.#runs.follow(events);
    events.on('preparing', ({ id, container }) => membership.announce(id, container));
    for (const event of ['preparing', 'spawning'] as const) events.on(event, (tree) => this.#records.write(tree, undefined, []));
    events.on('spawned', (tree, leader) => this.#spawned(tree, leader));
    events.on('childSpawned', (pid) => membership.addSpawned(pid));
    events.on('collected', (pid) => membership.forgetSpawned(pid));
    events.on('stateChanged', (tree) => this.#stateChanged(tree));
    events.on('healthChanged', () => this.news.changed());
    events.on('promptChanged', () => this.news.changed());
    // At once: where everything is killed before that, the command is run again. Who lives is looked up again soon.
    for (const event of ['hookCollected', 'hookEnded'] as const)
      events.on(event, (tree: TreeView) => this.#records.write(tree, tree.leader, membership.newest.members.get(tree.id) ?? []));
    events.on('hookEnded', (tree, result) => this.#hookEnded(tree, result));
    events.on('ended', (tree) => this.#ended(tree));
  }

  /** Why a command before the start has failed is the reason of the failed start. */
  #hookEnded(tree: TreeView, { command, problem }: HookResult): void {
    if (problem === undefined || tree.leader === undefined) return;
    this.#parts.alert(localizable('hookFailed', tree.request.name, displayCommandLine(command.run), problem));
  }

  #spawned(tree: TreeView, leader: ProcessStat): void {
    this.#limits.add(tree);
    this.#watch.spawned(tree, leader);
    this.#inputs.spawned();
    this.#joined.spawned(tree);
  }

  #stateChanged(tree: TreeView): void {
    if (tree.state === 'unkillable') {
      this.#reconciler.stuck(tree);
      this.#parts.alert(localizable('couldNotBeEnded', tree.request.name, tree.reason));
    }
    this.#reconciler.changed(tree);
    this.#joined.changed(tree);
    this.news.changed();
  }

  #ended(tree: TreeView): void {
    const { id } = tree;
    this.#parts.membership.forgetSession(id);
    this.#limits.remove(id);
    this.#records.remove(id);
    this.#reconciler.ended(tree);
    const { isDeclared } = this.#reconciler.declarations;
    const standingOf = (other: Tree): Standing => this.#reconciler.standingOf(other);
    for (const old of forgettable([...this.#trees.values()], { standingOf, isDeclared, now: Date.now() })) this.#forget(old);
    for (const old of shortenable([...this.#trees.values()], { now: Date.now() })) old.output.shorten();
    this.news.changed();
  }

  #forget(tree: Tree): void {
    this.news.forgotten(this.#snapshotOf(tree));
    tree.dispose();
    this.#parts.membership.forgetTree(tree.id);
    this.#watch.forget(tree.id);
    this.remote.forget(tree.id);
    this.#trees.delete(tree.id);
    this.#reconciler.forget(tree);
  }

  #actOnLimit({ id }: TreeView, action: LimitAction, limit: LimitName, reason: Text): void {
    const tree = this.find(id);
    this.#parts.journal.write({ event: 'limit-reached', tree: id, spec: tree.request.name, limit, reason: `${reason}: ${action}` });
    if (action === 'warn') {
      tree.warning = reason;
      this.#parts.alert(localizable('limitWarning', tree.request.name, reason));
      this.news.changed();
    } else {
      if (action !== 'restart') tree.limit = reason;
      this.#reconciler.limit(tree, action === 'restart' ? 'restart' : 'stop', { reason, now: action === 'kill' });
    }
  }

  #logFailed(tree: TreeId, name: string, error: Error): void {
    this.#parts.journal.write({ event: 'log-failed', tree, spec: name, reason: errorText(error) });
    this.#parts.alert(localizable('logNotWritten', name, errorText(error)));
  }
}
