import type { ModelSpec } from '../config/modelSchema.ts';
import { type ModelScope, modelScopeFrom, withScope } from '../config/modelScope.ts';
import { resolveModel, unresolvedModel } from '../config/resolveModel.ts';
import type { ResolveContext } from '../config/resolveSpec.ts';
import { errorText } from '../protocol/errors.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** Scope of models that declare none: the setting `treeWarden.models.scope` of the command line. */
const scopeVariable = 'TREE_WARDEN_MODEL_SCOPE';

/** @throws CliError where the environment says something that is no scope. */
function scopeOfEnvironment(env: NodeJS.ProcessEnv = process.env): ModelScope {
  const text = env[scopeVariable] ?? 'window';
  const scope = modelScopeFrom(text);
  if (scope === undefined) throw new CliError(`${scopeVariable} is '${text}'; it must be window or user.`, exitCodes.usage);
  return scope;
}

/**
 * One that cannot be resolved has the reason as its `problem`, and does not take the others away.
 * @throws CliError where that is so of all of them.
 */
export async function resolvedOrRefused(specs: Iterable<readonly [string, ModelSpec]>, context: ResolveContext): Promise<ModelRequest[]> {
  const requests = await resolveAll(specs, context, unresolvedModel);
  const [first, ...others] = requests.flatMap(({ name, problem }) => (problem === undefined ? [] : [problemText(name, problem)]));
  if (first !== undefined && others.length + 1 === requests.length) throw new CliError(first, exitCodes.usage, others);
  return requests;
}

/** For people: a model, and why it cannot be served. */
export function problemText(name: string, problem: string): string {
  return `models.${name}: ${problem}`;
}

/** @throws CliError that names the first model that cannot be resolved. */
export async function resolvedModels(specs: Iterable<readonly [string, ModelSpec]>, context: ResolveContext): Promise<ModelRequest[]> {
  return await resolveAll(specs, context, (name, _spec, problem) => {
    throw new CliError(problemText(name, problem), exitCodes.usage);
  });
}

/** `refused` says what becomes of one that cannot be resolved. */
async function resolveAll(
  specs: Iterable<readonly [string, ModelSpec]>,
  context: ResolveContext,
  refused: typeof unresolvedModel,
): Promise<ModelRequest[]> {
  const scope = scopeOfEnvironment();
  const resolve = ([name, written]: readonly [string, ModelSpec]): Promise<ModelRequest> => {
    const spec = withScope(written, scope);
    return resolveModel(name, spec, context).catch((error: unknown) => refused(name, spec, errorText(error)));
  };
  return await Promise.all([...specs].map(resolve));
}
