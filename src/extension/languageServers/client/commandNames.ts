/** Names of a server's commands, where the editor must know them by another name than the server. */

/** What has commands in it; in all other answers, `command` may mean anything. */
const withCommands: ReadonlySet<string> = new Set([
  'textDocument/codeAction',
  'codeAction/resolve',
  'textDocument/codeLens',
  'codeLens/resolve',
  'textDocument/completion',
  'completionItem/resolve',
  'textDocument/inlayHint',
  'inlayHint/resolve',
]);

/** Puts other names in the place of those of commands: in what is sent with a request of this method, or in what has been answered. */
export function renameCommands(method: string, value: unknown, names: ReadonlyMap<string, string>): void {
  if (names.size > 0 && withCommands.has(method)) rename(value, names);
}

/** A command, what has one (an action, a lens, a completion, a part of a hint), and lists of these. */
function rename(value: unknown, names: ReadonlyMap<string, string>): void {
  if (Array.isArray(value)) {
    for (const one of value) rename(one, names);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { command, items, label } = value as { command?: unknown; items?: unknown; label?: unknown };
  if (typeof command === 'string') (value as { command: string }).command = names.get(command) ?? command;
  else rename(command, names);
  if (Array.isArray(items)) rename(items, names);
  if (Array.isArray(label)) rename(label, names);
}
