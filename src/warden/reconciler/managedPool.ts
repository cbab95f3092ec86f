import { createHash } from 'node:crypto';
import type { NameStatus, ProcessDeclaration, StartNameRequest } from '../../protocol/declare.ts';
import { errorText } from '../../protocol/errors.ts';
import { instanceName } from '../../protocol/names.ts';
import { fillTemplate, type ProcessTemplate, portKey, portNamesIn } from '../../protocol/processTemplate.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
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
}

/** What a verb has come to for one instance. */
export interface InstanceOutcome {
  readonly name: string;
  /** Rejects with a RequestError where it did not succeed; undefined where nothing of it was there. */
  readonly tree: Promise<Tree | undefined>;
}

export interface VerbOptions extends StopOptions, Pick<StartNameRequest, 'dimensions' | 'env' | 'awaitReader'> {}

interface Declaration {
  readonly origin: string;
  readonly process: ProcessDeclaration;
  readonly digest: string;
}

/** A restart of one instance after the other. */
interface Rolling {
  readonly options: VerbOptions;
  readonly outcomes: InstanceOutcome[];
  /** Names of the instances that were to be restarted when it began. */
  readonly names: readonly string[];
  done(outcomes: readonly InstanceOutcome[]): void;
}

const byItself: StopOptions = { reason: 'its number of instances has changed', now: false };

/** Drives the instances of one declared name to what is desired of it. */
export class ManagedPool {
  readonly name: string;
  readonly #parts: PoolParts;
  #state: PoolState = initialPool;
  #declaration: Declaration | undefined;
  #rolling: Rolling | undefined;
  /** Of the instances that there are, or were. */
  readonly #numbers = new Set<number>();
  #isActing = false;
  #hasNews = false;

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

  /** Number of instances that there are when it runs. */
  get instances(): number {
    return instanceCount(this.#state);
  }

  get status(): NameStatus {
    const { process, origin } = this.#declaration ?? {};
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
      running,
    };
  }

  declare(origin: string, process: ProcessDeclaration): void {
    const template = 'template' in process ? process.template : undefined;
    this.#declaration = { origin, process, digest: template ? digestOf(template) : '' };
    this.#act({ type: 'declare', instances: process.instances }, byItself);
    this.#finishRolling();
  }

  undeclare(): void {
    this.#declaration = undefined;
    this.#act({ type: 'undeclare' }, byItself);
  }

  /** What has to be known before this number of instances is started, of this declaration or of one that is to come. */
  portNames(instances: number, process = this.#declaration?.process): string[] {
    if (process === undefined || !('template' in process)) return [];
    const names = portNamesIn(process.template);
    return names.flatMap((name) => Array.from({ length: instances }, (_, index) => portKey(name, index + 1)));
  }

  /** @throws RequestError where it is not declared, or cannot be resolved. */
  start(instance: number | undefined, options: VerbOptions): InstanceOutcome[] {
    this.#template('started');
    return this.#act({ type: 'start', ...(instance !== undefined && { instance }) }, options);
  }

  stop(instance: number | undefined, options: VerbOptions): InstanceOutcome[] {
    const outcomes = this.#act({ type: 'stop', ...(instance !== undefined && { instance }) }, options);
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
    const outcomes = this.#act({ type: 'restart' }, options);
    return await new Promise((done) => {
      this.#rolling = { options, outcomes, names, done };
      this.#finishRolling();
    });
  }

  scale(instances: number, options: VerbOptions): InstanceOutcome[] {
    this.#template('scaled');
    const outcomes = this.#act({ type: 'scale', instances }, options);
    this.#finishRolling();
    return outcomes;
  }

  /** An instance has changed, or is known by now. */
  observe(instance: number): void {
    this.#numbers.add(instance);
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
    tree.catch(() => undefined);
    return { name, tree };
  }

  async #asked(type: Action['type'], instance: number, options: VerbOptions): Promise<Tree | undefined> {
    this.#numbers.add(instance);
    const managed = this.#parts.named(instanceName(this.name, instance));
    try {
      if (type === 'stop') return await managed.stop(options);
      const request = this.#requestFor(instance, managed, options);
      return await (type === 'start' ? managed.start(request) : managed.restartNow(options, request));
    } finally {
      this.#parts.release(managed);
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

  #requestFor(instance: number, managed: ManagedName, { dimensions, env, awaitReader }: VerbOptions): StartRequest {
    const name = instanceName(this.name, instance);
    const isOneOfSeveral = this.instances > 1 || instance > 1;
    if (this.#declaration === undefined && managed.tree) return lastRequestOf(managed.tree);
    const template = this.#template('started');
    const filled = fillInstance(template, instance, this.#parts.ports, name);
    return {
      ...filled,
      name,
      env: { ...env, ...(isOneOfSeveral && { TREE_WARDEN_INSTANCE: String(instance) }), ...filled.env },
      ...(dimensions && { dimensions }),
      ...(awaitReader && { awaitReader }),
      ...(isOneOfSeveral && { pool: this.name }),
      declaration: this.#declaration?.digest ?? '',
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

function fillInstance(template: ProcessTemplate, instance: number, ports: NamedPortTable, name: string): Omit<StartRequest, 'name'> {
  try {
    return fillTemplate(template, { instance, portOf: (port) => ports.of(portKey(port, instance)) });
  } catch (error) {
    throw new RequestError('startFailed', `'${name}' was not started: ${errorText(error)}`);
  }
}

function calledOff(name: string): Promise<never> {
  const rejection = Promise.reject(new RequestError('superseded', `'${name}' was stopped meanwhile.`));
  rejection.catch(() => undefined);
  return rejection;
}

function digestOf(template: ProcessTemplate): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 16);
}
