/** Commands that act on models which other wardens serve. */
import type { ModelSnapshot } from '../protocol/models.ts';
import { modelStateText, speedText } from '../protocol/modelText.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { table } from './table.ts';
import { type FoundModel, Wardens } from './wardens.ts';

interface JsonOption {
  readonly json?: boolean;
}

export async function models({ json = false }: JsonOption): Promise<number> {
  using wardens = await Wardens.connect('tree-warden models');
  const found = await wardens.models();
  if (json) process.stdout.write(`${JSON.stringify(await Promise.all(found.map(asJson)), null, 2)}\n`);
  else process.stdout.write(found.length === 0 ? 'No models are served.\n' : table(header, await Promise.all(found.map(row)), numeric));
  return exitCodes.ok;
}

/** Waits until it is ready. */
export async function load(model: string, { instances, json = false }: JsonOption & { readonly instances?: string }): Promise<number> {
  if (instances !== undefined && !/^[1-9]\d*$/.test(instances))
    throw new CliError(`--instances wants a whole number from 1 up, not '${instances}'.`, exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden load');
  const found = await wardens.findModel(model);
  const loaded = await found.warden.loadModel(found.model.name, instances === undefined ? undefined : Number(instances));
  report([loaded], json);
  return exitCodes.ok;
}

export async function unload(
  names: readonly string[],
  { now = false, json = false }: JsonOption & { readonly now?: boolean },
): Promise<number> {
  using wardens = await Wardens.connect('tree-warden unload');
  const found = await Promise.all(names.map((name) => wardens.findModel(name)));
  report(await Promise.all(found.map(({ warden, model }) => warden.unloadModel(model.name, now))), json);
  return exitCodes.ok;
}

function report(results: readonly ModelSnapshot[], json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else for (const model of results) process.stdout.write(`${model.name}: ${modelStateText(model)}\n`);
}

const header = ['NAME', 'RUNTIME', 'STATE', 'SERVERS', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED', 'ADDRESS'];
const numeric = new Set(['SERVERS', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED']);

async function row({ warden, model }: FoundModel): Promise<string[]> {
  const { name, runtime, instances, wanted, queued, statistics } = model;
  const { requests, inputTokens, outputTokens } = statistics;
  return [
    name,
    runtime,
    modelStateText(model),
    `${instances.filter(({ state }) => state === 'ready').length}/${wanted}`,
    String(queued),
    String(requests),
    String(inputTokens + outputTokens),
    speedText(model) || '-',
    `${(await warden.gateway())?.url ?? '-'}/v1`,
  ];
}

async function asJson({ warden, model }: FoundModel): Promise<object> {
  const { warden: id, pid, workspace } = warden.welcome;
  return { ...model, url: (await warden.gateway())?.url, warden: { id, pid, workspace } };
}
