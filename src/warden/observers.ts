import { errorText } from '../protocol/errors.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import type { Journal } from './journal.ts';

/**
 * Runs everything that the warden reads besides the membership: figures, ports, GPUs, history, other wardens' folders. None of it may end the
 * warden: a failure is in the journal and the self-check for as long as it lasts, and is tried again the next time.
 */
export class Observers {
  readonly #journal: Pick<Journal, 'write'>;
  readonly #failing = new Map<string, Text>();

  constructor(journal: Pick<Journal, 'write'>) {
    this.#journal = journal;
  }

  /** Present failures, a sentence each. */
  get problems(): Text[] {
    return [...this.#failing.values()];
  }

  /** Resolves with `otherwise` where `look` throws or rejects. `what` is the subject of "… failed". */
  async run<T>(what: string, look: () => T | Promise<T>, otherwise: T): Promise<T> {
    try {
      const seen = await look();
      this.#worked(what);
      return seen;
    } catch (error) {
      this.#failed(what, error);
      return otherwise;
    }
  }

  /** As {@link run}, but synchronous. */
  runNow<T>(what: string, look: () => T, otherwise: T): T {
    try {
      const seen = look();
      this.#worked(what);
      return seen;
    } catch (error) {
      this.#failed(what, error);
      return otherwise;
    }
  }

  #worked(what: string): void {
    if (this.#failing.delete(what)) this.#journal.write({ event: 'observer-recovered', reason: what });
  }

  /** A failure that lasts is journalled once. */
  #failed(what: string, error: unknown): void {
    const problem = localizable('observerFailed', what, errorText(error));
    if (!this.#failing.has(what)) this.#journal.write({ event: 'observer-failed', reason: String(problem) });
    this.#failing.set(what, problem);
  }
}
