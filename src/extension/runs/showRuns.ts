import * as vscode from 'vscode';
import { dateAndTime } from '../../protocol/format.ts';
import { timeOfRun } from '../../protocol/runs.ts';
import { labelOf } from '../../protocol/trees.ts';
import type { Process } from '../processes.ts';
import type { ReadOnlyDocuments } from '../readOnlyDocuments.ts';
import { pickOne, tellInfo, tellWarning } from '../tell.ts';
import type { Terminals } from '../terminals.ts';
import type { WardenLink } from '../wardenLink.ts';
import { type RecordedRun, recordedRuns } from './recordedRuns.ts';
import { documentOfRun, lookOfRun } from './runText.ts';

export interface ShowRunsParts {
  readonly link: Pick<WardenLink, 'trees'>;
  readonly terminals: Pick<Terminals, 'show'>;
  readonly documents: Pick<ReadOnlyDocuments, 'show'>;
}

/** Lists the last runs of a process, the newest one first. Of the chosen one, its terminal is shown where this window has it still, else its last lines. */
export async function showRuns(process: Process, { link, terminals, documents }: ShowRunsParts): Promise<void> {
  const { runs, problems } = recordedRuns(process);
  if (problems.length > 0) void tellWarning(problems.join(' '));
  const label = labelOf({ name: process.name, pool: process.pool });
  if (runs.length === 0) {
    void tellInfo(vscode.l10n.t('“{0}” has not run yet.', label));
    return;
  }
  const placeHolder = vscode.l10n.t('Runs of “{0}”: select one to see its output', label);
  const chosen = await pickOne(runs.map(entryOf), { placeHolder, matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true });
  if (chosen === undefined) return;
  const { run, result } = chosen.recorded;
  const tree = link.trees.find(({ id }) => id === run.tree);
  if (tree) terminals.show(tree);
  else await documents.show(`${label} ${dateAndTime(run.startedAt)}.log`, documentOfRun(run, label, result));
}

function entryOf(recorded: RecordedRun): vscode.QuickPickItem & { readonly recorded: RecordedRun } {
  const { run, result } = recorded;
  const { icon, colour } = lookOfRun(result.state);
  return {
    label: dateAndTime(run.startedAt),
    description: [result.state, timeOfRun(run)].filter(Boolean).join('  '),
    ...(result.reason !== '' && { detail: result.reason }),
    iconPath: new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour)),
    recorded,
  };
}
