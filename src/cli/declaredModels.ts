import { declareWhereServed } from '../client/modelService.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { DeclaredModels, GatewayOptions, ModelRequest } from '../protocol/models.ts';
import { RestartBudget } from '../protocol/restartBudget.ts';
import { complain } from './say.ts';
import { wardenScript } from './wardens.ts';

interface Declaration {
  readonly models: readonly ModelRequest[];
  readonly gateway: GatewayOptions;
}

/** What was declared last, by the connection to the warden. */
const newest = new WeakMap<WardenClient, Declaration>();

/**
 * Declares models, and declares them again when the model service that serves them has gone, five times in three minutes at most. Those that are not served as they are
 * declared are told on stderr.
 * @throws Error where they cannot be served.
 */
export async function serve(client: WardenClient, models: readonly ModelRequest[], gateway: GatewayOptions): Promise<DeclaredModels> {
  if (!newest.has(client)) declareAgainWhenLost(client);
  newest.set(client, { models, gateway });
  return await declareNewest(client);
}

/** Names of the models that are served as they were declared. */
export function servedNames(models: readonly ModelRequest[], { refused = [] }: Pick<DeclaredModels, 'refused'>): string[] {
  const without = new Set(refused.map(({ name }) => name));
  return models.map(({ name }) => name).filter((name) => !without.has(name));
}

function declareAgainWhenLost(client: WardenClient): void {
  const budget = new RestartBudget();
  client.onModelServiceLost(() => {
    if (!budget.take()) return complain(`The model service has ended ${budget.description}, and is not started automatically any more.`);
    complain('The model service was killed, and every server that it guarded has been ended. It is started again.');
    declareNewest(client).catch((error: unknown) => complain(errorText(error)));
  });
}

async function declareNewest(client: WardenClient): Promise<DeclaredModels> {
  const { models = [], gateway = { port: 0 } } = newest.get(client) ?? {};
  const declared = await declareWhereServed(client, models, gateway, { script: wardenScript });
  for (const { reason } of declared.refused ?? []) complain(reason);
  return declared;
}
