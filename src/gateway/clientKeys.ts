import { isToken, parseToken } from '../loopback/token.ts';
import { errorText } from '../protocol/errors.ts';
import type { ClientKey } from '../protocol/models.ts';
import type { ModelPool } from './modelPool.ts';

/** What is served. */
export interface Catalogue {
  readonly all: readonly ModelPool[];
  /** For people. */
  readonly names: string;
  /** By its name, or by another name that it goes by. */
  find(name: string): ModelPool | undefined;
  /** Something is known of a request that was not. */
  onActivity?(): void;
}

/** Keys beside the gateway's own, each for some models. */
export class ClientKeys {
  #keys: readonly ClientKey[] = [];

  /** These, and no others. */
  allow(keys: readonly ClientKey[]): void {
    this.#keys = keys;
  }

  /** Whose key it is; all are compared, so that the time tells nothing of which. */
  holderOf(shown: string): ClientKey | undefined {
    let holder: ClientKey | undefined;
    for (const one of this.#keys) if (isToken(shown, one.key)) holder ??= one;
    return holder;
  }
}

/** Why one of these cannot be used, as a sentence; its value is not in it. */
export function keyProblem(keys: readonly ClientKey[], token: string | undefined): string | undefined {
  for (const { name, key } of keys) {
    try {
      if (parseToken(key) !== key) return `The key '${name}' of the gateway has white space around it.`;
    } catch (error) {
      return `The key '${name}' of the gateway ${errorText(error)}.`;
    }
    if (token !== undefined && isToken(key, token))
      return `The key '${name}' of the gateway is the gateway’s own, which may use every model.`;
    if (keys.some((other) => other.name !== name && isToken(key, other.key)))
      return `The key '${name}' of the gateway is another one’s, too.`;
  }
  return undefined;
}

/** The models that a key is for; there are no others, as far as its client can tell. */
export function modelsFor({ models }: ClientKey, served: Catalogue): Catalogue {
  const isAllowed = (pool: ModelPool): boolean => models.includes(pool.name);
  const all = served.all.filter(isAllowed);
  return {
    all,
    names: all.flatMap(({ name, model }) => [name, ...(model.variants ?? []).map((variant) => variant.name)]).join(', ') || 'none',
    find: (name) => all.find((pool) => pool === served.find(name)),
  };
}

/** What is said of a model to the client of a key: the models that it may not use have no names there. */
export function withoutOthers(text: string, allowed: Catalogue, served: Catalogue): string {
  const others = served.all.filter((pool) => !allowed.all.includes(pool));
  return others.reduce((hidden, { name }) => hidden.replaceAll(`'${name}'`, 'another model'), text);
}
