import type { DeclaredModels, ModelLease } from '../../protocol/models.ts';
import { RequestError } from '../requestError.ts';
import type { ModelDeclaration } from './modelHost.ts';
import { mergeLeases } from './sharedDeclarations.ts';

export interface ModelLeasesParts {
  declare(declaration: ModelDeclaration): Promise<DeclaredModels>;
  /** The last lease has ended. */
  onUnused(): void;
}

/** Who the models of the model service live for: one lease for each connection that has declared some. */
export class ModelLeases {
  readonly #parts: ModelLeasesParts;
  readonly #leases = new Map<object, ModelLease>();
  #isUnused = false;

  constructor(parts: ModelLeasesParts) {
    this.#parts = parts;
  }

  /** Takes the place of what the lessee has leased before. @throws RequestError where the service is ending. */
  async take(lessee: object, lease: ModelLease): Promise<DeclaredModels> {
    if (this.#isUnused) throw new RequestError('notPossible', 'The model service is ending.', 'modelServiceGone');
    // It keeps its place: what it has said first counts on.
    this.#leases.set(lessee, lease);
    const info = await this.#declare();
    const refused = mergeLeases([...this.#leases.values()]).refused.get(lease) ?? [];
    return { ...info, ...(refused.length > 0 && { refused }) };
  }

  /** The connection of the lessee has closed. */
  end(lessee: object): void {
    if (!this.#leases.delete(lessee)) return;
    if (this.#leases.size > 0) return void this.#declare().catch(() => undefined);
    this.#isUnused = true;
    this.#parts.onUnused();
  }

  async #declare(): Promise<DeclaredModels> {
    const { models, gateway } = mergeLeases([...this.#leases.values()]);
    return await this.#parts.declare({ models, gateway });
  }
}
