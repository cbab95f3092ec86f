import type { TreeId } from '../../protocol/identity.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { GatewayLink } from './gatewayLink.ts';

/** The models of a warden. Nothing of them is loaded or started before the first model is declared. */
export class ModelService {
  readonly #open: (onChange: () => void) => Promise<GatewayLink>;
  readonly #listeners = new Set<() => void>();
  #opening: Promise<GatewayLink> | undefined;
  #link: GatewayLink | undefined;

  constructor(open: (onChange: () => void) => Promise<GatewayLink>) {
    this.#open = open;
  }

  /** Hears of every change, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As they were reported last. */
  get snapshots(): readonly ModelSnapshot[] {
    return this.#link?.snapshots ?? [];
  }

  async freshSnapshots(): Promise<readonly ModelSnapshot[]> {
    return (await this.#link?.freshSnapshots()) ?? [];
  }

  /** The servers' own metrics, in Prometheus' text format. */
  async serverMetrics(): Promise<string> {
    return (await this.#link?.serverMetrics()) ?? '';
  }

  /** Null where no model was declared. */
  get info(): GatewayInfo | null {
    return this.#link?.info ?? null;
  }

  /** Of the gateway process; null where there is none. */
  get gatewayPid(): number | null {
    return this.#link?.pid ?? null;
  }

  /** What is wrong at present, a sentence each. */
  get problems(): Text[] {
    return this.#link?.problem === undefined ? [] : [this.#link.problem];
  }

  async declare(declaration: { readonly models: readonly ModelRequest[]; readonly gateway: GatewayOptions }): Promise<GatewayInfo> {
    this.#opening ??= this.#open(() => this.#listeners.forEach((listener) => void listener()));
    this.#link = await this.#opening;
    return await this.#link.declare(declaration);
  }

  async load(model: string, instances?: number): Promise<ModelSnapshot> {
    return await this.#known().load(model, instances);
  }

  async unload(model: string, now: boolean): Promise<ModelSnapshot> {
    return await this.#known().unload(model, now);
  }

  /** Where the tree is a model's server, which its gateway lets finish first; undefined where it is not. */
  async restart(tree: TreeId): Promise<TreeSnapshot | undefined> {
    return await this.#link?.restart(tree);
  }

  /** Starts the gateway process where it is not running; its budget of automatic restarts begins anew. */
  async startGateway(): Promise<void> {
    await this.#known().startAgain();
  }

  /** To be called before the trees are ended: no server is started any more. Resolves when the gateway process has ended. */
  async close(): Promise<void> {
    await this.#link?.close();
  }

  #known(): GatewayLink {
    if (!this.#link) throw new RequestError('notPossible', 'This warden knows of no models.');
    return this.#link;
  }
}
