import { ResponseError } from 'vscode-jsonrpc';
import type {
  DeclareRequest,
  NameAnswer,
  NameFailure,
  NameStatus,
  RestartNameRequest,
  ScaleRequest,
  StartNameRequest,
  StopNameRequest,
} from '../../protocol/declare.ts';
import { errorCodes } from '../../protocol/errorCodes.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import type { WatchFilesRequest } from '../../protocol/fileWatch.ts';
import { instanceName, instanceOf } from '../../protocol/names.ts';
import { maxInstances } from '../../protocol/policies.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { GivenValues } from '../../protocol/startVariables.ts';
import { reasonIn, type Text, withData } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import type { TreeView } from '../trees/treeView.ts';
import { DependencyKeeper } from './dependencyKeeper.ts';
import type { DependencyTarget } from './dependencyTarget.ts';
import { useGivenValues } from './givenValues.ts';
import type { InstanceOutcome, VerbOptions } from './instances.ts';
import { JobKeeper } from './jobKeeper.ts';
import { noJobRecorder } from './jobRecorder.ts';
import { ManagedPool, type PoolParts } from './managedPool.ts';
import type { DependableModels } from './modelTargets.ts';
import { NamedPortTable } from './namedPortTable.ts';
import type { ReconcilerParts, StopOptions } from './reconcilerParts.ts';
import { systemClock } from './scheduleClock.ts';
import { type RunOptions, ScheduleKeeper } from './scheduleKeeper.ts';
import { WatchKeeper } from './watchKeeper.ts';

export interface DeclarationParts
  extends Pick<PoolParts, 'peek' | 'named' | 'release'>,
    Pick<ReconcilerParts, 'journal' | 'files' | 'clock' | 'jobRecorder' | 'alert'> {
  snapshotOf(tree: Tree): TreeSnapshot;
  /** Starts a tree that is no instance of a name, and ends it. */
  start(request: StartRequest): Promise<Tree>;
  stop(tree: Tree, options: StopOptions): Promise<unknown>;
  /** Something that clients are told of a name has changed. */
  onChange(): void;
}

interface Addressed {
  readonly pool: ManagedPool;
  /** Number of the instance that is meant; undefined: all of them. */
  readonly instance: number | undefined;
}

/** What clients have declared, by name, and the verbs for these names. */
export class Declarations {
  readonly #parts: DeclarationParts;
  readonly #pools = new Map<string, ManagedPool>();
  readonly #dependencies = new DependencyKeeper(this.#pools);
  /** Of a process, or of an instance of one. */
  readonly isDeclared = (name: string): boolean => this.#pools.get(instanceOf(name).spec)?.origin !== undefined;
  readonly #ports = new NamedPortTable(this.isDeclared);
  readonly #watches: WatchKeeper;
  readonly #schedules: ScheduleKeeper;
  /** The pools of jobs, which are no processes to be started. */
  readonly jobs: JobKeeper;
  /** Verbs take effect in the order in which they come, also where one of them has to wait for a port. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: DeclarationParts) {
    this.#parts = parts;
    this.#watches = new WatchKeeper({
      ...parts,
      pools: this.#pools,
      restart: (name, reason, cascades) => this.#restartNamed(name, { reason, now: false, ...(cascades && { cascades }) }),
    });
    this.#schedules = new ScheduleKeeper({
      ...parts,
      clock: parts.clock ?? systemClock,
      pools: this.#pools,
      run: (name, options) => this.#runAtItsTime(name, options),
    });
    this.jobs = new JobKeeper({ ...parts, ports: this.#ports, recorder: parts.jobRecorder ?? noJobRecorder });
  }

  /** Whether any name waits for the time of its schedule, or any job is not done. */
  get hasArmed(): boolean {
    return this.#schedules.hasArmed || this.jobs.isBusy;
  }

  /** From now on, processes may depend on these. */
  useModels(models: DependableModels): void {
    this.#dependencies.useModels(models);
  }

