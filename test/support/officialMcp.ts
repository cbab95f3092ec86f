/** Official MCP servers, driven by the official SDK's client, plain and guarded as in the file of a client, and what is left of them when the client ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mcpServersFolder } from '../../src/build/mcpServers.ts';
import { launcherPath } from '../../src/client/launcherPath.ts';
import { launcherScript } from '../../src/client/mcpLauncher.ts';
import { guardServers } from '../../src/config/mcp/guardEdits.ts';
import { cli, exitOf, Run } from './run.ts';
import { clearAway, survivorsAfterLooking } from './survivors.ts';

const clientScript = fileURLToPath(new URL('../fixtures/officialMcpClient.mjs', import.meta.url));
const modules = join(mcpServersFolder, 'node_modules');

interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface OfficialServer {
  readonly name: string;
  readonly package: string;
  /** In the package. */
  readonly bin: string;
  readonly args: (folder: string) => readonly string[];
  /** The first answer begins with `text`. */
  readonly calls: readonly ToolCall[];
  readonly text: RegExp;
  /** A call whose answer is still to come when the client crashes. */
  readonly slow: ToolCall;
}

function ofProtocol(name: string): Pick<OfficialServer, 'name' | 'package' | 'bin'> {
  return { name, package: `@modelcontextprotocol/server-${name}`, bin: `mcp-server-${name}` };
}

/** Servers of the protocol's own project. */
export const officialServers: readonly OfficialServer[] = [
  {
    ...ofProtocol('everything'),
    args: () => [],
    // From then on it has a timer, which keeps it from ending with its stdin.
    calls: [
      { name: 'echo', arguments: { message: 'hello' } },
      { name: 'toggle-simulated-logging', arguments: {} },
    ],
    text: /^Echo: hello$/,
    slow: { name: 'trigger-long-running-operation', arguments: { duration: 60, steps: 6 } },
  },
  {
    ...ofProtocol('filesystem'),
    args: (folder) => [folder, modules],
    calls: [{ name: 'list_allowed_directories', arguments: {} }],
    text: /^Allowed directories:/,
    slow: { name: 'directory_tree', arguments: { path: modules } },
  },
  {
    ...ofProtocol('memory'),
    args: () => [],
    calls: [{ name: 'read_graph', arguments: {} }],
    text: /"entities": \[\]/,
    slow: {
      name: 'create_entities',
      arguments: {
        entities: Array.from({ length: 500 }, (_, index) => ({ name: `n${index}`, entityType: 'node', observations: ['seen'] })),
      },
    },
  },
];

const page = 'data:text/html,<title>hello</title>';

/** Servers that start a browser, Debian's Chromium: of Microsoft and of Google. */
export const browserServers: readonly OfficialServer[] = [
  {
    name: 'playwright',
    package: '@playwright/mcp',
    bin: 'playwright-mcp',
    args: () => ['--headless', '--isolated', '--no-sandbox', '--executable-path', '/usr/bin/chromium'],
    calls: [{ name: 'browser_navigate', arguments: { url: page } }],
    text: /hello/,
    slow: { name: 'browser_wait_for', arguments: { time: 60 } },
  },
  {
    name: 'chrome-devtools',
    package: 'chrome-devtools-mcp',
    bin: 'chrome-devtools-mcp',
    args: () => ['--headless', '--isolated', '--chrome-arg=--no-sandbox', '--executablePath', '/usr/bin/chromium', '--no-usage-statistics'],
    calls: [{ name: 'new_page', arguments: { url: page } }],
    text: /data:text/,
    slow: { name: 'evaluate_script', arguments: { function: 'async () => await new Promise(() => undefined)' } },
  },
];

/** What is in front of a server in the files of clients. */
export const parents = ['node', 'npx', 'npm exec'] as const;
export type Parent = (typeof parents)[number];

/** `hang`: the client is killed while its server hangs, as under SIGSTOP. */
export const endings = ['close', 'SIGKILL', 'crash', 'hang'] as const;
export type Ending = (typeof endings)[number];

