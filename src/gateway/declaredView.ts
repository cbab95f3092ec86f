import type { ModelRequest, ModelSnapshot } from '../protocol/models.ts';

/** What a snapshot says of a model as it is declared. */
export function declaredView({ name, aliases, description, runtime, exclusive, isPinned, variants }: ModelRequest) {
  return {
    name,
    aliases,
    ...(description !== undefined && { description }),
    runtime,
    ...(exclusive !== undefined && { exclusive }),
    ...(isPinned && { isPinned }),
    ...(variants && {
      variants: variants.map(({ name: one, description: text }) => ({ name: one, ...(text !== undefined && { description: text }) })),
    }),
  } satisfies Partial<ModelSnapshot>;
}
