import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentHost, GuardedTree } from '../agent/host.ts';
import { findWindowWarden } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { findPortHolders } from '../client/wardenProcess.ts';
import { errorText } from '../protocol/errors.ts';
import { newToken } from '../protocol/loopback.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';
import { isLive } from '../protocol/trees.ts';
import { NamedPorts } from '../spec/ports.ts';
import type { ProcessSpec } from '../spec/processSchema.ts';
import { resolveInstances, resolveSpec } from '../spec/resolveSpec.ts';
import { type Declared, readDeclared } from './declared.ts';
import { exitCodes } from './exitCodes.ts';
import { parseFreePort } from './freePort.ts';
import { CliSession } from './session.ts';
import { Wardens, wardenScript } from './wardens.ts';

export interface McpOptions {
  readonly http?: boolean;
  readonly port: string;
  /** The window in whose name it acts; absent: what it starts ends with it. */
  readonly window?: string;
}

/** Serves an agent until it goes; what it has started goes with it, or lives with the window in whose name that was. */
export async function mcp({ http = false, port, window }: McpOptions): Promise<number> {
  const wantedPort = parseFreePort(port);
  const { serveHttp, serveStdio } = (await import(pathToFileURL(join(__dirname, 'mcp.js')).href)) as typeof import('../mcp/main.ts');
  const host = new CliHost(window);
  if (http) {
    const token = process.env['TREE_WARDEN_TOKEN'] ?? newToken();
    const { url, close } = await serveHttp(host, wantedPort, token);
    process.stdout.write(`${JSON.stringify({ url, token })}\n`);
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

/** Acts on all wardens of this user, and starts with one of its own, or with a window's. */
class CliHost implements AgentHost {
  readonly #window: string | undefined;
  readonly #ports = new NamedPorts();
  readonly #connected = new Map<string, WardenClient>();
  #session: Promise<CliSession> | undefined;

  constructor(window: string | undefined) {
    this.#window = window;
  }

  async trees(): Promise<readonly GuardedTree[]> {
    const wardens = await Wardens.connect('tree-warden mcp', this.#connected);
    return (await wardens.trees()).map(({ warden, tree }) => ({ client: warden, tree }));
  }

  declared(): Promise<readonly { readonly name: string; readonly description?: string | undefined }[]> {
    try {
      return Promise.resolve(this.#read([]).wanted.map(([name, { description }]) => ({ name, description })));
    } catch {
      return Promise.resolve([]); // There is no processes.json, or it declares nothing.
    }
  }

  async startDeclared(name: string): Promise<readonly TreeSnapshot[]> {
    const { wanted, context } = this.#read([name]);
    const [[, spec] = []] = wanted;
    if (!spec) throw new Error(`'${name}' is not declared.`);
    const requests = await resolveInstances(name, spec, spec.instances ?? 1, context);
    const running = new Set((await this.trees()).filter(({ tree }) => isLive(tree)).map(({ tree }) => tree.name));
    const missing = requests.filter((request) => !running.has(request.name));
    if (missing.length === 0) throw new Error(`'${name}' is running already.`);
    const client = await this.#starter();
    return await Promise.all(missing.map((request) => client.start({ ...request, stdio: 'pipes' })));
  }

  async startCommand(name: string, command: string): Promise<TreeSnapshot> {
    const context = { workspaceFolder: process.cwd(), env: process.env, portFor: (port: string) => this.#ports.portFor(port) };
    const request = await resolveSpec(name, { command, group: 'Agents', pty: false }, context);
    return await (await this.#starter()).start(request);
  }

  async holders(port: number): ReturnType<AgentHost['holders']> {
    return await findPortHolders(wardenScript, port);
  }

  async close(): Promise<void> {
    for (const client of this.#connected.values()) client.dispose();
    await (await this.#session)?.close('the agent has gone');
  }

  async #starter(): Promise<WardenClient> {
    const ofWindow = this.#window === undefined ? undefined : await findWindowWarden(this.#window, 'tree-warden mcp');
    if (ofWindow) return ofWindow;
    this.#session ??= CliSession.start('tree-warden mcp', false);
    return (await this.#session).warden.client;
  }

  #read(names: readonly string[]): Declared<ProcessSpec> {
    try {
      return readDeclared('processes', ({ specs }) => specs, names);
    } catch (error) {
      throw new Error(errorText(error));
    }
  }
}
