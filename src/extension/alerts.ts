import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { Alert } from '../protocol/watching.ts';
import { errorText, messageText } from './localized.ts';
import { type Row, rowOf } from './processTree/row.ts';
import { tellError } from './tell.ts';

/** A process is not restarted any more: a click on its row would show why as well. */
async function tellOfEnd(message: string, row: Row): Promise<void> {
  const [output, again] = [vscode.l10n.t('Show Output'), vscode.l10n.t('Start Again')];
  const chosen = await tellError(message, output, again);
  if (chosen === output) await vscode.commands.executeCommand('tree-warden.showOutput', row);
  if (chosen === again) await vscode.commands.executeCommand('tree-warden.start', row);
}

/** Shows what a warden has to say. A helper of it that is not restarted automatically is offered as a button. Never fails. */
export async function showAlert(client: Pick<WardenClient, 'startHelper'>, alert: Alert): Promise<void> {
  const { helper, process } = alert;
  const message = messageText(alert);
  if (process !== undefined) {
    await tellOfEnd(message, rowOf(process));
    return;
  }
  if (helper === undefined) {
    await tellError(message);
    return;
  }
  const again = helper === 'gateway' ? vscode.l10n.t('Start Gateway') : vscode.l10n.t('Start Dead Man’s Switch');
  if ((await tellError(message, again)) !== again) return;
  try {
    await client.startHelper(helper);
  } catch (error) {
    await tellError(errorText(error));
  }
}
