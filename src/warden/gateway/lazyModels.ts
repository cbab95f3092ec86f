import type { TreeId, TreeSnapshot } from '../../protocol/messages.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import { RequestError } from '../requestError.ts';
import type { Models } from './models.ts';

/** The models of a warden, of which nothing is loaded before the first is declared. */
export class LazyModels {
  readonly #open: () => Promise<Models>;
  readonly #listeners = new Set<() => void>();
  #opening: Promise<Models> | undefined;
  #models: Models | undefined;

  constructor(open: () => Promise<Models>) {
    this.#open = open;
  }

  /** Hears of every change, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshots(): ModelSnapshot[] {
    return this.#models?.snapshots() ?? [];
  }

  /** What their servers tell of themselves, in Prometheus' text format. */
  async serverMetrics(): Promise<string> {
    return (await this.#models?.serverMetrics()) ?? '';
  }

  async info(): Promise<GatewayInfo | null> {
    return (await this.#models?.info()) ?? null;
  }

  async declare({ models, gateway }: { readonly models: readonly ModelRequest[]; readonly gateway: GatewayOptions }): Promise<GatewayInfo> {
    this.#opening ??= this.#open().then((opened) => {
      this.#models = opened;
      opened.onChange(() => this.#listeners.forEach((listener) => void listener()));
      return opened;
    });
    return await (await this.#opening).declare(models, gateway);
  }

  async load(model: string, instances?: number): Promise<ModelSnapshot> {
    return await this.#known().load(model, instances);
  }

  async unload(model: string, now: boolean): Promise<ModelSnapshot> {
    return await this.#known().unload(model, now);
  }

  /** Where the tree is a model's, which has plans of its own with it; undefined where it is not. */
  async restart(tree: TreeId): Promise<TreeSnapshot | undefined> {
    return await this.#models?.restart(tree);
  }

  /** To be called before the trees are ended: nobody is to start another one. */
  close(): void {
    this.#models?.close();
  }

  #known(): Models {
    if (!this.#models) throw new RequestError('notPossible', 'This warden knows of no models.');
    return this.#models;
  }
}
