/** What commands print about the trees that they have acted on. */
import type { TreeSnapshot } from '../protocol/messages.ts';
import { labelOf } from '../protocol/trees.ts';
import { exitCodes } from './exitCodes.ts';

/** As JSON, or a line a tree: what has become of it. */
export function report(results: readonly TreeSnapshot[], json: boolean, outcome: (tree: TreeSnapshot) => string): void {
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else for (const tree of results) process.stdout.write(`${labelOf(tree)}: ${outcome(tree)}\n`);
}

/** Of trees that were stopped; answers with the exit status. */
export function reportStops(results: readonly TreeSnapshot[], json: boolean): number {
  report(results, json, ({ state, reason }) => (state === 'unkillable' ? reason : 'stopped'));
  return results.some(({ state }) => state === 'unkillable') ? exitCodes.failed : exitCodes.ok;
}
