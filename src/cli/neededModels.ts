import type { WardenClient } from '../client/wardenClient.ts';
import { withFallbacks } from '../config/modelFallbacks.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import type { GatewayOptions, ModelRequest } from '../protocol/models.ts';
import { modelOfDependency } from '../protocol/names.ts';
import type { Declared } from './declared.ts';
import { serve, servedNames } from './declaredModels.ts';
import { resolvedModels } from './resolvedModels.ts';
import { complain } from './say.ts';

/**
 * The models that these processes depend on, resolved.
 * @throws CliError where one of them cannot be.
 */
export async function neededModels({ wanted, models, context }: Declared<ProcessSpec>): Promise<ModelRequest[]> {
  const needed = new Set(wanted.flatMap(([, { dependsOn = [] }]) => dependsOn.flatMap(({ name }) => modelOfDependency(name) ?? [])));
  const meant = new Set(withFallbacks([...needed], models));
  return await resolvedModels(
    [...models].filter(([name]) => meant.has(name)),
    context,
  );
}

/** Opens the gateway, where there is anything to serve; each model is loaded when a process that needs it is started. */
export async function serveModels(client: WardenClient, requests: ModelRequest[], gateway: Pick<GatewayOptions, 'memory'>): Promise<void> {
  if (requests.length === 0) return;
  const declared = await serve(client, requests, { ...gateway, port: 0 });
  const served = servedNames(requests, declared);
  if (served.length > 0) complain(`${served.join(', ')} at ${declared.url}/v1`);
}
