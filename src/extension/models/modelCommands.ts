import * as vscode from 'vscode';
import { maxInstances } from '../../protocol/policies.ts';
import type { Row } from '../processTree/rows.ts';
import { connectClients } from './connectClients.ts';
import type { Model, Models } from './models.ts';

type Handler = (row: Row | undefined) => Promise<void>;

/** What one can do with a model. */
export function modelCommands(models: Models, environment: vscode.EnvironmentVariableCollection): Record<string, Handler> {
  const on =
    (work: (model: Model) => Promise<void>): Handler =>
    async (row) => {
      const model = row?.kind === 'model' ? models.find(row.process) : await pick(models);
      if (model) await work(model);
    };
  return {
    loadModel: on(async ({ name }) => {
      const loading = models.load(name);
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Loading {0}…', name) },
        () => loading,
      );
    }),
    unloadModel: on(async ({ name }) => {
      const unloading = models.unload(name, false);
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Unloading {0}, when it has answered…', name) },
        () => unloading,
      );
    }),
    unloadModelNow: on(async ({ name }) => void (await models.unload(name, true))),
    restartModel: on(async ({ name }) => {
      const restarting = models.unload(name, false).then(() => models.load(name));
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Restarting {0}, when it has answered…', name) },
        () => restarting,
      );
    }),
    connectClients: on(({ name }) => connectClients(models, name, environment)),
    scaleModel: on((model) => askScale(models, model)),
    copyEndpoint: () => copy(`${gatewayOf(models).url}/v1`),
    copyApiKey: () => copy(gatewayOf(models).token, vscode.l10n.t('the API key')),
    copyCurl: on(({ name }) => copy(curl(models, name), vscode.l10n.t('a command for curl'))),
    openModelPage: on(openPage),
    tryPrompt: on((model) => tryPrompt(models, model)),
    revealModel: on(reveal),
  };
}

async function pick(models: Models): Promise<Model | undefined> {
  if (models.all.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No models are declared in processes.json.'));
    return undefined;
  }
  const items = models.all.map((model) => ({ label: model.name, description: model.snapshot?.state ?? 'cold', model }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which model?'), ignoreFocusOut: true }))?.model;
}

function gatewayOf(models: Models): { readonly url: string; readonly token: string } {
  if (!models.gateway) throw new Error(vscode.l10n.t('The models are not served yet.'));
  return models.gateway;
}

async function copy(text: string, what = text): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied: {0}', what), 2000);
}

function curl(models: Models, model: string): string {
  const { url, token } = gatewayOf(models);
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
  return `curl ${url}/v1/chat/completions -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${body}'`;
}

async function askScale(models: Models, { name, snapshot }: Model): Promise<void> {
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Scale {0}', name),
    prompt: vscode.l10n.t('How many servers are to share its requests; it is loaded where it is not'),
    value: String(snapshot?.wanted ?? 1),
    validateInput: (text) =>
      /^[1-9]\d*$/.test(text.trim()) && Number(text) <= maxInstances
        ? undefined
        : vscode.l10n.t('A whole number from 1 to {0}', maxInstances),
  });
  if (answer !== undefined) await models.load(name, Number(answer));
}

/** Its own, of the first server that is ready. */
async function openPage({ name, snapshot }: Model): Promise<void> {
  const port = snapshot?.instances.find(({ state }) => state === 'ready')?.port;
  if (port === undefined) throw new Error(vscode.l10n.t('“{0}” is not loaded.', name));
  await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(`http://localhost:${port}`)));
}

async function tryPrompt(models: Models, { name }: Model): Promise<void> {
  const prompt = await vscode.window.showInputBox({ title: name, prompt: vscode.l10n.t('What to ask it') });
  if (!prompt) return;
  const { PromptPanel } = await import('./tryPrompt.ts');
  await new PromptPanel(gatewayOf(models), name).ask(prompt);
}

async function reveal({ declared }: Model): Promise<void> {
  if (!declared) return;
  const position = new vscode.Position(declared.line, 0);
  await vscode.window.showTextDocument(declared.file, { selection: new vscode.Range(position, position) });
}
