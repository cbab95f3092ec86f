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
import { errorText } from '../../protocol/errors.ts';
import { instanceName, instanceOf } from '../../protocol/names.ts';
import { maxInstances } from '../../protocol/policies.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import { type InstanceOutcome, ManagedPool, type PoolParts } from './managedPool.ts';
import { NamedPortTable } from './namedPortTable.ts';
import type { StopOptions } from './reconcilerParts.ts';

export interface DeclarationParts extends Omit<PoolParts, 'ports'> {
  snapshotOf(tree: Tree): TreeSnapshot;
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
  readonly #ports = new NamedPortTable();
  /** Verbs take effect in the order in which they come, also where one of them has to wait for a port. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: DeclarationParts) {
    this.#parts = parts;
  }

  /** Of all names, in the order of their declaration. */
  get status(): NameStatus[] {
    return Array.from(this.#pools.values(), ({ status }) => status);
  }

  async declare({ origin, processes }: DeclareRequest): Promise<readonly NameStatus[]> {
    const declared = new Map(processes.map((process) => [process.name, process]));
    const portNames = (): string[] =>
      processes.flatMap((process) => {
        const pool = this.#pools.get(process.name);
        // What does not run has its ports when it is started.
        return pool && pool.status.desired.length > 0 ? pool.portNames(Math.max(process.instances, pool.instances), process) : [];
      });
    const { result } = await this.#inTurn(portNames, () => {
      for (const [name, process] of declared) this.#named(name).declare(origin, process);
      for (const pool of this.#pools.values()) if (pool.origin === origin && !declared.has(pool.name)) pool.undeclare();
      for (const { name } of [...this.#pools.values()]) this.#dropForgettable(name);
      this.#parts.onChange();
      return this.status;
    });
    return result;
  }

  /** @throws RequestError where the name is not declared, or cannot be resolved. */
  async start({ name, ...options }: StartNameRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name),
      () => {
        const { pool, instance } = this.#existing(name);
        return this.#answerOf(pool.start(instance, { reason: '', now: false, ...options }));
      },
    );
    return await result;
  }

  /** @throws RequestError where the name is not known. */
  async stop({ name, now, reason }: StopNameRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => [],
      () => {
        const { pool, instance } = this.#addressed(name);
        return this.#answerOf(pool.stop(instance, { now, reason }));
      },
    );
    return await result;
  }

  /** @throws RequestError where the name is not known, or cannot be resolved. */
  async restart({ name, reason }: RestartNameRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name),
      () => {
        const { pool, instance } = this.#existing(name);
        return pool.restart(instance, { now: false, reason });
      },
    );
    return await this.#answerOf(await result);
  }

  /** @throws RequestError where the name is not declared, or cannot be resolved. */
  async scale({ name, instances, reason }: ScaleRequest): Promise<NameAnswer> {
    const { result } = await this.#inTurn(
      () => this.#portsOf(name, instances),
      () => {
        const answer = this.#answerOf(this.#addressed(name).pool.scale(instances, { now: false, reason }));
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
    return this.#pools.get(spec)?.stop(instance, options)[0]?.tree;
  }

  /** An instance of this name has changed. */
  observe(name: string): void {
    const { spec, instance } = instanceOf(name);
    if (instance > maxInstances) return;
    this.#pools.get(spec)?.observe(instance);
    this.#dropForgettable(spec);
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Does the work when its ports are known and what came before has taken effect; what the work waits for holds nothing up. */
  async #inTurn<T>(portNames: () => readonly string[], work: () => T): Promise<{ readonly result: T }> {
    const turn = this.#last.then(async () => {
      await this.#ports.reserve(portNames());
      if (this.#isClosed) throw new RequestError('notPossible', 'Nothing is started or declared any more: this warden is shutting down.');
      return { result: work() };
    });
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  #answerOf(outcomes: readonly InstanceOutcome[]): Promise<NameAnswer> {
    return answerOf(outcomes, (tree) => this.#parts.snapshotOf(tree));
  }

  #portsOf(name: string, instances?: number): string[] {
    const { pool } = this.#addressed(name);
    return pool.portNames(instances ?? pool.instances);
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
    const known = [...this.#pools.keys()].join(', ') || 'none';
    throw new RequestError('notPossible', `No process '${name}' is declared. Declared are: ${known}.`);
  }

  #named(name: string): ManagedPool {
    const known = this.#pools.get(name);
    if (known) return known;
    const { onChange: _, ...parts } = this.#parts;
    const pool = new ManagedPool(name, { ...parts, ports: this.#ports });
    this.#pools.set(name, pool);
    // What was started without being declared is one of it from now on.
    for (let instance = 1; instance <= maxInstances; instance++) if (this.#parts.peek(instanceName(name, instance))) pool.observe(instance);
    return pool;
  }

  #dropForgettable(name: string): void {
    if (this.#pools.get(name)?.isForgettable) this.#pools.delete(name);
  }
}

async function answerOf(outcomes: readonly InstanceOutcome[], snapshotOf: (tree: Tree) => TreeSnapshot): Promise<NameAnswer> {
  const settled = await Promise.allSettled(outcomes.map(({ tree }) => tree));
  const trees: TreeSnapshot[] = [];
  const failures: NameFailure[] = [];
  settled.forEach((one, index) => {
    const name = outcomes[index]?.name ?? '';
    if (one.status === 'rejected') failures.push({ name, message: errorText(one.reason), code: codeOf(one.reason) });
    else if (one.value) trees.push(snapshotOf(one.value));
  });
  return { trees, failures };
}

function codeOf(error: unknown): number {
  return error instanceof ResponseError ? error.code : errorCodes.notPossible;
}
