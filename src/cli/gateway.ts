import { resolveClientKeys } from '../config/clientKeys.ts';
import { withFallbacks } from '../config/modelFallbacks.ts';
import { parseOrigin } from '../loopback/origin.ts';
import { errorText } from '../protocol/errors.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { modelStateText } from '../protocol/modelText.ts';
import { readDeclared } from './declared.ts';
import { serve, servedNames } from './declaredModels.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { parseFreePort } from './freePort.ts';
import { problemText, resolvedOrRefused } from './resolvedModels.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { CliSession } from './session.ts';
import { tokenFromEnvironment } from './tokenFromEnvironment.ts';

/** Serves models until it is told to end; all of their servers end with it. */
export async function gateway(
  names: readonly string[],
  { port, json = false, allowOrigin = [] }: { readonly port: string; readonly json?: boolean; readonly allowOrigin?: readonly string[] },
): Promise<number> {
  const wantedPort = parseFreePort(port);
  const token = tokenFromEnvironment();
  const allowedOrigins = allowOrigin.map(parseAllowedOrigin);
  const { context, wanted, gateway: shared, keys: declaredKeys } = readDeclared('models', ({ models }) => models, names, withFallbacks);
  const resolvingKeys = resolveClientKeys(declaredKeys, context).catch((error: unknown) => {
    throw new CliError(errorText(error), exitCodes.usage);
  });
  const [requests, keys] = await Promise.all([resolvedOrRefused(wanted, context), resolvingKeys]);
  const session = await CliSession.start('tree-warden gateway');
  session.stopOnSignals();
  const { client } = session.warden;
  const options = {
    ...shared,
    keys,
    port: wantedPort,
    isPortFixed: wantedPort > 0,
    allowedOrigins,
    ...(token !== undefined && { token }),
  };
  const {
    url,
    token: key,
    refused = [],
  } = await serve(client, requests, options).catch(async (error: unknown) => {
    await session.close('the gateway could not be opened');
    throw new CliError(errorText(error));
  });
  // Those have been told already.
  const lastShown = new Map(refused.map(({ name, reason }) => [name, `failed: ${reason}`]));
  for (const { name, problem } of requests) {
    if (problem === undefined || lastShown.has(name)) continue;
    complain(problemText(name, problem));
    lastShown.set(name, `failed: ${problem}`);
  }
  const served = servedNames(requests, { refused }).filter((name) => !lastShown.has(name));
  const info = { url, token: key };
  if (wantedPort > 0 && !info.url.endsWith(`:${wantedPort}`))
    complain(`Port ${wantedPort} is not used: the models are shared, and the model service has an address of its own.`);
  if (token !== undefined && key !== token)
    complain('TREE_WARDEN_TOKEN is not used: the models are shared, and the model service has an API key of its own.');
  if (json) sayJson(info);
  else sayAll([`Gateway at ${info.url}/v1, API key ${info.token}`, `Models: ${served.join(', ') || 'none'}`]);
  client.onModels((models) => printChanges(models, lastShown));
  const { orderly, stderrTail } = await session.warden.ended;
  if (!orderly) throw new CliError(`The warden was killed; every server of a model has been ended. ${stderrTail}`, exitCodes.wardenFailed);
  return exitCodes.ok;
}

function parseAllowedOrigin(text: string): string {
  try {
    return parseOrigin(text);
  } catch (error) {
    throw new CliError(`--allow-origin: ${errorText(error)}.`, exitCodes.usage);
  }
}

/** A line on stderr for each model that does something else than before. */
function printChanges(models: readonly ModelSnapshot[], lastShown: Map<string, string>): void {
  for (const model of models) {
    const { name, state, reason } = model;
    const text = `${modelStateText({ ...model, outstanding: 0 })}${reason && `: ${reason}`}`;
    if ((lastShown.get(name) ?? 'cold') === text || state === 'waiting') continue;
    lastShown.set(name, text);
    complain(`${name} ${text}`);
  }
}
