import * as vscode from 'vscode';
import { askCount } from '../askScale.ts';
import { copy, reveal } from '../commandUtilities.ts';
import type { Row } from '../processTree/row.ts';
import { askText, pickOne, tellInfo, withNotification } from '../tell.ts';
import { connectClients } from './connectClients.ts';
import type { Model, Models } from './models.ts';

type Handler = (row: Row | undefined) => Promise<void>;

/** The commands for a model. */
export function modelCommands(models: Models, environment: vscode.EnvironmentVariableCollection): Record<string, Handler> {
  const on =
    (work: (model: Model) => Promise<unknown>): Handler =>
    async (row) => {
      const model = row?.kind === 'model' ? models.find(row.process) : await pick(models);
      if (model) await work(model);
    };
  return {
    loadModel: on(({ name }) => withNotification(vscode.l10n.t('Loading {0}…', name), models.load(name))),
    unloadModel: on(({ name }) =>
      withNotification(vscode.l10n.t('Unloading {0} after its current requests…', name), models.unload(name, false)),
    ),
    unloadModelNow: on(async ({ name }) => void (await models.unload(name, true))),
    restartModel: on(({ name }) => {
      const restarting = models.unload(name, false).then(() => models.load(name));
      return withNotification(vscode.l10n.t('Restarting {0} after its current requests…', name), restarting);
    }),
    connectClients: on(({ name }) => connectClients(models, name, environment)),
    scaleModel: on((model) => askScale(models, model)),
    copyEndpoint: () => copy(`${gatewayOf(models).url}/v1`),
    copyApiKey: () => copy(gatewayOf(models).token, vscode.l10n.t('API key')),
    copyCurl: on(({ name }) => copy(curl(models, name), vscode.l10n.t('curl command'))),
    openModelPage: on(openPage),
    tryPrompt: on((model) => tryPrompt(models, model)),
    revealModel: on(async ({ declared }) => declared && reveal(declared)),
  };
}

async function pick(models: Models): Promise<Model | undefined> {
  if (models.all.length === 0) {
    void tellInfo(vscode.l10n.t('processes.json declares no models.'));
    return undefined;
  }
  const items = models.all.map((model) => ({ label: model.name, description: model.snapshot?.state ?? 'cold', model }));
  return (await pickOne(items, { placeHolder: vscode.l10n.t('Select a model'), ignoreFocusOut: true }))?.model;
}

function gatewayOf(models: Models): { readonly url: string; readonly token: string } {
  if (!models.gateway) throw new Error(vscode.l10n.t('The model gateway has not started yet.'));
  return models.gateway;
}

function curl(models: Models, model: string): string {
  const { url, token } = gatewayOf(models);
  // Between single quotes of a shell.
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }).replaceAll("'", `'\\''`);
  return `curl ${url}/v1/chat/completions -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${body}'`;
}

async function askScale(models: Models, { name, snapshot }: Model): Promise<void> {
  const prompt = vscode.l10n.t('Number of servers that share the requests. A model that is not loaded is loaded first.');
  const count = await askCount(name, prompt, snapshot?.wanted ?? 1);
  if (count !== undefined) await models.load(name, count);
}

/** Opens the web page of the first server that is ready. */
async function openPage({ name, snapshot }: Model): Promise<void> {
  const port = snapshot?.instances.find(({ state }) => state === 'ready')?.port;
  if (port === undefined) throw new Error(vscode.l10n.t('“{0}” is not loaded.', name));
  await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(`http://localhost:${port}`)));
}

async function tryPrompt(models: Models, { name }: Model): Promise<void> {
  const prompt = await askText({ title: name, prompt: vscode.l10n.t('Prompt to send to the model') });
  if (!prompt) return;
  const { PromptPanel } = await import('./tryPrompt.ts');
  await new PromptPanel(gatewayOf(models), name).ask(prompt);
}