  /** Of all names, in the order of their declaration. */
  get status(): NameStatus[] {
    const statuses = Array.from(this.#pools.values(), ({ name, status }) => {
      const watch = this.#watches.statusOf(name);
      const schedule = this.#schedules.statusOf(name);
      return watch || schedule ? { ...status, ...(watch && { watch }), ...(schedule && { schedule }) } : status;
    });
    // Of a name that has become a pool of jobs, or is none any more, some of both may run: what is declared comes first.
    return [...statuses, ...this.jobs.statuses].toSorted((a, b) => Number(a.origin === undefined) - Number(b.origin === undefined));
  }

  async declare({ origin, file = origin, processes: all }: DeclareRequest): Promise<readonly NameStatus[]> {
    const processes = all.filter(({ jobs }) => jobs === undefined);
    const declared = new Map(processes.map((process) => [process.name, process]));
    const portNames = (): string[] =>
      processes.flatMap((process) => {
        const pool = this.#pools.get(process.name);
        // What does not run has its ports when it is started.
        return pool && pool.status.desired.length > 0 ? pool.portNames(Math.max(process.instances, pool.instances), process) : [];
      });
    const { result } = await this.#inTurn(portNames, () => {
      for (const [name, process] of declared) this.#named(name).declare({ origin, file, process });
      for (const pool of this.#pools.values()) if (pool.origin === origin && !declared.has(pool.name)) pool.undeclare();
      for (const { name } of [...this.#pools.values()]) this.#dropForgettable(name);
      this.jobs.declare({ origin, file, processes: all });
      this.#dependencies.declared();
      this.#parts.onChange();
      return this.status;
    });
    return result;
  }

  /** @throws RequestError where the name is not declared, or cannot be resolved. */
  async start({ name, schedule, lastRunAt, values, ...options }: StartNameRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name),
      () => {
        const { pool, instance } = this.#existing(name);
        pool.assertResolved('started');
        const armed: NameAnswer = { trees: [], failures: [], armed: true };
        if (schedule === 'arm' && this.#schedules.isArmed(pool.name)) return armed;
        const missing = this.#dependencies.missing(pool);
        // A save that has it run again asks nothing again.
        useGivenValues([...this.#poolsOf(missing), ...(hasIdle(pool, instance) ? [pool] : [])], values, options.trigger === undefined);
        const lastRun = lastRunAt === undefined ? {} : { lastRunAt };
        if (schedule !== 'run' && this.#schedules.arm(pool.name, { ...options, ...lastRun })) return armed;
        return this.#answerOf(this.#startWithMissing(pool, instance, options));
      },
    );
    return await result;
  }

  /** @throws RequestError where the name is not known. */
  async stop({ name, now, ...asked }: StopNameRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => [],
      () => {
        if (this.jobs.has(name)) return this.jobs.stop(name, { now, reason: reasonIn(asked) });
        const { pool, instance } = this.#addressed(name);
        return this.#answerOf(this.#stopOf(pool, instance, { now, reason: reasonIn(asked) }));
      },
    );
    return await result;
  }

  /** @throws RequestError where the name is not known, or cannot be resolved. */
  async restart({ name, values, ...asked }: RestartNameRequest): Promise<NameAnswer> {
    this.#watches.forgetChange(instanceOf(name).spec);
    return await this.#answerOf(await this.#restartNamed(name, { now: false, reason: reasonIn(asked) }, values));
  }

  /** Whether changes of the files that are watched for a name count. @throws RequestError where none are. */
  setWatching({ name, paused }: WatchFilesRequest): void {
    const { pool } = this.#addressed(name);
    if (!this.#watches.pause(pool.name, paused))
      throw new RequestError('notPossible', `No files are watched for '${pool.name}': it has no "watch" in its declaration.`);
  }

  /** @throws RequestError where the name is not declared, or cannot be resolved. */
  async scale({ name, instances, ...asked }: ScaleRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name, instances),
      () => {
        const answer = this.#answerOf(this.#addressed(name).pool.scale(instances, { now: false, reason: reasonIn(asked) }));
        this.#parts.onChange();
        return answer;
      },
    );
    return await result;
  }

  /** @throws Error where the system has no port left. */
  async port(name: string): Promise<number> {
    return await this.#ports.portFor(name);
  }

  /** A verb for the tree of an instance: undefined where no such name is declared, or nothing of it runs. */
  stopInstance(name: string, options: StopOptions): Promise<Tree | undefined> | undefined {
    const { spec, instance } = instanceOf(name);
    const pool = this.#pools.get(spec);
    const stopping = pool && this.#stopOf(pool, instance, options)[0]?.tree;
    this.#watches.observe(spec);
    return stopping;
  }

  /** Nothing of any name is desired any more: what others depend on is stopped after those. */
  stopAll(options: StopOptions): void {
    this.#schedules.disarmAll();
    this.jobs.clearAll(options.reason);
    for (const name of this.inEndOrder()) this.#pools.get(name)?.stop(undefined, options);
  }

  /** An instance of this name has changed. */
  observe(name: string): void {
    const { spec, instance } = instanceOf(name);
    if (this.#isClosed || instance > maxInstances) return;
    this.#pools.get(spec)?.observe(instance);
    this.#dependencies.changed(spec);
    // What waits for it is told that it is not declared any more.
    if (this.#dropForgettable(spec)) this.#dependencies.changed(spec);
    this.#watches.observe(spec);
    this.#schedules.observe(spec);
  }

  /** Whether something that this instance depends on forbids its launch now. */
  isHeld(instance: string): boolean {
    return this.#dependencies.isHeld(instance);
  }

  /** Declared names, those that depend on others before those: they are known to be ending when the turn comes to the others. */
  inEndOrder(): readonly string[] {
    return this.#dependencies.inEndOrder();
  }

  /** The names that depend on this one, however indirectly. */
  dependentsOf(name: string): ReadonlySet<string> {
    return this.#dependencies.dependentsOf(name);
  }

  /** A tree of any name has ended. */
  treeEnded(tree: TreeView): void {
    this.#watches.treeEnded(tree);
    this.jobs.treeEnded(tree);
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true;
    this.#watches.close();
    this.#schedules.close();
    this.jobs.close();
  }

  /** Where a stop has come between, nothing is started. */
  async #runAtItsTime(name: string, { env, replacing }: RunOptions): Promise<readonly InstanceOutcome[]> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name),
      () => {
        const { pool } = this.#existing(name);
        if (!this.#schedules.isArmed(name)) return [];
        pool.assertResolved('started');
        const options = { trigger: 'schedule' as const, ...(env && { env }) };
        if (replacing === undefined) return this.#startWithMissing(pool, undefined, options);
        this.#startMissing(this.#dependencies.missing(pool), options);
        return pool.restart(undefined, { reason: replacing, now: false, ...options });
      },
    );
    return await result;
  }

  async #restartNamed(name: string, options: VerbOptions, values?: GivenValues): Promise<readonly InstanceOutcome[]> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name),
      () => {
        const { pool, instance } = this.#existing(name);
        if (pool.origin !== undefined) pool.assertResolved('restarted');
        const missing = this.#dependencies.missing(pool);
        useGivenValues([...this.#poolsOf(missing), pool], values, false);
        this.#startMissing(missing, {});
        return pool.restart(instance, options);
      },
    );
    return await result;
  }

  /** Does the work when its ports are known and what came before has taken effect; what the work waits for holds nothing up. */
  async #inTurn<T>(portNames: () => readonly string[], work: () => T): Promise<{ readonly result: T }> {
    const turn = this.#last.then(async () => {
      await this.#ports.reserve(portNames());
      if (this.#isClosed) throw new RequestError('notPossible', 'Nothing is started or declared any more: this warden is shutting down.');
      const result = work();
      this.#watches.update();
      this.#schedules.update();
      return { result };
    });
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  #answerOf(outcomes: readonly InstanceOutcome[]): Promise<NameAnswer> {
    return answerOf(outcomes, (tree) => this.#parts.snapshotOf(tree));
  }

  #portsOf(name: string, instances?: number): string[] {
    const { pool } = this.#addressed(name);
    const dependencies = this.#dependencies.closure(pool).filter((one) => one !== pool);
    return [...dependencies.flatMap((one) => one.portNames(one.instances)), ...pool.portNames(instances ?? pool.instances)];
  }

  #startWithMissing(pool: ManagedPool, instance: number | undefined, options: Omit<VerbOptions, keyof StopOptions>): InstanceOutcome[] {
    this.#startMissing(this.#dependencies.missing(pool), options);
    return pool.start(instance, { reason: '', now: false, ...options });
  }

  /** What does not run any more because of a stop does not wait for its time either. */
  #stopOf(pool: ManagedPool, instance: number | undefined, options: StopOptions): InstanceOutcome[] {
    const outcomes = pool.stop(instance, options);
    if (!pool.isDesired) this.#schedules.disarm(pool.name);
    return outcomes;
  }

  /** What it depends on is started with it, where it does not run. */
  #startMissing(missing: readonly DependencyTarget[], { env }: Pick<StartNameRequest, 'env'>): void {
    for (const one of missing) one.start(undefined, { reason: '', now: false, ...(env && { env }) });
  }

  /** Models are none. */
  #poolsOf(targets: readonly DependencyTarget[]): ManagedPool[] {
    return targets.flatMap((target) => (target instanceof ManagedPool ? [target] : []));
  }

  /** One instance alone, of those that there are to be. */
  #existing(name: string): Addressed {
    const { pool, instance } = this.#addressed(name);
    if (instance !== undefined && instance > pool.instances)
      throw new RequestError(
        'notPossible',
        `'${pool.name}' has ${pool.instances} instances, and '${name}' is none of them; scale it first.`,
      );
    return { pool, instance };
  }

  #addressed(name: string): Addressed {
    const whole = this.#pools.get(name);
    if (whole) return { pool: whole, instance: undefined };
    const { spec, instance } = instanceOf(name);
    const pool = this.#pools.get(spec);
    if (pool && spec !== name) return { pool, instance };
    this.jobs.refuse(name, 'started');
    const known = [...this.#pools.keys()].join(', ') || 'none';
    throw new RequestError('notPossible', `No process '${name}' is declared. Declared are: ${known}.`);
  }

  #named(name: string): ManagedPool {
    const known = this.#pools.get(name);
    if (known) return known;
    const { peek, named, release } = this.#parts;
    const pool = new ManagedPool(name, {
      ...{ peek, named, release, ports: this.#ports },
      unmet: (one) => this.#dependencies.unmet(one),
      generationsFor: (one) => this.#dependencies.generationsFor(one),
      environmentFor: (one) => this.#dependencies.environmentFor(one),
      onFact: (changed) => {
        this.#dependencies.changed(changed);
        this.#watches.observe(changed);
        this.#schedules.observe(changed);
      },
    });
    this.#pools.set(name, pool);
    // What was started without being declared is one of it from now on.
    for (let instance = 1; instance <= maxInstances; instance++) if (this.#parts.peek(instanceName(name, instance))) pool.observe(instance);
    return pool;
  }

  #dropForgettable(name: string): boolean {
    return this.#pools.get(name)?.isForgettable === true && this.#pools.delete(name);
  }
}

/** Whether a start of this instance, or of all, would start one. */
function hasIdle({ name, status: { desired, instances } }: ManagedPool, instance: number | undefined): boolean {
  return instance === undefined ? desired.length < instances : !desired.includes(instanceName(name, instance));
}

async function answerOf(outcomes: readonly InstanceOutcome[], snapshotOf: (tree: Tree) => TreeSnapshot): Promise<NameAnswer> {
  const settled = await Promise.allSettled(outcomes.map(({ tree }) => tree));
  const trees: TreeSnapshot[] = [];
  const failures: NameFailure[] = [];
  settled.forEach((one, index) => {
    const name = outcomes[index]?.name ?? '';
    if (one.status === 'rejected') failures.push({ name, ...messageOf(textOfError(one.reason)), code: codeOf(one.reason) });
    else if (one.value) trees.push(snapshotOf(one.value));
  });
  return { trees, failures };
}

function messageOf(text: Text): Pick<NameFailure, 'message' | 'messageData'> {
  return { message: String(text), ...withData('messageData', text) };
}

function codeOf(error: unknown): number {
  return error instanceof ResponseError ? error.code : errorCodes.notPossible;
}
