/** What several clients declare to the model service, as one declaration. */
import { isDeepStrictEqual } from 'node:util';
import { budgetIdOf } from '../../protocol/budgetIds.ts';
import { type MemoryBudget, smallerBudget } from '../../protocol/modelMemory.ts';
import type { ClientKey, ModelLease, ModelRequest, RefusedModel } from '../../protocol/models.ts';
import type { ModelDeclaration } from './modelHost.ts';

export interface SharedDeclaration extends ModelDeclaration {
  /** By the lease that has declared them. */
  readonly refused: ReadonlyMap<ModelLease, readonly RefusedModel[]>;
}

/** For which model a client has a name. */
interface NameOwner {
  readonly lease: ModelLease;
  readonly model: string;
}

/** The client whose declaration of a model counts. */
interface Holder {
  readonly lessee: string;
  model: ModelRequest;
}

/**
 * The first lease that declares a name, an alias or a variant says what it stands for. One that says the same of it shares the server; where another one says something
 * else, that is refused: which of the two a request means could only be guessed.
 */
export function mergeLeases(leases: readonly ModelLease[]): SharedDeclaration {
  const holders = new Map<string, Holder>();
  const owners = new Map<string, NameOwner>();
  const refused = new Map<ModelLease, readonly RefusedModel[]>();
  for (const lease of leases) {
    const models = lease.models.map(countedForAll);
    const reasons = withFallbacks(
      models,
      new Map(
        models.flatMap((model) => {
          const reason = refusalIn(holders, owners, lease, model);
          return reason === undefined ? [] : [[model.name, reason]];
        }),
      ),
    );
    refused.set(
      lease,
      models.flatMap(({ name }) => {
        const reason = reasons.get(name);
        return reason === undefined ? [] : [{ name, reason }];
      }),
    );
    for (const model of models) {
      if (reasons.has(model.name)) continue;
      for (const one of namesOf(model)) if (!owners.has(one)) owners.set(one, { lease, model: model.name });
      const holder = holders.get(model.name);
      if (holder) holder.model = withNamesOf(holder.model, model);
      else holders.set(model.name, { lessee: lease.lessee, model });
    }
  }
  const memory = leases.reduce<MemoryBudget | undefined>((smallest, { gateway }) => smallerBudget(smallest, gateway.memory), undefined);
  const given = leases.find(({ gateway }) => gateway.token !== undefined)?.gateway.token;
  const keys = keysOf(leases);
  return {
    models: Array.from(holders.values(), ({ model }) => model),
    gateway: {
      ...(given !== undefined && { token: given }),
      port: leases.find(({ gateway }) => gateway.port > 0)?.gateway.port ?? 0,
      ...(memory && { memory }),
      allowedOrigins: [...new Set(leases.flatMap(({ gateway }) => gateway.allowedOrigins ?? []))],
      ...(keys.length > 0 && { keys }),
    },
    refused,
  };
}

/** Why this model is not served to this client; undefined where it is. */
function refusalIn(
  holders: ReadonlyMap<string, Holder>,
  owners: ReadonlyMap<string, NameOwner>,
  lease: ModelLease,
  model: ModelRequest,
): string | undefined {
  const { name, problem } = model;
  // Another client may have what this one lacks.
  if (problem !== undefined) return problem;
  const holder = holders.get(name);
  const differences = holder ? differencesOf(holder.model, model) : [];
  if (holder && differences.length > 0) return refusalOf(name, holder.lessee, differences);
  // What is served already under these names stays so; a further alias may be another client's name.
  const held = new Set(holder ? namesOf(holder.model) : []);
  for (const one of namesOf(model)) {
    const owner = owners.get(one);
    if (!held.has(one) && owner && owner.model !== name && owner.lease !== lease) return takenName(name, one, owner);
  }
  return undefined;
}

/** Those that would fall back to a model that is not served as their client has declared it are not served either: prompts would go to a server that it does not name. */
function withFallbacks(models: readonly ModelRequest[], reasons: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const more = models.flatMap(({ name, fallback }): [string, string][] =>
    fallback !== undefined && reasons.has(fallback) && !reasons.has(name)
      ? [[name, `'${name}' is not served here, because its fallback '${fallback}' is not.`]]
      : [],
  );
  return more.length === 0 ? reasons : withFallbacks(models, new Map([...reasons, ...more]));
}

function withNamesOf(served: ModelRequest, { aliases, preload }: ModelRequest): ModelRequest {
  return { ...served, aliases: [...new Set([...served.aliases, ...aliases])], preload: served.preload || preload };
}

/** What all clients use is counted together: that two of them are in different workspaces is no difference between their declarations. */
function countedForAll(model: ModelRequest): ModelRequest {
  return model.budget ? { ...model, budget: { ...model.budget, id: budgetIdOf(model.name, undefined) } } : model;
}

/** Of two that are the same, what the first client says of it counts. */
function keysOf(leases: readonly ModelLease[]): readonly ClientKey[] {
  const keys = new Map<string, ClientKey>();
  for (const one of leases.flatMap(({ gateway }) => gateway.keys ?? [])) if (!keys.has(one.key)) keys.set(one.key, one);
  return [...keys.values()];
}

function refusalOf(name: string, holder: string, differences: readonly string[]): string {
  return `'${name}' is not served here, because ${holder} declares it otherwise (${differences.join(', ')}). Declare it alike, give it another name, or take "scope": "user" away.`;
}

function takenName(model: string, name: string, { lease, model: other }: NameOwner): string {
  return `'${model}' is not served here, because '${name}' is a name of '${other}' in ${lease.lessee}. Rename one of the two, or take "scope": "user" away.`;
}

function namesOf({ name, aliases, variants = [] }: ModelRequest): readonly string[] {
  return [name, ...aliases, ...variants.map((variant) => variant.name)];
}

/**
 * What does not change what a server is, and how it answers: the size of a file may have changed since it was declared, and what a server is asked for its facts follows
 * from its runtime and model.
 */
const ofNoMatter: ReadonlySet<string> = new Set([
  'aliases',
  'description',
  'preload',
  'scope',
  'keepMillis',
  'group',
  'sizeBytes',
  'estimatedBytes',
  'factRequests',
]);
/** Keys of a request, as the file has them. */
const written: Readonly<Record<string, string>> = {
  argv: 'command',
  ttlMillis: 'ttl',
  isPinned: 'pin',
  upstreamName: 'model',
  loadRequest: 'model',
  prompts: 'onSwap',
  changes: 'request',
  remote: 'url or key',
};

/** Names of what differs, as the file has them. */
export function differencesOf(one: ModelRequest, other: ModelRequest): string[] {
  const { start = {}, facts = {}, ...ours } = one;
  const { start: otherStart = {}, facts: otherFacts = {}, ...theirs } = other;
  return [...new Set([...differing(ours, theirs), ...differing(facts, otherFacts), ...differing(start, otherStart)])];
}

function differing(one: object, other: object): string[] {
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  const keys = [...new Set([...first.keys(), ...second.keys()])].filter((key) => !ofNoMatter.has(key));
  return keys.flatMap((key) => (isDeepStrictEqual(first.get(key), second.get(key)) ? [] : (written[key] ?? key)));
}
