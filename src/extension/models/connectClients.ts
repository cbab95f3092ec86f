import * as vscode from 'vscode';
import type { GatewayInfo } from '../../protocol/models.ts';
import { continueFile, continueModel, type Entries, environmentFor, llamaVscodeSettings } from './clientSettings.ts';
import type { Models } from './models.ts';

interface Client {
  readonly label: string;
  readonly detail: string;
  /** What would be written; nothing where the client is not there. */
  entries(gateway: GatewayInfo, model: string): Entries;
  write(entries: Entries): Promise<void>;
}

/** Asks for whom the endpoint is to be written down, and writes it after having shown what that would be. */
export async function connectClients(models: Models, model: string, environment: vscode.EnvironmentVariableCollection): Promise<void> {
  const { gateway } = models;
  if (!gateway) throw new Error(vscode.l10n.t('The models are not served yet.'));
  const clients = [terminals(environment), llamaVscode(), continueDev(model)].flatMap((client) => {
    const entries = client.entries(gateway, model);
    return Object.keys(entries).length > 0 ? [{ ...client, entries }] : [];
  });
  const chosen = await vscode.window.showQuickPick(clients, {
    canPickMany: true,
    placeHolder: vscode.l10n.t('Who is to use {0} from now on?', model),
    ignoreFocusOut: true,
  });
  if (!chosen || chosen.length === 0) return;
  const lines = chosen.flatMap(({ label, entries }) => [
    `${label}:`,
    ...Object.entries(entries).map(([name, value]) => `  ${name} = ${masked(name, value)}`),
    '',
  ]);
  const write = vscode.l10n.t('Write');
  const answer = await vscode.window.showWarningMessage(vscode.l10n.t('Write this?'), { modal: true, detail: lines.join('\n') }, write);
  if (answer !== write) return;
  for (const client of chosen) await client.write(client.entries);
}

/** Those that are opened from now on, in this workspace, also after a reload. */
function terminals(environment: vscode.EnvironmentVariableCollection): Client {
  return {
    label: vscode.l10n.t('Terminals of this workspace'),
    detail: 'OPENAI_BASE_URL, OPENAI_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY',
    entries: environmentFor,
    write: async (entries) => {
      environment.description = vscode.l10n.t('Models of this workspace, served by Tree Warden');
      for (const [name, value] of Object.entries(entries)) environment.replace(name, value);
      await Promise.resolve();
    },
  };
}

function llamaVscode(): Client {
  const settings = vscode.workspace.getConfiguration('llama-vscode');
  // Only what this version of it knows can be written.
  const known = (name: string): boolean => settings.inspect(name)?.defaultValue !== undefined;
  return {
    label: 'llama.vscode',
    detail: vscode.l10n.t('Settings of this workspace: {0}', 'llama-vscode.endpoint…'),
    entries: (gateway, model) => Object.fromEntries(Object.entries(llamaVscodeSettings(gateway, model)).filter(([name]) => known(name))),
    write: async (entries) => {
      for (const [name, value] of Object.entries(entries)) await settings.update(name, value, vscode.ConfigurationTarget.Workspace);
    },
  };
}

/** Where it is installed: it reads what is in this folder of a workspace. */
function continueDev(model: string): Client {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = `tree-warden-${encodeURIComponent(model)}.yaml`;
  return {
    label: 'Continue',
    detail: vscode.l10n.t('A file of this workspace: {0}', `.continue/models/${name}`),
    entries: (gateway) => (folder && vscode.extensions.getExtension('Continue.continue') ? continueModel(gateway, model) : {}),
    write: async (entries) => {
      if (folder)
        await vscode.workspace.fs.writeFile(
          vscode.Uri.joinPath(folder.uri, '.continue', 'models', name),
          Buffer.from(continueFile(entries)),
        );
    },
  };
}

function masked(name: string, value: string): string {
  return /key/i.test(name) ? '•••' : value;
}
