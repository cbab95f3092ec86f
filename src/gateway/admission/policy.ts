/** Which models are loaded together, and which have to go for another one: a pure function over plain data. */

/** By resource: of memory in bytes, of an exclusive group in places. */
export type Amounts = ReadonlyMap<string, number>;

export interface BudgetedModel {
  readonly name: string;
  /** What it takes when all its servers are loaded. Infinity where that is not known. */
  readonly needs: Amounts;
  /** What it has, until it is verified that it is back. Empty: it has nothing. */
  readonly holds: Amounts;
  /** The amounts are not measured: it is not refused for them, but given all that others are not pinned to where it seems to need more. */
  readonly isGuess: boolean;
  /** It is being unloaded: what it holds is on its way back. */
  readonly isLeaving: boolean;
  /** It is never unloaded for another one. */
  readonly isPinned: boolean;
  /** Of those that can go, the ones of a lower rank go first. */
  readonly rank: number;
  /** It is answering, or has requests of its turn to answer. */
  readonly isBusy: boolean;
  /** When it was asked last; any clock. */
  readonly askedAt: number;
  /** Since when it goes at the end of its turn; undefined where it need not. Once chosen, it stays the first choice, so that turns do not begin anew. */
  readonly goesSince?: number | undefined;
}

/** Why a model cannot be loaded, however long it waits. */
export interface Shortage {
  readonly resource: string;
  /** Infinity where that is not known. */
  readonly needs: number;
  readonly budget: number;
  /** Models that are loaded and never go, and what they hold of it together. */
  readonly pinned: readonly string[];
  readonly pinnedAmount: number;
}

export type Verdict =
  | { readonly do: 'begin' }
  /** These are to be unloaded, none of which is busy. */
  | { readonly do: 'unload'; readonly models: readonly string[] }
  /** Until the busy ones among them have had their turn, and the leaving ones are gone. Empty: until those before it have begun. */
  | { readonly do: 'wait'; readonly for: readonly string[] }
  | { readonly do: 'refuse'; readonly shortage: Shortage };

export interface Plan {
  /** For each model that waits. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** The loaded models that go for a waiting one, now or at the end of their turns. */
  readonly going: ReadonlySet<string>;
}

/**
 * Decides for each waiting model, in their order. What one of them needs is kept for it, so that a later, smaller one is let past only where that does not make it wait
 * longer. The models that go are as few of the least wanted as suffice: idle ones before busy ones.
 * @param waiting Names of models that want to be loaded, or want more servers, those that have waited longest first.
 */
export function planLoads(models: readonly BudgetedModel[], waiting: readonly string[], budget: Amounts): Plan {
  const verdicts = new Map<string, Verdict>();
  const going = new Set<string>();
  const ledger = new Ledger(models, budget);
  const byName = new Map(models.map((model) => [model.name, model]));
  for (const name of waiting) {
    const model = byName.get(name);
    if (model) verdicts.set(name, verdictFor(model, models, ledger, going));
  }
  return { verdicts, going };
}

function verdictFor(model: BudgetedModel, models: readonly BudgetedModel[], ledger: Ledger, going: Set<string>): Verdict {
  const shortage = ledger.shortageOf(model);
  if (shortage) return { do: 'refuse', shortage };
  // Its own servers have to be gone first.
  if (model.isLeaving) return { do: 'wait', for: [model.name] };
  const needed = ledger.missingOf(model);
  if (ledger.fitsNow(needed)) {
    ledger.take(needed);
    return { do: 'begin' };
  }
  const chosen = ledger.fitsSoon(needed) ? [] : chooseGoing(model, needed, models, ledger, going);
  if (chosen === undefined) return { do: 'wait', for: [] };
  for (const one of chosen) {
    going.add(one.name);
    ledger.expectBack(one);
  }
  ledger.reserve(needed);
  const leaving = models.filter(({ isLeaving }) => isLeaving);
  const awaited = [...chosen.filter(({ isBusy }) => isBusy), ...leaving].map(({ name }) => name);
  // Idle ones stay useful until the busy ones have finished, and may be asked meanwhile.
  return chosen.length > 0 && chosen.every(({ isBusy }) => !isBusy)
    ? { do: 'unload', models: chosen.map(({ name }) => name) }
    : { do: 'wait', for: awaited };
}

/** The models that go for this one; undefined where all of them together are too few now. */
function chooseGoing(
  model: BudgetedModel,
  needed: Amounts,
  models: readonly BudgetedModel[],
  ledger: Ledger,
  going: ReadonlySet<string>,
): readonly BudgetedModel[] | undefined {
  const candidates = models
    .filter((one) => one !== model && !one.isPinned && !one.isLeaving && !going.has(one.name) && one.holds.size > 0)
    .sort(byWant);
  const chosen: BudgetedModel[] = [];
  for (const one of candidates) {
    if (ledger.fitsSoon(needed, chosen)) break;
    if (ledger.helps(needed, chosen, one)) chosen.push(one);
  }
  if (!ledger.fitsSoon(needed, chosen)) return undefined;
  // A larger one that was chosen later may make earlier ones needless; the most wanted are spared first.
  for (const one of chosen.toReversed()) {
    const others = chosen.filter((other) => other !== one);
    if (ledger.fitsSoon(needed, others)) chosen.splice(chosen.indexOf(one), 1);
  }
  return chosen;
}

