import * as vscode from 'vscode';
import { errorText } from '../localized.ts';
import { settingIn } from '../settingIn.ts';
import type { DeclaredMcpServer, WorkspaceSpecs } from '../workspaceSpecs.ts';

export interface McpProviderOptions {
  /** The command line's program. */
  readonly script: string;
  /** Identifies this window; undefined where it shows no folder. */
  readonly window: string | undefined;
  readonly version: string;
  readonly specs: WorkspaceSpecs;
  readonly log: vscode.LogOutputChannel;
}

/** In VS Code, `execPath` is an Electron that behaves as Node where it is asked to. */
const asNode = { ELECTRON_RUN_AS_NODE: '1' };

/**
 * Offers the editor's agents our tools as an MCP server, and the servers that processes.json declares, each run by `tree-warden run`: its whole
 * tree ends when the editor closes it, is closed, or is killed.
 */
export function registerMcpServers(options: McpProviderOptions): vscode.Disposable {
  const { specs } = options;
  const changed = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changed,
    specs.onDidChange(() => changed.fire()),
    vscode.lm.registerMcpServerDefinitionProvider('tree-warden.mcp', {
      onDidChangeMcpServerDefinitions: changed.event,
      provideMcpServerDefinitions: async () => {
        // The commands come from the workspace's file.
        if (!vscode.workspace.isTrusted) return [];
        await specs.ready;
        const declared = await Promise.all(specs.mcpServers.map((server) => definitionOf(server, options)));
        return [ownServer(options), ...declared.filter((definition) => definition !== undefined)];
      },
    }),
  );
}

/** The same tools as an MCP server, for agents that the editor starts: what they start lives in this window. */
function ownServer({ script, window, version }: McpProviderOptions): vscode.McpStdioServerDefinition {
  const args = [script, 'mcp', ...(window === undefined ? [] : ['--window', window])];
  const server = new vscode.McpStdioServerDefinition('Tree Warden', process.execPath, args, asNode, version);
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder) server.cwd = folder.uri;
  return server;
}

async function definitionOf(
  { name, spec, folder }: DeclaredMcpServer,
  { script, log }: McpProviderOptions,
): Promise<vscode.McpStdioServerDefinition | undefined> {
  try {
    const { guardedCommand } = await import('../../config/guardedCommand.ts');
    const portFor = (port: string): never => {
      throw new Error(vscode.l10n.t('Named ports, such as “{0}”, cannot be used in MCP servers.', port));
    };
    const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor, settingOf: settingIn(folder) };
    const { args, cwd, env } = await guardedCommand(name, spec, context);
    const server = new vscode.McpStdioServerDefinition(name, process.execPath, [script, ...args], { ...env, ...asNode });
    server.cwd = vscode.Uri.file(cwd);
    return server;
  } catch (error) {
    log.error(`MCP server ${name}: ${errorText(error)}`);
    return undefined;
  }
}
