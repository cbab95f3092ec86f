import type { ActivityPage } from '../protocol/modelActivity.ts';

/** Counts the requests of one gateway whose end is in no page, because it was forgotten between two looks. */
export class MissedRequests {
  #gateway: string | undefined;
  /** Of all that have come. */
  #highestId = 0;
  /** Ids of those that had not ended at the last look. */
  readonly #open = new Set<number>();

  /** Takes the next page, and answers with the number of those that were missed since the one before. What had come before the first one is not counted. */
  take({ gateway, requests, oldest = 1 }: Pick<ActivityPage, 'gateway' | 'requests' | 'oldest'>): number {
    const isFirst = this.#gateway === undefined;
    if (gateway !== this.#gateway) {
      this.#gateway = gateway;
      this.#highestId = 0;
      this.#open.clear();
    }
    const forgotten = [...this.#open].filter((id) => id < oldest);
    for (const id of forgotten) this.#open.delete(id);
    const unseen = isFirst ? 0 : Math.max(0, oldest - 1 - this.#highestId);
    this.#highestId = Math.max(this.#highestId, oldest - 1);
    for (const { id, state } of requests) {
      this.#highestId = Math.max(this.#highestId, id);
      if (state === 'ended') this.#open.delete(id);
      else this.#open.add(id);
    }
    return forgotten.length + unseen;
  }
}
