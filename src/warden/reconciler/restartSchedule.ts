import { formatDuration } from '../../protocol/format.ts';
import { LongTimer } from '../../protocol/timers.ts';
import type { Tree } from '../trees/tree.ts';
import type { Succession } from './desiredState.ts';
import type { ReconcilerParts } from './reconcilerParts.ts';
import type { RestartPlan } from './restartPlan.ts';
import { policyOf, type Restarts } from './restarts.ts';

/** Number of last lines that an alert quotes. */
const quotedLines = 3;

const successions: Readonly<Record<RestartPlan['next'], Succession>> = { stay: 'none', restart: 'restart', giveUp: 'giveUp' };

/** What the restart policy of a name does after the end of its tree: it waits for the next attempt, or reports that it has given up. */
export class RestartSchedule {
  readonly #name: string;
  readonly #parts: Pick<ReconcilerParts, 'journal' | 'alert'>;
  readonly #restarts: Restarts;
  #plan: RestartPlan = { next: 'stay' };
  /** Why the plan is made, as a clause on this name. */
  #reason = '';
  #timer: LongTimer | undefined;

  constructor(name: string, parts: Pick<ReconcilerParts, 'journal' | 'alert'>, restarts: Restarts) {
    this.#name = name;
    this.#parts = parts;
    this.#restarts = restarts;
  }

  /** Takes the plan; `reason` is a clause on this name. Returns what follows the tree by it. */
  follow(plan: RestartPlan, reason: string): Succession {
    this.#plan = plan;
    this.#reason = reason;
    return successions[plan.next];
  }

  /** Waits for the time of the planned restart, then calls `onDue`. */
  waitFor(tree: Tree, onDue: () => void): void {
    if (this.#plan.next !== 'restart') return;
    const { delayMillis, attempt } = this.#plan;
    this.#restarts.mark(tree, { nextStartAt: Date.now() + delayMillis });
    const reason = `${this.#reason}; attempt ${attempt} of ${policyOf(tree.request).maxRestarts}`;
    this.#parts.journal.write({ event: 'restart', tree: tree.id, spec: this.#name, durationMillis: delayMillis, reason });
    this.#timer = new LongTimer(() => {
      this.#restarts.mark(tree, { nextStartAt: undefined });
      onDue();
    }, delayMillis);
  }

  /** Stops waiting. */
  cancel(): void {
    this.#timer?.cancel();
  }

  /** Reports, in the journal and to the user, that there are no more attempts. */
  reportGivenUp(tree: Tree): void {
    if (this.#plan.next !== 'giveUp') return;
    const times = this.#plan.attempts === 1 ? 'once' : `${this.#plan.attempts} times`;
    const { windowMillis } = policyOf(tree.request);
    const why = `it was restarted ${times} in ${formatDuration(windowMillis)}`;
    this.#parts.journal.write({ event: 'gave-up', tree: tree.id, spec: this.#name, reason: why });
    this.#parts.alert(`'${this.#name}' ${this.#reason}, and will not be restarted: ${why}.${quoteOf(tree)}`);
  }
}

/** The last lines that the tree has printed, as a sentence to follow another one; empty where it has printed nothing. */
function quoteOf({ output }: Tree): string {
  const lines = output.lastLines(quotedLines);
  return lines.length > 0 ? ` Last output:\n${lines.join('\n')}` : '';
}
