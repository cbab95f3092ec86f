import type { Instance } from './instance.ts';

/** Maximum number of conversations that are remembered. */
const maxConversations = 1000;

/** Chooses the server of a pool for each request. */
export class Balancer {
  /** The number of the instance that had a conversation last. */
  readonly #stickyInstances = new Map<string, number>();

  /**
   * The instance that had the conversation, if it has room, else the least busy one; undefined where none has room. Unhealthy instances are used only where all
   * are unhealthy: then the probe is in doubt (Envoy's panic threshold).
   */
  pick(instances: readonly Instance[], maxConcurrent: number, conversation: string | undefined): Instance | undefined {
    const isAnyHealthy = instances.some(({ state, isHealthy }) => state === 'ready' && isHealthy);
    const sticky = conversation === undefined ? undefined : this.#stickyInstances.get(conversation);
    let best: Instance | undefined;
    for (const instance of instances) {
      const { state, isHealthy, outstanding, number } = instance;
      if (state !== 'ready' || (isAnyHealthy && !isHealthy) || outstanding >= maxConcurrent) continue;
      if (number === sticky) return instance;
      if (best === undefined || outstanding < best.outstanding) best = instance;
    }
    return best;
  }

  /** This instance has this conversation from now on. */
  remember(conversation: string | undefined, { number }: Instance): void {
    if (conversation === undefined) return;
    // The order of a map is that of the first time.
    this.#stickyInstances.delete(conversation);
    this.#stickyInstances.set(conversation, number);
    const [oldest] = this.#stickyInstances.keys();
    if (this.#stickyInstances.size > maxConversations && oldest !== undefined) this.#stickyInstances.delete(oldest);
  }
}
