import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { WardenClient } from '../../client/wardenClient.ts';
import { modelScopeFrom, withScope } from '../../config/modelScope.ts';
import { NamedPorts } from '../../loopback/namedPorts.ts';
import { parseOrigin } from '../../loopback/origin.ts';
import { newToken, parseToken } from '../../loopback/token.ts';
import { withoutEditor } from '../../protocol/environment.ts';
import type { ClientKey, GatewayInfo, ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import { RestartBudget, restartBudget } from '../../protocol/restartBudget.ts';
import { errorText } from '../localized.ts';
import { type Secrets, secretsInModel } from '../questions/secrets.ts';
import { settingIn } from '../settingIn.ts';
import { tellError } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { DeclaredModel, WorkspaceSpecs } from '../workspaceSpecs.ts';

/** A model in the view: what is declared, and what the warden knows of it. */
export interface Model {
  readonly name: string;
  readonly declared: DeclaredModel | undefined;
  readonly snapshot: ModelSnapshot | undefined;
}

const section = 'treeWarden.gateway';
const scopeSetting = 'treeWarden.models.scope';
const tokenKey = 'gateway.token';
/** Where the gateways of workspaces are, so that each is at the same port the next time. */
const ports = { first: 21_000, count: 8000 } as const;

export interface ModelsOptions {
  readonly link: WardenLink;
  readonly specs: WorkspaceSpecs;
  /** Keeps the token, so that what was told to other programs stays true. */
  readonly storage: vscode.SecretStorage;
  /** The keys of servers elsewhere, and of clients. */
  readonly secrets: Secrets;
  /** What the window shows; undefined where it is no folder. */
  readonly window: string | undefined;
  readonly log: vscode.LogOutputChannel;
}

/** The models that processes.json declares, and the gateway that they are all at. */
export class Models implements vscode.Disposable {
  readonly #options: ModelsOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  /** Something is known of a model that was not, or the gateway is another one. */
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  readonly #ports = new NamedPorts();
  #snapshots: readonly ModelSnapshot[] = [];
  #gateway: GatewayInfo | undefined;
  /** What was told last, and to whom. */
  #lastSent: { readonly client: WardenClient; readonly text: string } | undefined;
  #telling: Promise<void> = Promise.resolve();
  readonly #serviceBudget = new RestartBudget();

  constructor(options: ModelsOptions) {
    this.#options = options;
    const { link, specs } = options;
    this.#subscriptions = [
      this.#changed,
      link.onDidConnect((client) => void this.#greet(client)),
      link.onDidChangeTrees(() => {
        if (link.isConnected || this.#snapshots.length === 0) return;
        this.#snapshots = [];
        this.#changed.fire();
      }),
      specs.onDidChange(() => void this.#declare()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#declare()),
      options.secrets.onDidChange(() => void this.#declare()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if ([`${section}.allowedOrigins`, scopeSetting].some((setting) => change.affectsConfiguration(setting))) void this.#declare();
      }),
    ];
    void this.#declare();
  }

  get all(): readonly Model[] {
    const { models } = this.#options.specs;
    return models.map((declared) => ({
      name: declared.name,
      declared,
      snapshot: this.#snapshots.find(({ name }) => name === declared.name),
    }));
  }

  find(name: string): Model | undefined {
    return this.all.find((model) => model.name === name);
  }

  /** Where the models are served; undefined where none are. */
  get gateway(): GatewayInfo | undefined {
    return this.#gateway;
  }

  /** Resolves when it is ready; with another number of servers where one is given. */
  async load(name: string, instances?: number): Promise<ModelSnapshot> {
    await this.#askForKey(name);
    return await (await this.#client()).loadModel(name, instances);
  }

  async unload(name: string, now: boolean): Promise<ModelSnapshot> {
    return await (await this.#client()).unloadModel(name, now);
  }

  /** Where it is not set. @throws Error where the question is dismissed. */
  async #askForKey(name: string): Promise<void> {
    const { secrets } = this.#options;
    const { spec, folder } = this.find(name)?.declared ?? {};
    if (!spec || !folder || !vscode.workspace.isTrusted) return;
    for (const secret of secretsInModel(spec)) {
      if ((await secrets.valueOf(folder, secret)) !== undefined) continue;
      if ((await secrets.ask(folder, secret)) === undefined)
        throw new Error(vscode.l10n.t('“{0}” was not loaded, because the secret {1} is not set.', name, secret));
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #client(): Promise<WardenClient> {
    if (!vscode.workspace.isTrusted)
      throw new Error(
        vscode.l10n.t('No model was loaded, because this workspace is not trusted and its processes.json contains commands.'),
      );
    const client = await this.#options.link.client();
    // It may be a moment old, and not know of any yet.
    await this.#declareTo(client);
    return client;
  }

  async #greet(client: WardenClient): Promise<void> {
    client.onModels((snapshots) => {
      this.#snapshots = snapshots;
      this.#changed.fire();
    });
    client.onModelServiceLost(() => this.#serviceLost(client));
    await this.#declareTo(client).catch((error: unknown) => this.#complain(error));
  }

  /** It was killed: what it served is served by the next one. */
  #serviceLost(client: WardenClient): void {
    this.#lastSent = undefined;
    this.#options.log.warn('The model service of this user has ended unexpectedly.');
    if (this.#serviceBudget.take()) void this.#declareTo(client).catch((error: unknown) => this.#complain(error));
    else
      this.#complain(
        vscode.l10n.t(
          'The model service of this user has ended {0} times in {1} minutes. It is started again when a model is loaded, or the window is reloaded.',
          restartBudget.starts,
          restartBudget.withinMillis / 60_000,
        ),
      );
  }

  /** A warden is started for models that may be asked at any time, and for nothing else. */
  async #declare(): Promise<void> {
    const { specs, link } = this.#options;
    await specs.ready;
    this.#changed.fire();
    if (!vscode.workspace.isTrusted || (specs.models.length === 0 && this.#gateway === undefined)) return;
    await link.client().then(
      (client) => this.#declareTo(client),
      (error: unknown) => this.#complain(error),
    );
  }

  #complain(error: unknown): void {
    this.#options.log.error(`Models: ${errorText(error)}`);
    void tellError(errorText(error));
  }

  /** One after the other; resolves when this warden knows what is declared now. */
  #declareTo(client: WardenClient): Promise<void> {
    const telling = this.#telling.then(() => this.#tell(client));
    this.#telling = telling.catch(() => undefined);
    return telling;
  }

  async #tell(client: WardenClient): Promise<void> {
    const { link, specs, storage, log } = this.#options;
    await specs.ready;
    if (!vscode.workspace.isTrusted || (specs.models.length === 0 && this.#gateway === undefined)) return;
    const requests = await this.#resolve(specs.models);
    const allowedOrigins = this.#allowedOrigins();
    const keys = await this.#clientKeys();
    const memory = specs.gatewayMemory;
    const text = JSON.stringify([requests, allowedOrigins, keys, memory]);
    if (this.#lastSent?.client === client && this.#lastSent.text === text) return;
    const token = await tokenIn(storage);
    const { declareWhereServed } = await import('../../client/modelService.ts');
    const options = { script: link.script, env: withoutEditor(process.env) };
    const shared = { port: this.#port(), token, allowedOrigins, keys, ...(memory && { memory }) };
    const { refused = [], ...gateway } = await declareWhereServed(client, requests, shared, options);
    this.#gateway = gateway;
    const isKnown = new Set(requests.flatMap(({ name, problem }) => (problem === undefined ? [] : name)));
    for (const { name, reason } of refused) if (!isKnown.has(name)) this.#complain(reason);
    const isShared = requests.some(({ scope }) => scope === 'user');
    const served = requests.filter(({ name }) => !refused.some((one) => one.name === name));
    void link.shareModels(isShared ? served.map(({ name }) => name) : []);
    this.#lastSent = { client, text };
    log.info(`${requests.length} models at ${this.#gateway.url}.`);
    this.#snapshots = await client.models();
    this.#changed.fire();
  }

  /** What cannot be resolved is told, here and to its clients, and does not take the others away. */
  async #resolve(declared: readonly DeclaredModel[]): Promise<ModelRequest[]> {
    const { resolveModel, unresolvedModel } = await import('../../config/resolveModel.ts');
    const { secrets } = this.#options;
    const scope = modelScopeFrom(vscode.workspace.getConfiguration().get(scopeSetting, '')) ?? 'window';
    const resolving = declared.map(async ({ name, spec: written, folder, root }) => {
      const portFor = (port: string): Promise<number> => this.#ports.portFor(port);
      const secretOf = (secret: string): Promise<string | undefined> => secrets.valueOf(folder, secret);
      const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor, settingOf: settingIn(folder), secretOf };
      // Two folders may declare models of the same name.
      const fallback = declared.find((other) => other.written === written.fallback && other.root.toString() === root.toString())?.name;
      const spec = withScope(fallback === undefined ? written : { ...written, fallback }, scope);
      try {
        // What is loaded when a window opens is asked for first: see AutoStart.
        return { ...(await resolveModel(name, spec, context)), preload: false };
      } catch (error) {
        const message = `${name}: ${errorText(error)}`;
        this.#options.log.error(message);
        void tellError(message);
        return unresolvedModel(name, spec, errorText(error));
      }
    });
    return await Promise.all(resolving);
  }

  /** One without a value is told, and does not take the others away. */
  async #clientKeys(): Promise<ClientKey[]> {
    const { specs, secrets } = this.#options;
    if (specs.clientKeys.length === 0) return [];
    const { resolveClientKeys } = await import('../../config/clientKeys.ts');
    const resolving = specs.clientKeys.flatMap(({ folder, keys }) => {
      const secretOf = (secret: string): Promise<string | undefined> => secrets.valueOf(folder, secret);
      const portFor = (port: string): Promise<number> => this.#ports.portFor(port);
      const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor, settingOf: settingIn(folder), secretOf };
      return Object.entries(keys).map(async ([name, key]) => {
        try {
          return await resolveClientKeys({ [name]: key }, context);
        } catch (error) {
          this.#complain(error);
          return [];
        }
      });
    });
    return (await Promise.all(resolving)).flat();
  }

  /** One that is none is told, and does not take the others away. */
  #allowedOrigins(): string[] {
    const named: unknown = vscode.workspace.getConfiguration(section).get('allowedOrigins', []);
    return (Array.isArray(named) ? named : []).flatMap((origin: unknown) => {
      try {
        return [parseOrigin(String(origin))];
      } catch (error) {
        this.#complain(`${section}.allowedOrigins: ${errorText(error)}`);
        return [];
      }
    });
  }

  /** The same for the same workspace, unless the user wants another one. */
  #port(): number {
    const chosen = vscode.workspace.getConfiguration(section).get('port', 0);
    const { window } = this.#options;
    if (chosen > 0 || window === undefined) return chosen;
    return ports.first + (createHash('sha256').update(window).digest().readUInt32LE() % ports.count);
  }
}

/** The one that is kept, or a new one where none is, or what is kept is none. */
async function tokenIn(storage: vscode.SecretStorage): Promise<string> {
  const kept = await storage.get(tokenKey);
  try {
    if (kept !== undefined) return parseToken(kept);
  } catch {
    // Damaged: what was told to other programs has to be told anew.
  }
  const token = newToken();
  await storage.store(tokenKey, token);
  return token;
}
