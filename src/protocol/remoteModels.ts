/** Models that servers elsewhere answer for: what is declared of them, and what may be spent on them. */

/** Which key header a server reads: `Authorization: Bearer`, or `x-api-key` with `anthropic-version`. */
export const remoteApis = ['openai', 'anthropic'] as const;
export type RemoteApi = (typeof remoteApis)[number];

export interface RemoteUpstream {
  /** What stands before `/chat/completions` or `/messages`, without a slash at its end: `https://api.example.com/v1`. */
  readonly url: string;
  readonly api: RemoteApi;
  /** Kept in memory only: it is in no record, log, journal, snapshot or message. */
  readonly key?: string;
  /** Why the key that is declared is not known, as a sentence; nothing is sent then. */
  readonly problem?: string;
  /** Maximum time until an answer begins, and between two pieces of it; in milliseconds. */
  readonly timeoutMillis: number;
}

export const budgetPeriods = ['day', 'month'] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

/** What may be asked of a model within a period. */
export interface ModelBudget {
  /** Names the file in which it is counted: the same for all wardens that declare the model of the same workspace; 32 hexadecimal digits. */
  readonly id: string;
  readonly requests?: number;
  /** Of requests and answers together. */
  readonly tokens?: number;
  readonly per: BudgetPeriod;
}

export const budgetId = /^[0-9a-f]{32}$/;

/** What was asked of a model in a period. */
export interface Spending {
  /** See `periodOf`. */
  readonly period: string;
  readonly requests: number;
  readonly tokens: number;
}

/** A budget, and what is used of it, for people. */
export interface BudgetSnapshot extends Omit<ModelBudget, 'id'> {
  readonly usedRequests: number;
  readonly usedTokens: number;
  /** When the next period begins, in milliseconds since 1970. */
  readonly renewsAt: number;
}
