import type { SignalOutcome } from '../../platform/platform.ts';
import type { DeclareRequest, Dependency, NameFailure, NameStatus, ProcessDeclaration } from '../../protocol/declare.ts';
import { errorText } from '../../protocol/errors.ts';
import type { FileWatch } from '../../protocol/fileWatch.ts';
import { instanceName } from '../../protocol/names.ts';
import { type ProcessTemplate, portKey, portNamesIn } from '../../protocol/processTemplate.ts';
import type { Schedule } from '../../protocol/schedule.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text, withData } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import type { InstanceFact } from './dependencies.ts';
import {
  type Action,
  type ActualInstance,
  initialPool,
  instanceCount,
  isForgettable,
  type PoolEvent,
  type PoolState,
  poolTransition,
} from './desiredPool.ts';
import { HeldValues } from './givenValues.ts';
import { InstanceLives } from './instanceLives.ts';
import { commandRequest, type InstanceSurroundings, instanceRequest } from './instanceRequest.ts';
import { calledOff, digestOf, type InstanceOutcome, type Rolling, type VerbOptions } from './instances.ts';
import { lastRequestOf } from './lastRequest.ts';
import type { ManagedName } from './managedName.ts';
import type { NamedPortTable } from './namedPortTable.ts';
import type { StopOptions } from './reconcilerParts.ts';

export interface PoolParts {
  readonly ports: NamedPortTable;
  /** Undefined where nothing is known of it. */
  peek(name: string): ManagedName | undefined;
  named(name: string): ManagedName;
  /** Nothing of it could be started: it need not be kept. */
  release(managed: ManagedName): void;
  /** What the next launch waits for. */
  unmet(pool: ManagedPool): readonly Dependency[];
  /** How often an instance of each dependency has been started again by now. */
  generationsFor(pool: ManagedPool): ReadonlyMap<string, number>;
  /** Variables that say where it finds what it depends on. */
  environmentFor(pool: ManagedPool): Readonly<Record<string, string>>;
  /** What depends on it has to know. */
  onFact(name: string): void;
}

interface Declaration extends Required<Pick<DeclareRequest, 'origin' | 'file'>> {
  readonly process: ProcessDeclaration;
  readonly digest: string;
}

const byItself: StopOptions = { reason: localizable('instancesChanged'), now: false };

