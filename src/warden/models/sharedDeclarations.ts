/** What several clients declare to the model service, as one declaration. */
import { isDeepStrictEqual } from 'node:util';
import type { ModelLease, ModelRequest, RefusedModel } from '../../protocol/models.ts';
import type { ModelDeclaration } from './modelHost.ts';

export interface SharedDeclaration extends ModelDeclaration {
  /** By the lease that has declared them. */
  readonly refused: ReadonlyMap<ModelLease, readonly RefusedModel[]>;
}

/**
 * The first lease that declares a name says what it stands for. One that says the same of it shares the server; where another one says something else, that is refused:
 * which of the two a request means could only be guessed.
 */
export function mergeLeases(leases: readonly ModelLease[]): SharedDeclaration {
  const holders = new Map<string, { readonly lessee: string; model: ModelRequest }>();
  /** Every name that a model goes by. */
  const names = new Map<string, { readonly lease: ModelLease; readonly model: string }>();
  const refused = new Map<ModelLease, readonly RefusedModel[]>();
  for (const lease of leases) {
    refused.set(
      lease,
      lease.models.flatMap((model): RefusedModel | [] => {
        const { name } = model;
        const holder = holders.get(name);
        const differences = holder ? differencesOf(holder.model, model) : [];
        if (holder && differences.length > 0) return { name, reason: refusalOf(name, holder.lessee, differences) };
        const own = namesOf(model);
        for (const one of own) {
          const taken = names.get(one);
          if (taken && taken.lease !== lease && taken.model !== name && !isOwn(lease, taken.model, one))
            return { name, reason: confusionOf(name, one, taken.model, taken.lease.lessee) };
        }
        for (const one of own) if (!names.has(one)) names.set(one, { lease, model: name });
        if (holder === undefined) {
          holders.set(name, { lessee: lease.lessee, model });
          return [];
        }
        const aliases = [...new Set([...holder.model.aliases, ...model.aliases])];
        holder.model = { ...holder.model, aliases, preload: holder.model.preload || model.preload };
        return [];
      }),
    );
  }
  const given = leases.find(({ gateway }) => gateway.token !== undefined)?.gateway.token;
  return {
    models: Array.from(holders.values(), ({ model }) => model),
    gateway: {
      ...(given !== undefined && { token: given }),
      port: leases.find(({ gateway }) => gateway.port > 0)?.gateway.port ?? 0,
      allowedOrigins: [...new Set(leases.flatMap(({ gateway }) => gateway.allowedOrigins ?? []))],
    },
    refused,
  };
}

function refusalOf(name: string, holder: string, differences: readonly string[]): string {
  return `'${name}' is not served here, because ${holder} declares it otherwise (${differences.join(', ')}). Declare it alike, give it another name, or take "scope": "user" away.`;
}

function confusionOf(name: string, taken: string, model: string, holder: string): string {
  return `'${name}' is not served here, because '${taken}' is a name of the model '${model}' of ${holder}. Give one of them another name, or take "scope": "user" away.`;
}

/** Which of its own models a name means is said by the order in its file. */
function isOwn({ models }: ModelLease, name: string, one: string): boolean {
  return models.some((model) => model.name === name && namesOf(model).includes(one));
}

function namesOf({ name, aliases, variants = [] }: ModelRequest): readonly string[] {
  return [name, ...aliases, ...variants.map((variant) => variant.name)];
}

/** What does not change what a server is, and how it answers. */
const ofNoMatter: ReadonlySet<string> = new Set(['aliases', 'description', 'preload', 'scope', 'group']);
/** Keys of a request, as the file has them. */
const written: Readonly<Record<string, string>> = {
  argv: 'command',
  ttlMillis: 'ttl',
  upstreamName: 'model',
  loadRequest: 'model',
  changes: 'request',
};

/** Names of what differs, as the file has them. */
export function differencesOf({ start: ours, ...one }: ModelRequest, { start: theirs, ...other }: ModelRequest): string[] {
  return [...new Set([...differing(one, other), ...differing(ours, theirs)])];
}

function differing(one: object, other: object): string[] {
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  const keys = [...new Set([...first.keys(), ...second.keys()])].filter((key) => !ofNoMatter.has(key));
  return keys.flatMap((key) => (isDeepStrictEqual(first.get(key), second.get(key)) ? [] : (written[key] ?? key)));
}
