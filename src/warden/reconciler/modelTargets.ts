import { errorText } from '../../protocol/errors.ts';
import { environmentFor, type GatewayInfo, type ModelSnapshot, type ModelState } from '../../protocol/models.ts';
import { modelOfDependency } from '../../protocol/names.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import type { InstanceFact } from './dependencies.ts';
import type { DependencyTarget } from './dependencyTarget.ts';

/** The models of the warden. */
export interface DependableModels {
  /** Null where none was declared. */
  readonly info: GatewayInfo | null;
  readonly snapshots: readonly ModelSnapshot[];
  /** Resolves when as many servers are ready as are wanted; rejects where it cannot be loaded. */
  load(model: string): Promise<unknown>;
  onChange(listener: () => void): unknown;
}

/** What a state says of a model that is not being loaded on behalf of a process. */
const facts: Readonly<Record<ModelState, InstanceFact>> = {
  cold: 'idle',
  waiting: 'coming',
  loading: 'started',
  ready: 'ready',
  draining: 'ending',
  failed: 'unstarted',
};

/** The models that processes depend on. */
export class ModelTargets {
  readonly #models: DependableModels;
  readonly #onChange: (dependency: string) => void;
  readonly #targets = new Map<string, ModelTarget>();

  /** @param onChange Is given the name of a dependency of which there is news. */
  constructor(models: DependableModels, onChange: (dependency: string) => void) {
    this.#models = models;
    this.#onChange = onChange;
    models.onChange(() => {
      for (const [dependency, target] of this.#targets) {
        target.begin();
        onChange(dependency);
      }
    });
  }

  /** How a process reaches them. */
  get environment(): Readonly<Record<string, string>> {
    const { info } = this.#models;
    return info ? environmentFor(info) : {};
  }

  /** Undefined where the dependency is no model. It may be declared later than what depends on it. */
  find(dependency: string): ModelTarget | undefined {
    const model = modelOfDependency(dependency);
    if (model === undefined) return undefined;
    const known = this.#targets.get(dependency);
    if (known) return known;
    const target = new ModelTarget(dependency, model, this.#models, () => this.#onChange(dependency));
    this.#targets.set(dependency, target);
    return target;
  }
}

class ModelTarget implements DependencyTarget {
  readonly name: string;
  readonly dependsOn = [];
  /** It answers at the same address after each load: nothing has to restart with it. */
  readonly generation = 0;
  readonly isHeld = false;
  readonly #model: string;
  readonly #models: DependableModels;
  readonly #onSettled: () => void;
  /** `wanted`: it is to be loaded as soon as it is declared. */
  #attempt: 'none' | 'wanted' | 'loading' | 'failed' = 'none';
  #problem = '';

  constructor(name: string, model: string, models: DependableModels, onSettled: () => void) {
    this.name = name;
    this.#model = model;
    this.#models = models;
    this.#onSettled = onSettled;
  }

  get isDesired(): boolean {
    return this.#isUnderWay || ['waiting', 'loading', 'ready'].includes(this.#snapshot?.state ?? '');
  }

  get facts(): readonly InstanceFact[] {
    const { state } = this.#snapshot ?? {};
    const fact = state === undefined ? 'idle' : facts[state];
    if (fact === 'ready' || fact === 'started') return [fact];
    if (this.#isUnderWay) return ['coming'];
    return [this.#attempt === 'failed' ? 'unstarted' : fact];
  }

  get illness(): Text {
    const { state, reason = '' } = this.#snapshot ?? {};
    return (state === 'failed' && reason) || this.#problem || localizable('unstarted');
  }

  /** Loads it; what was wrong before is forgotten. */
  start(): void {
    this.#attempt = 'wanted';
    this.begin();
  }

  /** There is news of the models: loads what is wanted, once it is declared. */
  begin(): void {
    // It was loaded since, by a user or a request: that it could not be once counts no more when it is unloaded.
    if (this.#attempt === 'failed' && this.#snapshot?.state === 'ready') this.#attempt = 'none';
    if (this.#attempt !== 'wanted' || this.#snapshot === undefined) return;
    this.#attempt = 'loading';
    this.#models
      .load(this.#model)
      .then(
        () => {
          this.#attempt = 'none';
        },
        (error: unknown) => {
          this.#attempt = 'failed';
          this.#problem = errorText(error).split('\n', 1)[0] ?? '';
        },
      )
      .finally(this.#onSettled);
  }

  get #isUnderWay(): boolean {
    return this.#attempt === 'wanted' || this.#attempt === 'loading';
  }

  get #snapshot(): ModelSnapshot | undefined {
    return this.#models.snapshots.find(({ name }) => name === this.#model);
  }
}
