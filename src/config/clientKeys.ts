/** Keys of clients that may use some of the models: `gateway.keys` in processes.json. */
import * as z from 'zod';
import { CannotStartError } from '../command/executable.ts';
import type { ClientKey } from '../protocol/models.ts';
import { maxNameLength, namePattern, namePatternText, normalName } from '../protocol/names.ts';
import { keyReference } from './remoteSchema.ts';
import { keyOf } from './resolveRemote.ts';
import type { ResolveContext } from './resolveSpec.ts';
import { text } from './values.ts';

/** Of keys, and of models that one is for. */
const most = { keys: 100, models: 1000 } as const;

const clientName = z.string().max(maxNameLength, `a name has at most ${maxNameLength} characters`).regex(namePattern, namePatternText);

export const clientKeysSchema = z
  .record(
    clientName,
    z.strictObject({
      key: keyReference.describe('The key, as ${secret:NAME} or ${env:NAME}: at least 16 characters.'),
      models: z
        .array(text.transform(normalName), 'must be a list of names of models')
        .min(1, 'must name a model')
        .max(most.models, `must be at most ${most.models} names`)
        .describe('The models that it is for; for its client, there are no others.'),
    }),
  )
  .refine((all) => Object.keys(all).length <= most.keys, `must be at most ${most.keys} keys`)
  .describe(
    'Further API keys, by the name of the client that has each: { "ci": { "key": "${secret:CI_KEY}", "models": ["coder"] } }. The name is what tree-warden requests shows.',
  );

export type ClientKeysSpec = z.output<typeof clientKeysSchema>;

/**
 * The keys with their values.
 * @throws CannotStartError where one has none.
 */
export async function resolveClientKeys(declared: ClientKeysSpec | undefined, context: ResolveContext): Promise<ClientKey[]> {
  return await Promise.all(
    Object.entries(declared ?? {}).map(async ([name, { key: written, models }]) => {
      const found = await keyOf(`The key '${name}' of the gateway`, written, context);
      if ('problem' in found) throw new CannotStartError(found.problem);
      return { name, key: found.key, models };
    }),
  );
}
