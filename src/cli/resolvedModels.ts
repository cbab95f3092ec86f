import type { ModelSpec } from '../config/modelSchema.ts';
import { resolveModel } from '../config/resolveModel.ts';
import type { ResolveContext } from '../config/resolveSpec.ts';
import { errorText } from '../protocol/errors.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** @throws CliError that names the first model that cannot be resolved. */
export async function resolvedModels(specs: Iterable<readonly [string, ModelSpec]>, context: ResolveContext): Promise<ModelRequest[]> {
  const resolve = ([name, spec]: readonly [string, ModelSpec]): Promise<ModelRequest> =>
    resolveModel(name, spec, context).catch((error: unknown) => {
      throw new CliError(`models.${name}: ${errorText(error)}`, exitCodes.usage);
    });
  return await Promise.all([...specs].map(resolve));
}
