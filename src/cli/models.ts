/** Commands that act on models which other wardens serve. */
import type { ModelSnapshot } from '../protocol/models.ts';
import { modelStateText } from '../protocol/modelText.ts';
import { maxInstances } from '../protocol/policies.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { modelTable, readyOf } from './modelTable.ts';
import { sayAll, sayJson } from './say.ts';
import { type FoundModel, Wardens } from './wardens.ts';

interface JsonOption {
  readonly json?: boolean;
}

export async function models({ json = false }: JsonOption): Promise<number> {
  using wardens = await Wardens.connect('tree-warden models');
  const found = await wardens.models();
  if (json) sayJson(await Promise.all(found.map(asJson)), 2);
  else if (found.length > 0) sayAll(await rowsOf(found));
  // A warden that was left out may have some.
  else if (!wardens.incomplete) sayAll(['No models are served.']);
  return exitCodes.ok;
}

/** Waits until as many servers of it are ready as are wanted. */
export async function load(model: string, { instances, json = false }: JsonOption & { readonly instances?: string }): Promise<number> {
  if (instances !== undefined && !(/^[1-9]\d*$/.test(instances) && Number(instances) <= maxInstances))
    throw new CliError(`--instances wants a whole number from 1 to ${maxInstances}, not '${instances}'.`, exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden load');
  const found = await wardens.findModel(model);
  const loaded = await found.warden.loadModel(found.model.name, instances === undefined ? undefined : Number(instances));
  report([loaded], json);
  if (instances !== undefined && loaded.wanted !== Number(instances))
    throw new CliError(`'${loaded.name}' has ${loaded.wanted} servers, not ${instances}: another client has asked for that meanwhile.`);
  return exitCodes.ok;
}

export async function unload(
  names: readonly string[],
  { now = false, json = false }: JsonOption & { readonly now?: boolean },
): Promise<number> {
  using wardens = await Wardens.connect('tree-warden unload');
  const found = await Promise.all(names.map((name) => wardens.findModel(name)));
  report(await Promise.all(found.map(({ warden, model }) => warden.unloadModel(model.name, now))), json, unloadedText);
  return exitCodes.ok;
}

function report(results: readonly ModelSnapshot[], json: boolean, textOf: (model: ModelSnapshot) => string = modelStateText): void {
  if (json) sayJson(results, 2);
  else sayAll(results.map((model) => `${model.name}: ${textOf(model)}${serversText(model)}`));
}

/** One whose last load has failed keeps that state; the command itself has not failed. */
function unloadedText(model: ModelSnapshot): string {
  return model.state === 'failed' ? 'not loaded; its last load failed' : modelStateText(model);
}

/** Of several: how many of them are ready. */
function serversText({ instances, wanted }: ModelSnapshot): string {
  return wanted > 1 && instances.length > 0 ? `, ${readyOf(instances)} of ${wanted} servers` : '';
}

async function rowsOf(found: readonly FoundModel[]): Promise<string[]> {
  return modelTable(await Promise.all(found.map(async ({ warden, model }) => ({ model, gateway: await warden.gateway() }))));
}

async function asJson({ warden, model }: FoundModel): Promise<object> {
  const { warden: id, pid, workspace } = warden.welcome;
  return { ...model, url: (await warden.gateway())?.url, warden: { id, pid, workspace } };
}