/** A client that has started a server and been answered. */
export interface Session {
  readonly client: ChildProcess;
  /** Of the server. */
  readonly bin: string;
  /** From the start of the server to its list of tools. */
  readonly millis: number;
  readonly tools: readonly string[];
  readonly text: string;
}

export class OfficialMcp implements AsyncDisposable {
  readonly run = new Run({
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  });

  constructor() {
    this.run.env['MEMORY_FILE_PATH'] = join(this.run.folder, 'memory.jsonl');
    // Where npx looks first.
    symlinkSync(modules, join(this.run.workFolder, 'node_modules'));
    writeFileSync(join(this.run.workFolder, 'package.json'), '{ "private": true }\n');
  }

  /** The command line as it stands in a client's file, or as it stands there when it is guarded. */
  commandOf(
    { name, package: spec, bin, args }: OfficialServer,
    parent: Parent,
    isGuarded: boolean,
  ): { readonly command: string; readonly args: string[] } {
    const bare = {
      node: [process.execPath, join(modules, '.bin', bin)],
      npx: ['npx', '-y', spec],
      'npm exec': ['npm', 'exec', '-y', '--', spec],
    }[parent];
    const [command = '', ...rest] = [...bare, ...args(this.run.workFolder)];
    const file = JSON.stringify({ mcpServers: { [name]: { command, args: rest } } });
    const text = isGuarded ? guardServers(file, this.#launcher()) : file;
    const { mcpServers } = JSON.parse(text) as { mcpServers: Record<string, { command: string; args: string[] }> };
    return mcpServers[name] ?? { command, args: rest };
  }

  async start(server: OfficialServer, parent: Parent, isGuarded: boolean): Promise<Session> {
    const { calls, slow } = server;
    // One that a crashed client has left half written would keep the next server from starting.
    rmSync(this.run.env['MEMORY_FILE_PATH'] ?? '', { force: true });
    const spec = JSON.stringify({ ...this.commandOf(server, parent, isGuarded), calls, slow });
    const client = spawn(process.execPath, [clientScript, spec], {
      cwd: this.run.workFolder,
      env: this.run.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // It prints one line, or ends.
    const lines = createInterface({ input: client.stdout });
    const [said] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
    if (said === undefined) throw new Error(`the client of ${server.name} by ${parent} has failed`);
    return { client, bin: server.bin, ...(JSON.parse(said) as Omit<Session, 'client' | 'bin'>) };
  }

  /** Ends the client so, and resolves when it is gone. */
  async end({ client, bin }: Session, ending: Ending): Promise<void> {
    const exited = exitOf(client);
    if (ending === 'hang') await this.#stop(bin);
    if (ending === 'hang' || ending === 'SIGKILL') client.kill('SIGKILL');
    else client.stdin?.write(`${ending}\n`);
    await exited;
  }

  /** Processes that are left, as command lines. */
  async left(): Promise<readonly string[]> {
    return (await survivorsAfterLooking(this.run.folder)).map(({ command }) => command);
  }

  async clear(): Promise<void> {
    await clearAway(this.run.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.run[Symbol.asyncDispose]();
  }

  /** Stops the server itself: not what stands in front of it. */
  async #stop(bin: string): Promise<void> {
    const found = await survivorsAfterLooking(this.run.folder);
    // One of them gives itself a title.
    const own = found.filter(({ command }) => command === bin || command.split(' ')[1]?.endsWith(`/${bin}`));
    if (own.length === 0) throw new Error(`no process runs ${bin}`);
    for (const { pid } of own) process.kill(pid, 'SIGSTOP');
  }

  #launcher(): string {
    const path = launcherPath(this.run.env);
    if (!existsSync(path)) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, launcherScript({ node: process.execPath, isElectron: false, cli }, this.run.env), { mode: 0o700 });
    }
    return path;
  }
}
