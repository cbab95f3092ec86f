/** What people are told of a budget. */
import { formatBytes } from '../../protocol/format.ts';
import { groupName, memoryName } from './needs.ts';
import type { Shortage } from './policy.ts';

/** Maximum number of names in one sentence. */
const maxNamed = 5;

/** Why a model can never be loaded beside what is pinned, or at all, as sentences with what to do. */
export function refusalText(model: string, { resource, needs, budget, pinned, pinnedAmount }: Shortage): string {
  const kind = memoryName(resource);
  if (kind === undefined)
    return `'${model}' cannot be loaded: ${namesOf(pinned)} of the exclusive group '${groupName(resource)}' is loaded and pinned.`;
  const amount = Number.isFinite(needs) ? `it needs ${amountText(needs)} of ${kind}` : `it is not known how much ${kind} it needs`;
  const limit = `'${model}' cannot be loaded: ${amount}, and ${amountText(budget)} is the budget`;
  return pinned.length > 0
    ? `${limit}, ${amountText(pinnedAmount)} of it pinned by ${namesOf(pinned)}. Unload what is pinned, or raise "gateway" in processes.json.`
    : `${limit}. Raise "gateway" in processes.json, or say in "memory" of the model what it really takes.`;
}

export interface WaitedFor {
  readonly name: string;
  readonly does: 'answering' | 'loading' | 'busy' | 'unloading';
}

/** What a model that waits for memory waits for, as a clause: `waits for 6.0 GB of memory: 'coder' is answering`. */
export function waitText(missing: ReadonlyMap<string, number>, waitedFor: readonly WaitedFor[]): string {
  const what = amountsIn(missing)[0]?.text ?? 'its turn';
  const shown = waitedFor.slice(0, maxNamed).map(({ name, does }) => (does === 'busy' ? `'${name}' has requests` : `'${name}' is ${does}`));
  return `waits for ${what}: ${shown.join(', ') || 'others were asked before'}`;
}

/** For which model one is unloaded, as a clause: `'coder' needs 6.0 GB of memory of the budget of 12.0 GB`. */
export function swapText(model: string, missing: ReadonlyMap<string, number>, budget: ReadonlyMap<string, number>): string {
  // What has no budget is not what it is unloaded for.
  const [first] = amountsIn(missing).filter(({ resource }) => budget.has(resource));
  return first === undefined
    ? `'${model}' was asked`
    : `'${model}' needs ${first.text} of the budget of ${amountText(budget.get(first.resource) ?? 0)}`;
}

/** Those that are memory, with what is said of each: `6.0 GB of memory`. */
function amountsIn(missing: ReadonlyMap<string, number>): { readonly resource: string; readonly text: string }[] {
  return [...missing].flatMap(([resource, amount]) => {
    const kind = memoryName(resource);
    return kind === undefined ? [] : { resource, text: `${amountText(amount)} of ${kind}` };
  });
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, maxNamed).map((name) => `'${name}'`);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** Finer than elsewhere: 14.2 GB do not fit in 14 GB. */
function amountText(bytes: number): string {
  const gigabytes = bytes / 2 ** 30;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : formatBytes(bytes);
}
