import { isDeepStrictEqual } from 'node:util';
import type { DeclaredModels, ModelLease, ModelRequest, RefusedModel } from '../../protocol/models.ts';
import { RequestError } from '../requestError.ts';
import { type Kept, KeptModels } from './keptModels.ts';
import type { ModelDeclaration } from './modelHost.ts';
import { differencesOf, mergeLeases } from './sharedDeclarations.ts';

export interface ModelLeasesParts<Lessee> {
  /** Declarations are carried out one after the other. */
  declare(declaration: ModelDeclaration): Promise<DeclaredModels>;
  /** Because of what another one does, these of its models are refused to a lessee now. */
  onRefused(lessee: Lessee, refused: readonly RefusedModel[]): void;
  /** The last lease has ended, and no model is kept beyond that. */
  onUnused(): void;
}

/** Who the models of the model service live for: one lease for each connection that has declared some. */
export class ModelLeases<Lessee extends object> {
  readonly #parts: ModelLeasesParts<Lessee>;
  readonly #leases = new Map<Lessee, ModelLease>();
  /** As each of them was told. */
  readonly #refused = new Map<Lessee, readonly RefusedModel[]>();
  readonly #kept = new KeptModels(() => this.#released());
  #declared: readonly ModelRequest[] = [];
  #isUnused = false;

  constructor(parts: ModelLeasesParts<Lessee>) {
    this.#parts = parts;
  }

  /** Takes the place of what the lessee has leased before. @throws RequestError where the service is ending, or the lease cannot be: then what was there before counts on. */
  async take(lessee: Lessee, lease: ModelLease): Promise<DeclaredModels> {
    if (this.#isUnused) throw new RequestError('notPossible', 'The model service is ending.', 'modelServiceGone');
    const before = this.#leases.get(lessee);
    const kept = this.#takeOver(lease);
    // It keeps its place: what it has said first counts on.
    this.#leases.set(lessee, lease);
    try {
      const info = await this.#declare(lessee);
      const refused = this.#refused.get(lessee) ?? [];
      return { ...info, ...(refused.length > 0 && { refused }) };
    } catch (error) {
      // What is wrong in it must not be what others get.
      if (this.#leases.get(lessee) === lease) {
        if (before) this.#leases.set(lessee, before);
        else this.#leases.delete(lessee);
        this.#refused.delete(lessee);
        this.#kept.takeBack(kept.filter(({ model }) => !this.#isLeased(model.name)));
        this.#declareAgain();
      }
      throw error;
    }
  }

  /** The connection of the lessee has closed. */
  end(lessee: Lessee): void {
    const lease = this.#leases.get(lessee);
    if (!lease) return;
    const refused = new Set(this.#refused.get(lessee)?.map(({ name }) => name));
    this.#leases.delete(lessee);
    this.#refused.delete(lessee);
    this.#kept.keep(lease, (name) => !refused.has(name) && !this.#isLeased(name));
    this.#released();
  }

  /** A lease has ended, or the time of a model is over that was kept. */
  #released(): void {
    if (this.#leases.size > 0 || !this.#kept.isEmpty) {
      this.#declareAgain();
      return;
    }
    this.#isUnused = true;
    this.#parts.onUnused();
  }

  #isLeased(name: string): boolean {
    return [...this.#leases.values()].some(({ models }) => models.some((model) => model.name === name));
  }

  /** What was kept and is declared otherwise now is ended first: its servers are none of the new client's. */
  #takeOver({ models }: ModelLease): readonly Kept[] {
    const kept = this.#kept.handOver(models);
    const isOther = ({ model: before }: Kept): boolean =>
      models.some((model) => model.name === before.name && differencesOf(before, model).length > 0);
    if (kept.some(isOther)) this.#declare().catch(() => undefined);
    return kept;
  }

  /** A service that has served nothing yet has no address, and is not to make one of its own. */
  #declareAgain(): void {
    if (this.#leases.size > 0 || !this.#kept.isEmpty || this.#declared.length > 0) this.#declare().catch(() => undefined);
  }

  async #declare(asking?: Lessee): Promise<DeclaredModels> {
    const { models, gateway, refused } = mergeLeases([...this.#leases.values(), ...this.#kept.leases]);
    for (const [lessee, lease] of this.#leases) this.#refuse(lessee, refused.get(lease) ?? [], lessee === asking);
    // A server that was started as another lessee has declared it is none of this one's.
    const replaced = asking ? [] : models.filter((model) => this.#isOtherwise(model));
    const before = this.#declared;
    this.#declared = models;
    if (replaced.length > 0)
      this.#parts.declare({ models: models.filter((model) => !replaced.includes(model)), gateway }).catch(() => undefined);
    try {
      return await this.#parts.declare({ models, gateway });
    } catch (error) {
      if (this.#declared === models) this.#declared = before;
      throw error;
    }
  }

  #isOtherwise(model: ModelRequest): boolean {
    const before = this.#declared.find(({ name }) => name === model.name);
    return before !== undefined && differencesOf(before, model).length > 0;
  }

  /** One that asks has its answer. */
  #refuse(lessee: Lessee, refused: readonly RefusedModel[], isAsking: boolean): void {
    const told = this.#refused.get(lessee) ?? [];
    this.#refused.set(lessee, refused);
    if (!isAsking && !isDeepStrictEqual(told, refused)) this.#parts.onRefused(lessee, refused);
  }
}
