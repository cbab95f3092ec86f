import { errorText } from '../../protocol/errors.ts';
import { formatDuration } from '../../protocol/format.ts';
import type { StartRequest } from '../../protocol/messages.ts';
import type { RestartPolicy } from '../../protocol/policies.ts';
import type { Journal } from '../journal.ts';
import { planRestart } from './restartPlan.ts';
import type { Tree } from './tree.ts';

export interface RestartsParts {
  readonly journal: Journal;
  launch(request: StartRequest): Promise<unknown>;
  /** What is known of a tree that has ended is another now. */
  onChange(): void;
  /** A person has to be told. */
  alert(message: string): void;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly tree: Tree;
}

/** So many starts of one name are remembered. */
const remembered = 1000;
/** So many of the last lines of one that is given up are told. */
const quotedLines = 3;

/** Starts again, by name, what has ended by itself and is to be there. */
export class Restarts {
  readonly #parts: RestartsParts;
  /** When each name was started again, in milliseconds since 1970. */
  readonly #earlier = new Map<string, number[]>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(parts: RestartsParts) {
    this.#parts = parts;
  }

  /** How many wait for their next start. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How often the tree of this name was started again within the window of its policy. */
  count(name: string, policy: RestartPolicy | undefined): number {
    if (policy === undefined) return 0;
    const now = Date.now();
    return (this.#earlier.get(name) ?? []).filter((at) => now - at < policy.windowMillis).length;
  }

  /** To be called at each end of a tree, before anybody is told of it. */
  consider(tree: Tree): void {
    const { request, state, reason, endWasWanted, leader } = tree;
    const { name, restart: policy } = request;
    // Whoever wanted the start of one that could not be spawned hears of it; who restarts one has other plans with it.
    if (leader === undefined || tree.restarting || policy === undefined) return;
    const { journal, alert } = this.#parts;
    const plan = planRestart(policy, { state, wanted: endWasWanted }, this.#earlier.get(name) ?? [], Date.now(), Math.random());
    if (plan.next === 'giveUp') {
      const times = plan.attempts === 1 ? 'once' : `${plan.attempts} times`;
      const why = `it was started again ${times} in ${formatDuration(policy.windowMillis)}`;
      journal.write({ event: 'gave-up', tree: tree.id, spec: name, reason: why });
      alert(`'${name}' ${reason}, and is not started again: ${why}.${quoteOf(tree)}`);
    }
    if (plan.next !== 'restart') return;
    tree.restarting = true;
    tree.nextStartAt = Date.now() + plan.delayMillis;
    const why = `${reason}; attempt ${plan.attempt} of ${policy.maxRestarts}`;
    journal.write({ event: 'restart', tree: tree.id, spec: name, durationMillis: plan.delayMillis, reason: why });
    this.#waiting.set(name, { tree, timer: setTimeout(() => void this.#startAgain(tree), plan.delayMillis) });
  }

  /** The tree of this name is not to come back by itself. */
  cancel(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(name);
    this.giveUp(waiting.tree);
  }

  cancelAll(): void {
    for (const name of [...this.#waiting.keys()]) this.cancel(name);
  }

  /** It was started by somebody: what was before counts no more. */
  reset(name: string): void {
    this.cancel(name);
    this.#earlier.delete(name);
  }

  /** Nobody takes its place, and nobody is to wait for that. */
  giveUp(tree: Tree): void {
    tree.nextStartAt = undefined;
    tree.restarting = false;
    this.#parts.onChange();
  }

  async #startAgain(tree: Tree): Promise<void> {
    const { name } = tree.request;
    this.#waiting.delete(name);
    this.#earlier.set(name, [...(this.#earlier.get(name) ?? []), Date.now()].slice(-remembered));
    tree.nextStartAt = undefined;
    try {
      await this.#parts.launch({ ...tree.request, awaitReader: false });
    } catch (error) {
      this.giveUp(tree);
      this.#parts.alert(`'${name}' could not be started again: ${errorText(error)}`);
    }
  }
}

/** The last that it has printed, for people. */
function quoteOf({ output }: Tree): string {
  const lines = output.lastLines(quotedLines);
  return lines.length > 0 ? ` It printed last:\n${lines.join('\n')}` : '';
}
