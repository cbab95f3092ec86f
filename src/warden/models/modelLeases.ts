import { isDeepStrictEqual } from 'node:util';
import type { DeclaredModels, ModelLease, RefusedModel } from '../../protocol/models.ts';
import { RequestError } from '../requestError.ts';
import type { ModelDeclaration } from './modelHost.ts';
import { mergeLeases } from './sharedDeclarations.ts';

export interface ModelLeasesParts<Lessee> {
  declare(declaration: ModelDeclaration): Promise<DeclaredModels>;
  /** Other models of the lessee are refused than before, because of another one. */
  onRefused(lessee: Lessee, refused: readonly RefusedModel[]): void;
  /** The last lease has ended. */
  onUnused(): void;
}

/** Who the models of the model service live for: one lease for each connection that has declared some. */
export class ModelLeases<Lessee extends object> {
  readonly #parts: ModelLeasesParts<Lessee>;
  readonly #leases = new Map<Lessee, ModelLease>();
  /** What each of them knows to be refused. */
  readonly #known = new WeakMap<Lessee, readonly RefusedModel[]>();
  #isUnused = false;

  constructor(parts: ModelLeasesParts<Lessee>) {
    this.#parts = parts;
  }

  /** Takes the place of what the lessee has leased before. @throws RequestError where the service is ending. */
  async take(lessee: Lessee, lease: ModelLease): Promise<DeclaredModels> {
    if (this.#isUnused) throw new RequestError('notPossible', 'The model service is ending.', 'modelServiceGone');
    // It keeps its place: what it has said first counts on.
    this.#leases.set(lessee, lease);
    // It is told by the answer.
    this.#known.delete(lessee);
    const info = await this.#declare();
    const refused = mergeLeases([...this.#leases.values()]).refused.get(lease) ?? [];
    this.#known.set(lessee, refused);
    return { ...info, ...(refused.length > 0 && { refused }) };
  }

  /** The connection of the lessee has closed. */
  end(lessee: Lessee): void {
    if (!this.#leases.delete(lessee)) return;
    if (this.#leases.size > 0) return void this.#declare().catch(() => undefined);
    this.#isUnused = true;
    this.#parts.onUnused();
  }

  async #declare(): Promise<DeclaredModels> {
    const { models, gateway } = mergeLeases([...this.#leases.values()]);
    const info = await this.#parts.declare({ models, gateway });
    this.#tellRefused();
    return info;
  }

  /** Each of them that has had an answer. */
  #tellRefused(): void {
    const { refused } = mergeLeases([...this.#leases.values()]);
    for (const [lessee, lease] of this.#leases) {
      const known = this.#known.get(lessee);
      const now = refused.get(lease) ?? [];
      if (known === undefined || isDeepStrictEqual(known, now)) continue;
      this.#known.set(lessee, now);
      this.#parts.onRefused(lessee, now);
    }
  }
}