/** Drives the instances of one declared name to what is desired of it. */
export class ManagedPool {
  readonly name: string;
  /** What its instances are started with, beside what is declared. */
  readonly values = new HeldValues(() => this.#declaration?.process);
  readonly #parts: PoolParts;
  #state: PoolState = initialPool;
  #declaration: Declaration | undefined;
  #rolling: Rolling | undefined;
  /** Of the instances that there are, or were. */
  readonly #numbers = new Set<number>();
  readonly #lives = new InstanceLives();
  #isActing = false;
  #hasNews = false;
  /** A user has stopped all that ran of it. */
  #wasStopped = false;

  constructor(name: string, parts: PoolParts) {
    this.name = name;
    this.#parts = parts;
  }

  get origin(): string | undefined {
    return this.#declaration?.origin;
  }

  get isForgettable(): boolean {
    return isForgettable(this.#state, this.#actual());
  }

  get dependsOn(): readonly Dependency[] {
    return this.#declaration?.process.dependsOn ?? [];
  }

  /** Whether any of it is to run. */
  get isDesired(): boolean {
    return this.#state.desired.length > 0;
  }

  /** Whether an instance waits for what it depends on. */
  get isHeld(): boolean {
    return this.#actual().some(({ phase }) => phase === 'held');
  }

  /** Number of times that an instance was started again. */
  get generation(): number {
    return this.#lives.generation;
  }

  /** The {@link generation} that what depends on it, too, is restarted for; 0 where there is none. */
  get cascadeGeneration(): number {
    return this.#lives.cascadeGeneration;
  }

  get watch(): FileWatch | undefined {
    return this.#declaration?.process.watch;
  }

  get schedule(): Schedule | undefined {
    return this.#declaration?.process.schedule;
  }

  /** Whether a change of its files is acted on: it was started, and no user has stopped it; it may have ended by itself. */
  get countsChanges(): boolean {
    if (this.isDesired) return true;
    if (this.#wasStopped) return false;
    return [...this.#numbers].some((number) => ['succeeded', 'failed', 'unstarted'].includes(this.#lives.endOf(number)?.fact ?? ''));
  }

  /** Of each instance that is to run; where none is, of all that there would be. */
  get facts(): readonly InstanceFact[] {
    const numbers = this.isDesired ? this.#state.desired : Array.from({ length: this.instances }, (_, index) => index + 1);
    return numbers.map((number) => this.#lives.factOf(number, this.#managed(number), this.#declaration?.digest));
  }

  /** Number of instances that there are when it runs. */
  get instances(): number {
    return instanceCount(this.#state);
  }

  get status(): NameStatus {
    const { process, origin } = this.#declaration ?? {};
    const failures = this.#failures();
    const running = this.#actual().flatMap(({ number, phase, isOutdated }) => {
      const { tree } = this.#managed(number) ?? {};
      if (phase === 'idle' || tree === undefined) return [];
      return { name: tree.request.name, tree: tree.id, ...(isOutdated && { changed: true as const }) };
    });
    return {
      name: this.name,
      ...(origin !== undefined && { origin }),
      instances: this.instances,
      desired: this.#state.desired.map((number) => instanceName(this.name, number)),
      ...(process && 'problem' in process && { problem: process.problem }),
      ...(failures.length > 0 && { failures }),
      ...(this.dependsOn.length > 0 && { dependsOn: this.dependsOn }),
      ...(this.isHeld && { waitsFor: this.#parts.unmet(this) }),
      running,
    };
  }

  /** Why what depends on it cannot be started, as a clause. */
  get illness(): Text {
    const ends = [...this.#numbers].flatMap((number) => this.#lives.endOf(number) ?? []);
    return ends.find(({ fact }) => fact === 'failed' || fact === 'unstarted')?.reason ?? '';
  }

  /** What it depends on allows a launch now. */
  release(): void {
    // Where a model answers may be known only by now.
    this.#renewHeld();
    for (const number of this.#numbers) this.#managed(number)?.release();
  }

  /** What it depends on has failed. */
  bar(failure: RequestError): void {
    for (const number of this.#numbers) this.#managed(number)?.bar(failure);
  }

  /** Whether an instance that runs was started before the dependency was in this generation, and no restart of them is under way. */
  isOlderThan(dependency: string, generation: number): boolean {
    if (this.#rolling) return false;
    return this.#actual().some(({ number, phase }) => phase === 'running' && this.#lives.isOlder(number, dependency, generation));
  }

  declare({ origin, file, process }: Omit<Declaration, 'digest'>): void {
    const template = 'template' in process ? process.template : undefined;
    this.#declaration = { origin, file, process, digest: template ? digestOf(template) : '' };
    this.#act({ type: 'declare', instances: process.instances }, byItself);
    this.#finishRolling();
    if (template) this.#renewHeld();
  }

  /** What runs goes on. What waits to be started is not: nothing says any more how, or what it needs. */
  undeclare(): void {
    for (const { number, phase } of this.#actual()) if (phase === 'held') this.stop(number, byItself);
    this.#declaration = undefined;
    this.#act({ type: 'undeclare' }, byItself);
  }

  /** What is known of a dependency for the first time, because the edge is new or the instance was found again, is what the instances that run have come with. */
  learnGenerations(): void {
    const now = this.#parts.generationsFor(this);
    this.#lives.learn(now);
  }

  /** What has to be known before this number of instances is started, of this declaration or of one that is to come. */
  portNames(instances: number, process = this.#declaration?.process): string[] {
    if (process === undefined || !('template' in process)) return [];
    return portNamesIn(process.template).flatMap((name) => Array.from({ length: instances }, (_, index) => portKey(name, index + 1)));
  }

  /** @throws RequestError where it is not declared, or cannot be resolved. `verb`: what was to be done, as a participle. */
  assertResolved(verb: string): void {
    this.#template(verb);
  }

  /** @throws RequestError where it is not declared, or cannot be resolved. */
  start(instance: number | undefined, options: VerbOptions): InstanceOutcome[] {
    this.#template('started');
    return this.#act({ type: 'start', ...(instance !== undefined && { instance }) }, options);
  }

  stop(instance: number | undefined, options: VerbOptions): InstanceOutcome[] {
    const outcomes = this.#act({ type: 'stop', ...(instance !== undefined && { instance }) }, options);
    this.#wasStopped = !this.isDesired;
    this.#finishRolling();
    return outcomes;
  }

  /**
   * Resolves when the last instance has been asked for: of a pool that is when the one before it is settled.
   * @throws RequestError where it cannot be resolved.
   */
  async restart(instance: number | undefined, options: VerbOptions): Promise<readonly InstanceOutcome[]> {
    if (this.#declaration) this.#template('restarted');
    if (instance !== undefined) return this.#act({ type: 'restart', instance }, options);
    // One that is under way goes on as this one.
    this.#rolling?.done(this.#rolling.outcomes);
    const names = this.status.running.map(({ name }) => name);
    return await new Promise((done) => {
      const outcomes: InstanceOutcome[] = [];
      // Known to be under way before what it depends on is asked about it.
      this.#rolling = { options, outcomes, names, done };
      outcomes.push(...this.#act({ type: 'restart' }, options));
      this.#finishRolling();
    });
  }

  scale(instances: number, options: VerbOptions): InstanceOutcome[] {
    this.#template('scaled');
    const outcomes = this.#act({ type: 'scale', instances }, options);
    this.#finishRolling();
    return outcomes;
  }

  /** Sends it to the first process of each instance that runs; what has come of each. */
  signalLeaders(signal: NodeJS.Signals): SignalOutcome[] {
    return this.#actual().flatMap(({ number, phase }) => {
      const { tree } = this.#managed(number) ?? {};
      return phase === 'running' && tree?.leader ? tree.signal(signal, tree.leader.pid, tree.leader.startTime) : [];
    });
  }

  /** A command in the folder and the environment of its first instance. @throws RequestError where that cannot be resolved. */
  commandRequest(argv: readonly [string, ...string[]]): StartRequest {
    return commandRequest(this.#surroundingsOf(1, this.#lives.optionsOf(1) ?? {}), argv);
  }

  /** An instance has changed, or is known by now. */
  observe(instance: number): void {
    this.#numbers.add(instance);
    if (this.#managed(instance)?.phase === 'running') this.#wasStopped = false;
    this.#lives.observe(instance, this.#managed(instance), () => this.#parts.generationsFor(this));
    this.#hasNews = true;
    if (this.#isActing) return;
    const outcomes = this.#act({ type: 'observed' }, this.#rolling?.options ?? byItself);
    this.#rolling?.outcomes.push(...outcomes);
    this.#finishRolling();
  }

  /** Until nothing more follows: an action changes what the next one depends on. */
  #act(event: PoolEvent, options: VerbOptions): InstanceOutcome[] {
    const outcomes: InstanceOutcome[] = [];
    this.#isActing = true;
    for (let next: PoolEvent | undefined = event; next !== undefined; next = this.#hasNews ? { type: 'observed' } : undefined) {
      this.#hasNews = false;
      const { state, actions } = poolTransition(this.#state, next, this.#actual());
      this.#state = state;
      outcomes.push(...actions.map((action) => this.#carryOut(action, options)));
      // One that was refused at once is not heard of again.
      this.#hasNews ||= actions.length > 0;
    }
    this.#isActing = false;
    return outcomes;
  }

  #carryOut({ type, instance }: Action, options: VerbOptions): InstanceOutcome {
    const name = instanceName(this.name, instance);
    const tree = this.#asked(type, instance, options);
    // It is told to the client that has asked, where there is one.
    if (type === 'stop') tree.catch(() => undefined);
    else
      tree.catch((error: unknown) => {
        this.#lives.failed(instance, error, this.#declaration?.digest);
        this.#parts.onFact(this.name);
      });
    return { name, tree };
  }

  #failures(): Omit<NameFailure, 'code'>[] {
    return [...this.#numbers].flatMap((number) => {
      const { phase = 'idle' } = this.#managed(number) ?? {};
      const { problem, digest } = this.#lives.endOf(number) ?? {};
      if (phase !== 'idle' || problem === undefined || digest !== this.#declaration?.digest) return [];
      return { name: instanceName(this.name, number), message: String(problem), ...withData('messageData', problem) };
    });
  }

  async #asked(type: Action['type'], instance: number, options: VerbOptions): Promise<Tree | undefined> {
    this.#numbers.add(instance);
    const managed = this.#parts.named(instanceName(this.name, instance));
    try {
      if (type === 'stop') return await managed.stop(options);
      this.#lives.asked(instance, options);
      const request = this.#requestFor(instance, managed, options);
      return await (type === 'start' ? managed.start(request) : managed.restartNow(options, request));
    } finally {
      this.#parts.release(managed);
    }
  }

  /** What is not started yet is started as it is declared by now. */
  #renewHeld(): void {
    for (const { number, phase } of this.#actual()) {
      const managed = this.#managed(number);
      if (phase !== 'held' || managed === undefined) continue;
      try {
        managed.renew(this.#requestFor(number, managed, this.#lives.optionsOf(number) ?? byItself));
      } catch (error) {
        managed.bar(error instanceof RequestError ? error : new RequestError('startFailed', errorText(error)));
      }
    }
  }

  /** Every instance that was to be restarted has been asked for, or was called off. */
  #finishRolling(): void {
    const rolling = this.#rolling;
    if (rolling === undefined || this.#state.pending.length > 0) return;
    this.#rolling = undefined;
    const asked = new Set(rolling.outcomes.map(({ name }) => name));
    const left = rolling.names.filter((name) => !asked.has(name)).map((name) => ({ name, tree: calledOff(name) }));
    rolling.done([...rolling.outcomes, ...left]);
  }

  #requestFor(instance: number, managed: ManagedName, options: VerbOptions): StartRequest {
    if (this.#declaration === undefined && managed.tree) return lastRequestOf(managed.tree);
    return instanceRequest(this.#surroundingsOf(instance, options));
  }

  #surroundingsOf(instance: number, options: InstanceSurroundings['options']): InstanceSurroundings {
    const { file = '', process, digest = '' } = this.#declaration ?? {};
    return {
      name: this.name,
      history: { origin: file, name: process?.written ?? this.name },
      template: this.#template('started'),
      digest,
      instance,
      isOneOfSeveral: this.instances > 1 || instance > 1,
      ports: this.#parts.ports,
      values: this.values.all,
      given: this.#parts.environmentFor(this),
      options,
    };
  }

  #template(verb: string): ProcessTemplate {
    const { process } = this.#declaration ?? {};
    if (process === undefined) throw new RequestError('notPossible', `'${this.name}' was not ${verb}: no file declares it any more.`);
    if ('problem' in process) throw new RequestError('startFailed', process.problem);
    return process.template;
  }

  #managed(instance: number): ManagedName | undefined {
    return this.#parts.peek(instanceName(this.name, instance));
  }

  #actual(): ActualInstance[] {
    const { digest } = this.#declaration ?? {};
    const numbers = [...this.#numbers].sort((a, b) => a - b);
    return numbers.flatMap((number) => {
      const managed = this.#managed(number);
      if (managed === undefined) return [];
      const { phase, heading, tree } = managed;
      // What was found again after a crash is not known to be of another declaration.
      const isOutdated = digest !== undefined && digest !== '' && tree?.canRestart === true && tree.request.declaration !== digest;
      return { number, phase, heading, isStarting: tree?.state === 'starting', isOutdated };
    });
  }
}
