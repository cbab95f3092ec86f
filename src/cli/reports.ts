/** What commands print about the trees that they have acted on. */
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { exitCodes } from './exitCodes.ts';
import { sayAll, sayJson } from './say.ts';

/** As JSON, or a line a tree: what has become of it. */
export function report(results: readonly TreeSnapshot[], json: boolean, outcome: (tree: TreeSnapshot) => string): void {
  if (json) sayJson(results, 2);
  else sayAll(results.map((tree) => `${labelOf(tree)}: ${outcome(tree)}`));
}

/** Of trees that were stopped; answers with the exit status. */
export function reportStops(results: readonly TreeSnapshot[], json: boolean): number {
  report(results, json, ({ state, reason }) => (state === 'unkillable' ? reason : 'stopped'));
  return results.some(({ state }) => state === 'unkillable') ? exitCodes.failed : exitCodes.ok;
}