/** The least wanted first. */
function byWant(one: BudgetedModel, other: BudgetedModel): number {
  const { POSITIVE_INFINITY: never } = Number;
  return (
    Number(one.isBusy) - Number(other.isBusy) ||
    // Of busy ones, those whose turn is ending already.
    (one.isBusy ? Number(one.goesSince === undefined) - Number(other.goesSince === undefined) : 0) ||
    one.rank - other.rank ||
    (one.isBusy ? Math.sign((one.goesSince ?? never) - (other.goesSince ?? never)) || 0 : 0) ||
    one.askedAt - other.askedAt
  );
}

/** What is free of each resource: now, and when all that is on its way back is there and those who wait have what is kept for them. */
class Ledger {
  readonly #budget: Amounts;
  readonly #models: readonly BudgetedModel[];
  readonly #now: Map<string, number>;
  readonly #soon: Map<string, number>;

  constructor(models: readonly BudgetedModel[], budget: Amounts) {
    this.#budget = budget;
    this.#models = models;
    const freeBeside = (counts: (model: BudgetedModel) => boolean): Map<string, number> =>
      new Map(
        Array.from(budget, ([resource, amount]) => [
          resource,
          models.reduce((free, model) => (counts(model) ? free - this.#held(model, resource) : free), amount),
        ]),
      );
    this.#now = freeBeside(() => true);
    this.#soon = freeBeside(({ isLeaving }) => !isLeaving);
  }

  /** What it needs and does not hold yet. */
  missingOf(model: BudgetedModel): Amounts {
    return new Map(
      [...this.#budget.keys()].flatMap((resource) => {
        const missing = this.#needed(model, resource) - this.#held(model, resource);
        return missing > 0 ? [[resource, missing]] : [];
      }),
    );
  }

  shortageOf(model: BudgetedModel): Shortage | undefined {
    for (const [resource, budget] of this.#budget) {
      const needs = model.needs.get(resource) ?? 0;
      const room = this.#roomFor(model, resource);
      if (needs === 0 || needs <= room || (model.isGuess && room > 0)) continue;
      const pinned = this.#pinnedBeside(model, resource).map(({ name }) => name);
      return { resource, needs, budget, pinned, pinnedAmount: budget - room };
    }
    return undefined;
  }

  fitsNow(needed: Amounts): boolean {
    return [...needed].every(([resource, amount]) => amount <= (this.#now.get(resource) ?? 0)) && this.fitsSoon(needed);
  }

  fitsSoon(needed: Amounts, without: readonly BudgetedModel[] = []): boolean {
    return [...needed].every(([resource, amount]) => amount <= this.#soonWithout(resource, without));
  }

  /** Whether it holds something of what is still missing. */
  helps(needed: Amounts, without: readonly BudgetedModel[], model: BudgetedModel): boolean {
    return [...needed].some(([resource, amount]) => amount > this.#soonWithout(resource, without) && this.#held(model, resource) > 0);
  }

  take(needed: Amounts): void {
    for (const [resource, amount] of needed) this.#now.set(resource, (this.#now.get(resource) ?? 0) - amount);
    this.reserve(needed);
  }

  reserve(needed: Amounts): void {
    for (const [resource, amount] of needed) this.#soon.set(resource, (this.#soon.get(resource) ?? 0) - amount);
  }

  expectBack(model: BudgetedModel): void {
    for (const [resource, amount] of this.#soon) this.#soon.set(resource, amount + this.#held(model, resource));
  }

  #soonWithout(resource: string, without: readonly BudgetedModel[]): number {
    return without.reduce((free, one) => free + this.#held(one, resource), this.#soon.get(resource) ?? 0);
  }

  #held(model: BudgetedModel, resource: string): number {
    return this.#believed(model, resource, model.holds.get(resource) ?? 0);
  }

  #needed(model: BudgetedModel, resource: string): number {
    return this.#believed(model, resource, model.needs.get(resource) ?? 0);
  }

  #believed(model: BudgetedModel, resource: string, amount: number): number {
    return model.isGuess ? Math.min(amount, this.#roomFor(model, resource)) : amount;
  }

  /** What others are not pinned to. */
  #roomFor(model: BudgetedModel, resource: string): number {
    const budget = this.#budget.get(resource) ?? 0;
    return this.#pinnedBeside(model, resource).reduce((room, one) => Math.max(0, room - (one.holds.get(resource) ?? 0)), budget);
  }

  #pinnedBeside(model: BudgetedModel, resource: string): BudgetedModel[] {
    return this.#models.filter((one) => one !== model && one.isPinned && !one.isLeaving && (one.holds.get(resource) ?? 0) > 0);
  }
}
