import * as vscode from 'vscode';

export interface McpProviderOptions {
  /** The command line's program. */
  readonly script: string;
  /** Identifies this window; undefined where it shows no folder. */
  readonly window: string | undefined;
  readonly version: string;
}

/** The same tools as an MCP server, for agents that the editor starts: what they start lives in this window. */
export function registerMcpServer({ script, window, version }: McpProviderOptions): vscode.Disposable {
  return vscode.lm.registerMcpServerDefinitionProvider('tree-warden.mcp', {
    provideMcpServerDefinitions: () => {
      // The commands come from the workspace's file.
      if (!vscode.workspace.isTrusted) return [];
      const args = [script, 'mcp', ...(window === undefined ? [] : ['--window', window])];
      const server = new vscode.McpStdioServerDefinition('Tree Warden', process.execPath, args, { ELECTRON_RUN_AS_NODE: '1' }, version);
      const [folder] = vscode.workspace.workspaceFolders ?? [];
      if (folder) server.cwd = folder.uri;
      return [server];
    },
  });
}
