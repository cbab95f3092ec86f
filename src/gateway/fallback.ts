import type { ModelPool } from './modelPool.ts';
import { wasNotAnswered } from './spending/charges.ts';

export interface FallbackParts {
  find(name: string): ModelPool | undefined;
  /** Answers a request by this model. */
  answer(pool: ModelPool): Promise<void>;
  /** That could not be, and this one is asked now. */
  onFallback(pool: ModelPool): void;
}

/**
 * Has a model answer; where that cannot, and nothing of an answer has come, the model that is its fallback, and so on. Each is asked once.
 * @throws the reason why the last one could not answer.
 */
export async function withFallbacks(first: ModelPool, { find, answer, onFallback }: FallbackParts): Promise<void> {
  const asked = new Set<ModelPool>();
  for (let pool = first; ; ) {
    asked.add(pool);
    const { fallback } = pool.model;
    const next = fallback === undefined ? undefined : find(fallback);
    const other = next && !asked.has(next) ? next : undefined;
    // A server that is known not to answer is looked at now and then; no request has to wait for that.
    if (!other || pool.problem === undefined) {
      try {
        await answer(pool);
        return;
      } catch (error) {
        if (!other || !wasNotAnswered(error)) throw error;
      }
    }
    onFallback(other);
    pool = other;
  }
}
