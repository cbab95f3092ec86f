import { CannotStartError } from '../command/executable.ts';
import { budgetIdOf } from '../protocol/budgetIds.ts';
import type { ModelRequest } from '../protocol/models.ts';
import type { RemoteUpstream } from '../protocol/remoteModels.ts';
import type { ModelSpec } from './modelSchema.ts';
import { urlProblem } from './remoteSchema.ts';
import type { ResolveContext } from './resolveSpec.ts';
import { fillVariables } from './variables.ts';

/** Time that a remote server has to begin its answer, as OpenAI's clients have it; in milliseconds. */
const defaultTimeoutMillis = 600_000;
/** Of a key, in characters: what is longer does not fit into a header. */
const maxKey = 4096;

/**
 * What is known of a model that a server elsewhere answers for.
 * @throws CannotStartError that names the variable, or says what is wrong with the address or the key.
 */
export async function resolveRemote(
  name: string,
  spec: ModelSpec,
  context: ResolveContext,
): Promise<Pick<ModelRequest, 'upstreamName' | 'remote' | 'budget'>> {
  const { url = '', api = 'openai', model = '', timeout = defaultTimeoutMillis, allowHttp = false, budget } = spec;
  const filled = await fillVariables(url, context);
  const problem = urlProblem(filled, allowHttp);
  if (problem !== undefined) throw new CannotStartError(`The url of the model '${name}' ${problem}.`);
  const { origin, pathname } = new URL(filled);
  const remote: RemoteUpstream = {
    url: `${origin}${pathname.replace(/\/+$/, '')}`,
    api,
    timeoutMillis: timeout,
    ...(spec.key !== undefined && (await keyOf(`The key of the model '${name}'`, spec.key, context))),
  };
  return {
    upstreamName: await fillVariables(model, context),
    remote,
    ...(budget && {
      budget: {
        // One that belongs to no workspace is counted over all of them.
        id: budgetIdOf(name, spec.scope === 'user' ? undefined : context.workspaceFolder),
        per: budget.per,
        ...(budget.requests !== undefined && { requests: budget.requests }),
        ...(budget.tokens !== undefined && { tokens: budget.tokens }),
      },
    }),
  };
}

/**
 * The value of a key that is written as `${secret:NAME}` or `${env:NAME}`; where a secret is not set, why.
 * @param what Begins the sentence.
 * @throws CannotStartError where it cannot be one. The value is in no message.
 */
export async function keyOf(
  what: string,
  written: string,
  context: ResolveContext,
): Promise<{ readonly key: string } | { readonly problem: string }> {
  const [, secret] = written.match(/^\$\{secret:([^{}]+)\}$/) ?? [];
  const value = secret === undefined ? await fillVariables(written, context) : await context.secretOf?.(secret);
  if (value === undefined)
    return { problem: `${what} is the secret '${secret}', which is not set. Set it with “Tree Warden: Set Secret…”.` };
  const key = value.trim();
  if (key === '' || key.length > maxKey || !/^[\x21-\x7e]+$/.test(key))
    throw new CannotStartError(
      `${what} cannot be sent: it must have 1 to ${maxKey} letters, digits and signs of ASCII, without spaces in it.`,
    );
  return { key };
}
