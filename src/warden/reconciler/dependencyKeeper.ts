import type { Dependency } from '../../protocol/declare.ts';
import { instanceOf, modelDependency } from '../../protocol/names.ts';
import { graphOf, inEndOrder, inStartOrder } from '../../protocol/startOrder.ts';
import { localizable } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import { type Verdict, verdictOn } from './dependencies.ts';
import type { DependencyTarget } from './dependencyTarget.ts';
import type { ManagedPool } from './managedPool.ts';
import { type DependableModels, ModelTargets } from './modelTargets.ts';

/** Holds a launch until what it depends on allows it, and passes on restarts. */
export class DependencyKeeper {
  readonly #pools: ReadonlyMap<string, ManagedPool>;
  /** Names of what depends on a name directly. */
  #dependents: ReadonlyMap<string, readonly string[]> = new Map();
  #models: ModelTargets | undefined;

  constructor(pools: ReadonlyMap<string, ManagedPool>) {
    this.#pools = pools;
  }

  /** From now on, processes may depend on these. */
  useModels(models: DependableModels): void {
    this.#models = new ModelTargets(models, (dependency) => this.changed(dependency));
  }

  /** What the files declare has changed. */
  declared(): void {
    const dependents = new Map<string, string[]>();
    for (const { name, dependsOn } of this.#pools.values())
      for (const dependency of dependsOn) {
        const known = dependents.get(dependency.name);
        if (known) known.push(name);
        else dependents.set(dependency.name, [name]);
      }
    this.#dependents = dependents;
    // Also what depends on nothing any more: it may wait still.
    for (const pool of [...this.#pools.values()]) {
      pool.learnGenerations();
      this.#reconsider(pool);
    }
  }

  /** Whether something that this instance depends on forbids its launch now. */
  isHeld(instance: string): boolean {
    const pool = this.#pools.get(instanceOf(instance).spec);
    return pool !== undefined && this.unmet(pool).length > 0;
  }

  /** What the next launch waits for. */
  unmet({ dependsOn }: Pick<DependencyTarget, 'dependsOn'>): readonly Dependency[] {
    return dependsOn.filter((dependency) => this.#verdictOn(dependency) !== 'met');
  }

  /**
   * What has to be started for a start of this name to succeed, each behind what it depends on itself.
   * @throws RequestError where one of them is not declared.
   */
  missing(pool: ManagedPool): readonly DependencyTarget[] {
    const needed = inStartOrder([pool.name], {
      dependenciesOf: (name) => {
        const one = this.#declaredAs(name, pool);
        // What runs has what it needs, or does without.
        return one === pool || !one.isDesired || one.isHeld ? this.unmet(one) : [];
      },
    });
    return needed.map((name) => this.#declaredAs(name, pool)).filter((one) => one !== pool && !one.isDesired);
  }

  /** The name and all that it depends on, as far as it is declared. */
  closure(pool: ManagedPool): readonly ManagedPool[] {
    const names = inStartOrder([pool.name], graphOf(this.#pools));
    return names.flatMap((name) => this.#pools.get(name) ?? []);
  }

  /** Declared names, those that depend on others before those. */
  inEndOrder(): readonly string[] {
    return inEndOrder(this.#pools);
  }

  /** The names that depend on this one, or on the model of this name, however indirectly. */
  dependentsOf(name: string): ReadonlySet<string> {
    const found = new Set<string>();
    for (const open = [name, modelDependency(name)]; open.length > 0; )
      for (const dependent of this.#dependents.get(open.pop() ?? '') ?? [])
        if (dependent !== name && !found.has(dependent)) {
          found.add(dependent);
          open.push(dependent);
        }
    return found;
  }

  /** An instance of this name has changed. */
  changed(name: string): void {
    const own = this.#pools.get(name);
    if (own) this.#loadModels(own);
    if (own?.dependsOn.some(({ name: one, restart }) => restart || this.#pools.get(one)?.cascadeGeneration)) this.#reconsider(own);
    for (const dependent of this.#dependents.get(name) ?? []) {
      const pool = this.#pools.get(dependent);
      if (pool) this.#reconsider(pool);
    }
  }

  /** How often an instance of each dependency has been started again by now. */
  generationsFor({ dependsOn }: ManagedPool): ReadonlyMap<string, number> {
    return new Map(dependsOn.map(({ name }) => [name, this.#pools.get(name)?.generation ?? 0]));
  }

  /** Variables for a process that depends on a model: where it answers. */
  environmentFor({ dependsOn }: ManagedPool): Readonly<Record<string, string>> {
    return (dependsOn.some(({ name }) => this.#modelOf(name)) && this.#models?.environment) || {};
  }

  #reconsider(pool: ManagedPool): void {
    this.#loadModels(pool);
    if (this.unmet(pool).length === 0) pool.release();
    const barred = pool.dependsOn.find((dependency) => this.#verdictOn(dependency) === 'barred');
    if (barred) pool.bar(this.#failureOf(barred, pool));
    for (const dependency of pool.dependsOn) this.#passOn(dependency, pool);
  }

  /** A restart that waits by itself finds that its model was unloaded meanwhile. One that could not be loaded is not tried again for it. */
  #loadModels(pool: ManagedPool): void {
    if (!pool.isHeld) return;
    for (const { name } of this.unmet(pool)) {
      const model = this.#modelOf(name);
      if (model?.facts.includes('idle')) model.start();
    }
  }

  /** What has failed itself, and not with what it depends on. */
  #causeOf({ name }: Pick<Dependency, 'name'>): Pick<DependencyTarget, 'name' | 'illness'> {
    const seen = new Set<string>();
    for (let current = name; ; ) {
      const cause = this.#targetOf(current);
      const next = cause?.facts.includes('unstarted') ? cause.dependsOn.find((one) => this.#verdictOn(one) === 'barred') : undefined;
      if (next === undefined || seen.has(next.name)) return cause ?? { name: current, illness: localizable('undeclared') };
      seen.add(next.name);
      current = next.name;
    }
  }

  /** The dependent goes on with what was there before for as long as the new one is not what it needs. */
  #passOn(dependency: Dependency, pool: ManagedPool): void {
    const { generation = 0 } = this.#targetOf(dependency.name) ?? {};
    const { cascadeGeneration = 0 } = this.#pools.get(dependency.name) ?? {};
    const reached = dependency.restart ? generation : cascadeGeneration;
    if (reached === 0 || this.#verdictOn(dependency) !== 'met' || !pool.isOlderThan(dependency.name, reached)) return;
    // What depends on this one, too, is restarted only where the first of them has asked for it.
    const cascades = cascadeGeneration > 0 && pool.isOlderThan(dependency.name, cascadeGeneration);
    const options = { reason: localizable('dependencyRestarted', dependency.name), now: false, ...(cascades && { cascades }) };
    pool.restart(undefined, options).catch(() => undefined);
  }

  #verdictOn({ name, condition }: Dependency): Verdict {
    const target = this.#targetOf(name);
    return target ? verdictOn(condition, target.facts) : 'barred';
  }

  #failureOf({ name }: Pick<Dependency, 'name'>, dependent: ManagedPool): RequestError {
    if (!this.#targetOf(name)) return new RequestError('startFailed', localizable('dependencyUnknown', dependent.name, name));
    const cause = this.#causeOf({ name });
    return new RequestError('startFailed', localizable('dependencyFailed', dependent.name, cause.name, cause.illness));
  }

  #declaredAs(name: string, dependent: ManagedPool): DependencyTarget {
    const target = this.#targetOf(name);
    if (target) return target;
    throw this.#failureOf({ name }, dependent);
  }

  #targetOf(name: string): DependencyTarget | undefined {
    return this.#pools.get(name) ?? this.#modelOf(name);
  }

  /** A process may have such a name, too: then it is meant. */
  #modelOf(name: string): ReturnType<ModelTargets['find']> {
    return this.#pools.has(name) ? undefined : this.#models?.find(name);
  }
}
