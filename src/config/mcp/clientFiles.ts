/** Where MCP clients keep the servers that a user has declared for them. */
import { join } from 'node:path';

/** A file of an MCP client; it need not exist. */
export interface ClientFile {
  readonly path: string;
  /** Name of the client, as its users know it. */
  readonly client: string;
  /** A file of the workspace is shared with other machines, one of the user is not. */
  readonly scope: 'workspace' | 'user';
}

export interface ClientFileContext {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether this is macOS, which keeps the settings of applications in a folder of its own. */
  readonly isMac: boolean;
  /** The folders of the workspace. */
  readonly folders: readonly string[];
  /** The editor's own folder of user settings, where it is known. */
  readonly editorUserFolder?: string | undefined;
}

const ofWorkspace: readonly (readonly [string, string])[] = [
  ['.vscode/mcp.json', 'VS Code'],
  ['.mcp.json', 'Claude Code'],
  ['.cursor/mcp.json', 'Cursor'],
];

/**
 * The files of the clients whose places are documented. VS Code: code.visualstudio.com, "MCP configuration reference" (`.vscode/mcp.json`, the `mcp.json` of the user
 * profile, Copilot's `$COPILOT_HOME/mcp-config.json`). Claude Code: code.claude.com, "MCP" (`.mcp.json`, `~/.claude.json`). Cursor: cursor.com, "Model Context
 * Protocol". Claude Desktop: modelcontextprotocol.io, quickstart for users; its Debian package uses `~/.config/Claude`. Windsurf: docs.windsurf.com, "MCP".
 */
export function clientFiles({ home, env, isMac, folders, editorUserFolder }: ClientFileContext): ClientFile[] {
  const applications = isMac ? join(home, 'Library', 'Application Support') : env['XDG_CONFIG_HOME'] || join(home, '.config');
  const editors = ['Code', 'Code - Insiders'].map((name) => join(applications, name, 'User'));
  const editorFolders = new Set([...(editorUserFolder === undefined ? [] : [editorUserFolder]), ...editors]);
  const ofUser: [string, string][] = [
    ...Array.from(editorFolders, (folder): [string, string] => [join(folder, 'mcp.json'), 'VS Code']),
    [join(env['COPILOT_HOME'] || join(home, '.copilot'), 'mcp-config.json'), 'Copilot'],
    [join(home, '.claude.json'), 'Claude Code'],
    [join(applications, 'Claude', 'claude_desktop_config.json'), 'Claude Desktop'],
    [join(home, '.cursor', 'mcp.json'), 'Cursor'],
    [join(home, '.codeium', 'windsurf', 'mcp_config.json'), 'Windsurf'],
  ];
  const files: ClientFile[] = [
    ...folders.flatMap((folder) =>
      ofWorkspace.map(([path, client]): ClientFile => ({ path: join(folder, path), client, scope: 'workspace' })),
    ),
    ...ofUser.map(([path, client]): ClientFile => ({ path, client, scope: 'user' })),
  ];
  // A workspace that is the home folder has the user's files.
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
