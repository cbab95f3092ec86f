/** What a click on a row does, and Enter: it shows the output, or the place in a file where there is none yet. */
import * as vscode from 'vscode';
import { type Place, type Row, rowOf } from './row.ts';

/** `hasOutput`: what the row stands for has printed into a terminal. Undefined where a click opens and closes the row. */
export function clickOn(row: Row, hasOutput: (row: Row) => boolean): vscode.Command | undefined {
  if (hasOutput(row)) return run('showOutput', row);
  if (row.place) return opens(row.place);
  switch (row.kind) {
    case 'more':
      return { command: 'tree-warden.runFound', title: '' };
    case 'languageServer':
      return run(row.context.startsWith('languageServer.idle') ? 'revealLanguageServer' : 'showLanguageServerOutput', row);
    case 'model': {
      const server = row.children.find(hasOutput);
      return server ? run('showOutput', rowOf(server.process)) : run('revealModel', row);
    }
    default:
      return undefined;
  }
}

function run(command: string, row: Row): vscode.Command {
  return { command: `tree-warden.${command}`, title: vscode.l10n.t('Show'), arguments: [row] };
}

/** By the editor's own command, which knows a click from a double click, and leaves the focus in the view. */
function opens({ file, line, column }: Place): vscode.Command {
  const position = new vscode.Position(line, column);
  const where = { selection: new vscode.Range(position, position) };
  return { command: 'vscode.open', title: vscode.l10n.t('Open'), arguments: [vscode.Uri.parse(file), where] };
}
