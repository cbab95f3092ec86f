import { errorText } from '../protocol/errors.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { modelStateText } from '../protocol/modelText.ts';
import { resolveModel } from '../spec/resolveModel.ts';
import { readDeclared } from './declared.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { parseFreePort } from './freePort.ts';
import { CliSession } from './session.ts';

/** Serves models until it is told to end; all of their servers end with it. */
export async function gateway(
  names: readonly string[],
  { port, json = false }: { readonly port: string; readonly json?: boolean },
): Promise<number> {
  const wantedPort = parseFreePort(port);
  const { context, wanted } = readDeclared('models', ({ models }) => models, names);
  const requests = await Promise.all(wanted.map(([name, spec]) => resolveModel(name, spec, context))).catch((error: unknown) => {
    throw new CliError(errorText(error), exitCodes.usage);
  });
  const session = await CliSession.start('tree-warden gateway', false);
  session.stopOnSignals();
  const { client } = session.warden;
  const token = process.env['TREE_WARDEN_TOKEN'];
  const info = await client.declareModels(requests, { port: wantedPort, ...(token && { token }) });
  if (json) process.stdout.write(`${JSON.stringify(info)}\n`);
  else process.stdout.write(`Gateway at ${info.url}/v1, API key ${info.token}\nModels: ${requests.map(({ name }) => name).join(', ')}\n`);
  const told = new Map<string, string>();
  client.onModels((models) => tellChanges(models, told));
  const { orderly, said } = await session.warden.ended;
  if (!orderly) throw new CliError(`The warden was killed; every server of a model has been ended. ${said}`, exitCodes.wardenFailed);
  return exitCodes.ok;
}

/** A line on stderr for each model that does something else than before. */
function tellChanges(models: readonly ModelSnapshot[], told: Map<string, string>): void {
  for (const model of models) {
    const { name, state, reason } = model;
    const text = `${modelStateText({ ...model, outstanding: 0 })}${reason && `: ${reason}`}`;
    if ((told.get(name) ?? 'cold') === text || state === 'waiting') continue;
    told.set(name, text);
    process.stderr.write(`tree-warden: ${name} ${text}\n`);
  }
}
