import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { Alert } from '../protocol/watching.ts';
import { tellError } from './tell.ts';

/** Shows what a warden has to say. A helper of it that is not restarted automatically is offered as a button. Never fails. */
export async function showAlert(client: Pick<WardenClient, 'startHelper'>, { message, helper }: Alert): Promise<void> {
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
