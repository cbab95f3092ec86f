/** How the names of rows look, in the editor's own way: the name of a row has the color and the letter of its resource. */
import * as vscode from 'vscode';
import type { Row, Staleness } from './row.ts';

const scheme = 'tree-warden-row';

type Look = Staleness | 'found' | 'asks';

/** Stands for no file. Undefined where the name is drawn as any other. */
export function decorationOf({ kind, stale, asks }: Row): vscode.Uri | undefined {
  const look: Look | undefined = asks ? 'asks' : (stale ?? (kind === 'found' || kind === 'more' ? 'found' : undefined));
  return look && vscode.Uri.from({ scheme, path: `/${look}` });
}

export const nameDecorations: vscode.FileDecorationProvider = {
  provideFileDecoration: ({ scheme: ofRow, path }) => (ofRow === scheme ? decorations()[path.slice(1) as Look] : undefined),
};

/** Letters and colors as of changed and deleted files. */
function decorations(): Readonly<Record<Look, vscode.FileDecoration>> {
  const color = (id: string): vscode.ThemeColor => new vscode.ThemeColor(id);
  return {
    found: { color: color('descriptionForeground') },
    asks: { badge: '?', color: color('list.warningForeground'), tooltip: vscode.l10n.t('It waits for an answer in its terminal.') },
    changed: {
      badge: 'M',
      color: color('gitDecoration.modifiedResourceForeground'),
      tooltip: vscode.l10n.t('Its declaration has changed since it was started.'),
    },
    undeclared: {
      badge: 'D',
      color: color('gitDecoration.deletedResourceForeground'),
      tooltip: vscode.l10n.t('No file declares it any more.'),
    },
    kept: {
      badge: '!',
      color: color('list.warningForeground'),
      tooltip: vscode.l10n.t('Its declaration cannot be read now, and is kept as it was.'),
    },
  };
}
