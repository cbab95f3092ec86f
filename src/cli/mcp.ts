import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentHost, Confinement } from '../agent/host.ts';
import type { NameClient } from '../client/nameClient.ts';
import type { WardenTree } from '../client/nameVerbs.ts';
import { withNeededValues } from '../client/neededValues.ts';
import { findWindowWarden } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { findPortHolders } from '../client/wardenCommands.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import { declarationOf } from '../config/declarations.ts';
import { isolateSchema } from '../config/isolation.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { resolveSpec } from '../config/resolveSpec.ts';
import { newToken } from '../loopback/token.ts';
import type { NameAnswer } from '../protocol/declare.ts';
import { withoutEditor } from '../protocol/environment.ts';
import { errorText } from '../protocol/errors.ts';
import type { ModelRequest } from '../protocol/models.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive } from '../protocol/trees.ts';
import { type Declared, readDeclared } from './declared.ts';
import { serve } from './declaredModels.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { parseFreePort } from './freePort.ts';
import { neededModels } from './neededModels.ts';
import { StartQuestions } from './questions/startQuestions.ts';
import { sayJson } from './say.ts';
import { CliSession } from './session.ts';
import { withDependencies } from './startOrder.ts';
import { tokenFromEnvironment } from './tokenFromEnvironment.ts';
import { Wardens, wardenScript } from './wardens.ts';
import { workingDirectory } from './workingDirectory.ts';

export interface McpOptions {
  readonly http?: boolean;
  /** Only with `http`; absent: a free one. */
  readonly port?: string;
  /** The window in whose name it acts; absent: what it starts ends with it. */
  readonly window?: string;
}

/** Serves an agent until it goes; what it has started goes with it, or lives with the window in whose name that was. */
export async function mcp({ http = false, port, window }: McpOptions): Promise<number> {
  if (port !== undefined && !http) throw new CliError('--port is for --http only.', exitCodes.usage);
  const wantedPort = parseFreePort(port ?? '0');
  const token = http ? (tokenFromEnvironment() ?? newToken()) : '';
  if (window !== undefined) forgetEditor();
  const { serveHttp, serveStdio } = (await import(pathToFileURL(join(__dirname, 'mcp.js')).href)) as typeof import('../mcp/main.ts');
  const host = new CliHost(window);
  if (http) {
    const { url, close } = await serveHttp(host, wantedPort, token).catch((error: unknown) => {
      throw new CliError(`The MCP server cannot listen at port ${wantedPort} of 127.0.0.1: ${errorText(error)}. Choose another --port.`);
    });
    sayJson({ url, token });
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    });
    close();
  } else {
    await serveStdio(host);
  }
  await host.close();
  return exitCodes.ok;
}

/** The editor has started this command for one of its agents: the variables that it sets for itself are not passed on to what the agent starts. */
function forgetEditor(): void {
  const own = withoutEditor(process.env);
  for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
}

/** Acts on all wardens of this user, and starts with one of its own, or with a window's. */
class CliHost implements AgentHost {
  readonly #window: string | undefined;
  readonly #registry: WardenRegistry;
  /** What its own warden serves, by name: the models that what it has started depends on. */
  readonly #models = new Map<string, ModelRequest>();
  #session: Promise<CliSession> | undefined;

  constructor(window: string | undefined) {
    this.#window = window;
    this.#registry = new WardenRegistry('tree-warden mcp', window);
  }

  async trees(): Promise<readonly WardenTree[]> {
    const wardens = await Wardens.connect('tree-warden mcp', { registry: this.#registry });
    return (await wardens.trees()).map(({ warden, tree }) => ({ client: warden, tree }));
  }

  declared(): Promise<readonly { readonly name: string; readonly description?: string | undefined }[]> {
    try {
      return Promise.resolve(this.#read([]).wanted.map(([name, { description }]) => ({ name, description })));
    } catch {
      return Promise.resolve([]); // There is no processes.json, or it declares nothing.
    }
  }

  async startDeclared(name: string): Promise<NameAnswer> {
    const declared = this.#read([name], withDependencies);
    const client = await this.#starter();
    const { names, welcome } = client;
    const isOfName = ({ tree }: WardenTree): boolean => (tree.pool ?? tree.name) === name && isLive(tree);
    // Another command or window runs it already.
    if ((await this.trees()).some((one) => isOfName(one) && one.client.welcome.warden !== welcome.warden))
      return { trees: [], failures: [] };
    const isKnown = this.#window !== undefined && (await names.list()).some((known) => known.name === name && known.origin !== undefined);
    // A window's own declaration counts there.
    if (!isKnown) await this.#declare(names);
    // A window serves its models itself.
    if ((await this.#session)?.warden.client === client) await this.#serveModels(client, declared);
    const questions = new StartQuestions(new Map(declared.all), { canAsk: false });
    return await withNeededValues(
      (values) => names.start({ name, ...(values && { values }) }),
      (needed) => questions.answer(needed),
    );
  }

  async declareNewest(): Promise<void> {
    if (this.#session) await this.#declare((await this.#session).warden.client.names);
  }

  async startCommand(name: string, command: string, { isolate, join }: Confinement = {}): Promise<TreeSnapshot> {
    const starter = await this.#starter();
    const context = { workspaceFolder: workingDirectory(), env: process.env, portFor: (port: string) => starter.names.port(port) };
    const confinement = { ...(isolate && { isolate: isolateSchema.parse(isolate) }), ...(join !== undefined && { join }) };
    return await starter.start(await resolveSpec(name, { command, group: 'Agents', pty: false, ...confinement }, context));
  }

  async holders(port: number): ReturnType<AgentHost['holders']> {
    return await findPortHolders(wardenScript, port);
  }

  onChange(listener: () => void): { dispose(): void } {
    const clients = this.#registry.all.map(({ client }) => client);
    const subscriptions = clients.map((client) => client.onTrees(listener));
    for (const client of clients) client.watch(0).catch(() => undefined);
    return { dispose: () => subscriptions.forEach((subscription) => void subscription.dispose()) };
  }

  async close(): Promise<void> {
    this.#registry[Symbol.dispose]();
    await (await this.#session)?.close('the agent has gone');
  }

  async #starter(): Promise<WardenClient> {
    const ofWindow = this.#window === undefined ? undefined : await findWindowWarden(this.#window, this.#registry);
    if (ofWindow) return ofWindow;
    this.#session ??= CliSession.start('tree-warden mcp');
    return (await this.#session).warden.client;
  }

  /** All that the file declares: a part of it would take the place of the rest. */
  async #declare(names: NameClient): Promise<void> {
    const { path, context, wanted } = this.#read([]);
    const processes = await Promise.all(wanted.map(([name, spec]) => declarationOf(name, { ...spec, pty: false }, context)));
    await names.declare({ origin: path, processes });
  }

  /** Each is loaded when a process that needs it is started. */
  async #serveModels(client: WardenClient, declared: Declared<ProcessSpec>): Promise<void> {
    const needed = await neededModels(declared);
    const changed = needed.filter((model) => JSON.stringify(this.#models.get(model.name)) !== JSON.stringify(model));
    if (changed.length === 0) return;
    for (const model of changed) this.#models.set(model.name, model);
    // All of them: a part would take the place of the rest.
    await serve(client, [...this.#models.values()], { ...declared.gateway, port: 0 });
  }

  #read(names: readonly string[], arrange?: typeof withDependencies): Declared<ProcessSpec> {
    try {
      return readDeclared('processes', ({ specs }) => specs, names, arrange);
    } catch (error) {
      throw new Error(errorText(error));
    }
  }
}
