import { endOfPeriod, periodOf } from '../../protocol/budgetPeriods.ts';
import type { BudgetSnapshot, ModelBudget, Spending } from '../../protocol/remoteModels.ts';
import { GatewayError } from '../gatewayError.ts';

/** The place of one request in a budget, from before it is sent. One of the two is called, once. */
export interface Charge {
  /** It was sent. */
  spend(tokens: number): void;
  /** It was not. */
  cancel(): void;
}

export interface BudgetParts {
  /** Milliseconds since 1970. */
  readonly presentAt: () => number;
  /** Hears of what each request has cost. */
  onSpent(id: string, spent: Spending): void;
}

/** What may still be asked of a model in the present day or month. */
export class Budget {
  readonly #model: string;
  readonly #parts: BudgetParts;
  #budget: ModelBudget;
  #spent: Spending;
  /** Requests whose cost is not known yet. */
  #open = 0;

  /** @param spent Before, as far as that is known. */
  constructor(model: string, budget: ModelBudget, spent: Spending | undefined, parts: BudgetParts) {
    this.#model = model;
    this.#budget = budget;
    this.#parts = parts;
    this.#spent = spent ?? { period: '', requests: 0, tokens: 0 };
  }

  /** Whether it counts the same as this one, whatever the limits are. */
  isOf({ id, per }: ModelBudget): boolean {
    return this.#budget.id === id && this.#budget.per === per;
  }

  /** Other limits. */
  update(budget: ModelBudget): void {
    this.#budget = budget;
  }

  /** Another warden has spent this. */
  addElsewhere(spent: Spending): void {
    this.#add(spent);
  }

  /**
   * Takes a place for a request. The last one may exceed the tokens, because its own are known only when it is answered.
   * @throws GatewayError where there is none left.
   */
  begin(): Charge {
    const { requests, tokens } = this.#budget;
    const used = this.#now();
    if (requests !== undefined && used.requests + this.#open >= requests) throw this.#over('requests', requests);
    if (tokens !== undefined && used.tokens >= tokens) throw this.#over('tokens', tokens);
    this.#open++;
    let isOpen = true;
    const close = (): boolean => {
      const wasOpen = isOpen;
      if (isOpen) this.#open--;
      isOpen = false;
      return wasOpen;
    };
    return {
      spend: (spentTokens) => {
        if (!close()) return;
        const spent = { period: this.#now().period, requests: 1, tokens: spentTokens };
        this.#add(spent);
        this.#parts.onSpent(this.#budget.id, spent);
      },
      cancel: () => void close(),
    };
  }

  snapshot(): BudgetSnapshot {
    const { id: _, ...limits } = this.#budget;
    const { requests, tokens } = this.#now();
    return { ...limits, usedRequests: requests, usedTokens: tokens, renewsAt: endOfPeriod(limits.per, this.#parts.presentAt()) };
  }

  /** What is spent of the present period. */
  #now(): Spending {
    const period = periodOf(this.#budget.per, this.#parts.presentAt());
    if (this.#spent.period !== period) this.#spent = { period, requests: 0, tokens: 0 };
    return this.#spent;
  }

  #add({ period, requests, tokens }: Spending): void {
    const before = this.#now();
    if (period === before.period) this.#spent = { period, requests: before.requests + requests, tokens: before.tokens + tokens };
  }

  #over(what: 'requests' | 'tokens', limit: number): GatewayError {
    const { per } = this.#budget;
    const now = this.#parts.presentAt();
    const end = endOfPeriod(per, now);
    const when = `${new Date(end).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    return new GatewayError(429, `The budget of '${this.#model}' is spent: ${limit} ${what} a ${per}. It begins again at ${when}.`, {
      code: 'budget_spent',
      // A client that repeated the request by itself would not wait for that long.
      retry: false,
      retryAfterSeconds: Math.ceil((end - now) / 1000),
      mayFallBack: true,
    });
  }
}
