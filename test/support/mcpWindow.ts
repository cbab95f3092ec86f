/** A window in which VS Code starts MCP servers, as it does for its agents, and what is left of them when it ends. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Editor } from './editor.ts';
import { eventually, Run } from './run.ts';
import { isAlive, killIfThere } from './survivors.ts';
import { printTable } from './table.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
/** When what is alive counts as left, in milliseconds: where nothing ends it, that is waited for in vain. */
const endMillis = { usual: 20_000, inVain: 3000 } as const;

/** Ends neither with its stdin nor by SIGTERM, and has a daemon in a session of its own. */
export const stubbornServer = [process.execPath, fixture('stubbornMcpServer.mjs')] as const;

/** Ways in which a window ends; the last is of its extension host. */
export const windowDeaths = ['reload', 'close', 'SIGKILL'] as const;

export class McpWindow implements AsyncDisposable {
  readonly editor: Editor;
  readonly #files: Run;
  readonly #rows: string[][] = [];

  static async open(): Promise<McpWindow> {
    const files = new Run();
    const env = { MCP_FILE: join(files.folder, 'tools.json'), MCP_TOOL: 'stubborn_env', HOME: files.folder };
    // The editor has no MCP servers where it has no agents.
    const settings = { 'chat.disableAIFeatures': false };
    const editor = await Editor.open({ workspace: null, extension: fixture('mcp-extension'), env, settings });
    mkdirSync(join(editor.workspace, '.vscode'));
    return new McpWindow(editor, files);
  }

  private constructor(editor: Editor, files: Run) {
    this.editor = editor;
    this.#files = files;
  }

  /** The path of a file in `.vscode` of the workspace. */
  file(name: string): string {
    return join(this.editor.workspace, '.vscode', name);
  }

  /** Resolves with the processes that have come to be in the workspace when the editor has the tool of the stubborn server. */
  async startServers(): Promise<readonly number[]> {
    const { editor } = this;
    const before = new Set(editor.workers);
    const tools = join(this.#files.folder, 'tools.json');
    rmSync(tools, { force: true });
    await editor.load();
    await editor.showProcesses();
    await editor.command('MCP Example: Start');
    const trust = editor.page.locator('.monaco-dialog-box .monaco-button').filter({ hasText: /^(Trust|Yes)/ });
    const isStarted = async (): Promise<boolean> => {
      if (await trust.isVisible()) await trust.click();
      return existsSync(tools);
    };
    await eventually('the editor has started its servers', isStarted, 60_000);
    assert.match(readFileSync(tools, 'utf8'), /stubborn_env"/);
    return editor.workers.filter((pid) => !before.has(pid));
  }

  /** Starts the servers, ends the window in this way, and resolves with the processes that are left after the time that they have. */
  async survivorsOf(
    where: string,
    death: (typeof windowDeaths)[number],
    wait: keyof typeof endMillis = 'usual',
  ): Promise<readonly number[]> {
    const workers = await this.startServers();
    const hosts = this.editor.extensionHostPids;
    if (death === 'reload') await this.editor.command('Developer: Reload Window');
    else if (death === 'close') await this.editor.page.close();
    else killAll(hosts);
    await eventually('the extension host has ended', () => !hosts.some(isAlive), 30_000);
    const endedAt = performance.now();
    const left = (): readonly number[] => workers.filter(isAlive);
    await eventually('no process is left', () => left().length === 0, endMillis[wait]).catch(() => undefined);
    const seconds = left().length === 0 ? ((performance.now() - endedAt) / 1000).toFixed(2) : '–';
    this.#rows.push([where, death, String(workers.length), String(left().length), seconds]);
    return left();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.editor[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
    printTable(
      'MCP servers in a real VS Code',
      ['declared in', 'the window ends by', 'processes before', 'left', 'seconds until zero'],
      this.#rows,
    );
  }
}

/** Processes that the test has started, by pid; of some, such as the extension host of a page that is gone, the end may be under way. */
export function killAll(pids: readonly number[]): void {
  assert.ok(pids.length > 0, 'there is a process to kill');
  for (const pid of pids) killIfThere(pid, 'SIGKILL');
}
