import { formatDuration } from '../../protocol/format.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
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
  #reason: Text = '';
  #timer: LongTimer | undefined;

  constructor(name: string, parts: Pick<ReconcilerParts, 'journal' | 'alert'>, restarts: Restarts) {
    this.#name = name;
    this.#parts = parts;
    this.#restarts = restarts;
  }

  /** Takes the plan; `reason` is a clause on this name. Returns what follows the tree by it. */
  follow(plan: RestartPlan, reason: Text): Succession {
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
    const { attempts } = this.#plan;
    this.#restarts.mark(tree, { gaveUp: true });
    const window = formatDuration(policyOf(tree.request).windowMillis);
    const why = attempts === 1 ? localizable('restartedOnce', window) : localizable('restartedOften', attempts, window);
    this.#parts.journal.write({ event: 'gave-up', tree: tree.id, spec: this.#name, reason: String(why) });
    const message = localizable('gaveUp', this.#name, this.#reason, why);
    const lines = tree.output.lastLines(quotedLines);
    this.#parts.alert(lines.length > 0 ? localizable('withLastOutput', message, lines.join('\n')) : message, this.#name);
  }
}
