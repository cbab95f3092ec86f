import { textOfError } from '../../protocol/errorReasons.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { isSuperseded } from '../requestError.ts';
import type { InstanceFact } from './dependencies.ts';
import { factOfEnd, type VerbOptions } from './instances.ts';
import type { ManagedName } from './managedName.ts';

/** What is remembered of an instance, of which nothing may be there any more. */
interface Life {
  /** What its newest start was asked for with. */
  options?: VerbOptions;
  /** Its newest tree. */
  tree?: TreeId;
  /** The generation of each dependency when that was started. */
  generations?: ReadonlyMap<string, number>;
  end?: End;
}

interface End {
  readonly fact: InstanceFact;
  /** How it has ended, as a clause. */
  readonly reason: Text;
  /** Of the declaration that it was started with. */
  readonly digest: string | undefined;
  /** Why it could not be started, as a sentence. */
  readonly problem?: Text;
}

/** What the instances of a name have come to: that is what others that depend on them wait for. */
export class InstanceLives {
  readonly #lives = new Map<number, Life>();
  /** Number of times that an instance was started again. */
  #generation = 0;
  #cascadeGeneration = 0;

  get generation(): number {
    return this.#generation;
  }

  /** The generation that what depends on it, too, is restarted for; 0 where there is none. */
  get cascadeGeneration(): number {
    return this.#cascadeGeneration;
  }

  /**
   * How the newest tree of an instance has come, and has ended.
   * @param generations The generation of each dependency by now.
   */
  observe(instance: number, managed: ManagedName | undefined, generations: () => ReadonlyMap<string, number>): void {
    const { phase, tree } = managed ?? {};
    if (tree === undefined) return;
    const life = this.#of(instance);
    if (phase === 'running' && life.tree !== tree.id) {
      this.#comes(life);
      life.tree = tree.id;
      life.generations = generations();
    }
    if (phase === 'idle' && tree.ended) life.end = { fact: factOfEnd(tree), reason: tree.reason, digest: tree.request.declaration };
  }

  asked(instance: number, options: VerbOptions): void {
    this.#of(instance).options = options;
  }

  optionsOf(instance: number): VerbOptions | undefined {
    return this.#lives.get(instance)?.options;
  }

  /** What is known of a dependency for the first time, because the edge is new or the instance was found again, is what the newest trees have come with. */
  learn(now: ReadonlyMap<string, number>): void {
    for (const life of this.#lives.values())
      if (life.generations) life.generations = new Map([...now, ...life.generations].filter(([name]) => now.has(name)));
  }

  /** A start has come to nothing. */
  failed(instance: number, error: unknown, digest: string | undefined): void {
    const reason = localizable('unstarted');
    this.#of(instance).end = isSuperseded(error)
      ? { fact: 'idle', reason: '', digest }
      : { fact: 'unstarted', reason, digest, problem: textOfError(error) };
  }

  /** How an instance of which nothing runs has ended; undefined where it has not run. */
  endOf(instance: number): End | undefined {
    return this.#lives.get(instance)?.end;
  }

  /** @param digest Of the newest declaration: what an older one has done well is still to be done by this one. */
  factOf(instance: number, managed: ManagedName | undefined, digest: string | undefined): InstanceFact {
    const { phase = 'idle', heading, tree } = managed ?? {};
    switch (phase) {
      case 'idle': {
        const { end } = this.#lives.get(instance) ?? {};
        if (end === undefined) return 'idle';
        return end.fact === 'succeeded' && digest !== undefined && end.digest !== digest ? 'idle' : end.fact;
      }
      case 'running':
        if (tree?.state === 'stopping') return 'ending';
        return tree?.state === 'starting' ? 'started' : 'ready';
      case 'stuck':
        return 'failed';
      default:
        return heading === 'running' ? 'coming' : 'ending';
    }
  }

  /** Whether the newest tree of an instance was started before the dependency was in this generation. */
  isOlder(instance: number, dependency: string, generation: number): boolean {
    const { generations } = this.#lives.get(instance) ?? {};
    return generations !== undefined && (generations.get(dependency) ?? generation) < generation;
  }

  /** It runs, and is not the tree that is known of it. */
  #comes(life: Life): void {
    const { tree, options } = life;
    if (tree !== undefined) this.#generation++;
    if (options?.cascades === undefined) return;
    if (tree !== undefined) this.#cascadeGeneration = this.#generation;
    // Not at a restart that it has by itself later on.
    const { cascades: _done, ...others } = options;
    life.options = others;
  }

  #of(instance: number): Life {
    const known = this.#lives.get(instance);
    if (known) return known;
    const life: Life = {};
    this.#lives.set(instance, life);
    return life;
  }
}
