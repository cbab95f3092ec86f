import * as vscode from 'vscode';
import { environmentFor, type GatewayInfo } from '../../protocol/models.ts';
import { ask, pickMany } from '../tell.ts';
import { continueFile, continueModel, type Entries, llamaVscodeSettings } from './clientSettings.ts';
import type { Models } from './models.ts';

interface Client {
  readonly label: string;
  readonly detail: string;
  /** The values to write; empty when the client is not installed. */
  entries(gateway: GatewayInfo, model: string): Entries;
  write(entries: Entries): Promise<void>;
}

/** Asks which clients to configure, shows the values, and writes them after confirmation. */
export async function connectClients(models: Models, model: string, environment: vscode.EnvironmentVariableCollection): Promise<void> {
  const { gateway } = models;
  if (!gateway) throw new Error(vscode.l10n.t('The model gateway has not started yet.'));
  const clients = [terminals(environment), llamaVscode(), continueDev(model)].flatMap((client) => {
    const entries = client.entries(gateway, model);
    return Object.keys(entries).length > 0 ? [{ ...client, entries }] : [];
  });
  const chosen = await pickMany(clients, {
    placeHolder: vscode.l10n.t('Select the clients to configure for {0}', model),
    ignoreFocusOut: true,
  });
  if (!chosen || chosen.length === 0) return;
  const lines = chosen.flatMap(({ label, entries }) => [
    `${label}:`,
    ...Object.entries(entries).map(([name, value]) => `  ${name} = ${masked(name, value)}`),
    '',
  ]);
  const write = vscode.l10n.t('Write');
  const answer = await ask(vscode.l10n.t('Write these values?'), lines.join('\n'), write);
  if (answer !== write) return;
  for (const client of chosen) await client.write(client.entries);
}

/** Terminals that are opened later in this workspace, also after a reload. */
function terminals(environment: vscode.EnvironmentVariableCollection): Client {
  return {
    label: vscode.l10n.t('Terminals in this workspace'),
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
    detail: vscode.l10n.t('Workspace settings: {0}', 'llama-vscode.endpoint…'),
    entries: (gateway, model) => Object.fromEntries(Object.entries(llamaVscodeSettings(gateway, model)).filter(([name]) => known(name))),
    write: async (entries) => {
      for (const [name, value] of Object.entries(entries)) await settings.update(name, value, vscode.ConfigurationTarget.Workspace);
    },
  };
}

/** Continue, where it is installed. It reads the files in `.continue/models` of a workspace. */
function continueDev(model: string): Client {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = `tree-warden-${encodeURIComponent(model)}.yaml`;
  return {
    label: 'Continue',
    detail: vscode.l10n.t('Workspace file: {0}', `.continue/models/${name}`),
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
