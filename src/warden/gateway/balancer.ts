import type { Instance } from './instance.ts';

/** Of conversations, so many are remembered. */
const remembered = 1000;

/** Says which server of a pool a request goes to. */
export class Balancer {
  /** The number of the instance that has had a conversation last. */
  readonly #homes = new Map<string, number>();

  /**
   * The one that has had the conversation, where it has room, else the one that has least to do; undefined where none has room. One that is unhealthy is asked only
   * where all are: then it is the probe that is to be doubted (as Envoy's panic threshold has it).
   */
  pick(instances: readonly Instance[], maxConcurrent: number, conversation: string | undefined): Instance | undefined {
    const isAnyHealthy = instances.some(({ state, isHealthy }) => state === 'ready' && isHealthy);
    const home = conversation === undefined ? undefined : this.#homes.get(conversation);
    let best: Instance | undefined;
    for (const instance of instances) {
      const { state, isHealthy, outstanding, number } = instance;
      if (state !== 'ready' || (isAnyHealthy && !isHealthy) || outstanding >= maxConcurrent) continue;
      if (number === home) return instance;
      if (best === undefined || outstanding < best.outstanding) best = instance;
    }
    return best;
  }

  /** This instance has this conversation from now on. */
  remember(conversation: string | undefined, { number }: Instance): void {
    if (conversation === undefined) return;
    // The order of a map is that of the first time.
    this.#homes.delete(conversation);
    this.#homes.set(conversation, number);
    const [oldest] = this.#homes.keys();
    if (this.#homes.size > remembered && oldest !== undefined) this.#homes.delete(oldest);
  }
}
