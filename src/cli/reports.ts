/** What commands print about the trees that they have acted on. */
import type { TreeSnapshot } from '../protocol/messages.ts';
import { exitCodes } from './exitCodes.ts';

/** As JSON, or a sentence a tree. */
export function report(results: readonly TreeSnapshot[], json: boolean, sentence: (tree: TreeSnapshot) => string): void {
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else for (const tree of results) process.stdout.write(`${sentence(tree)}\n`);
}

/** Of trees that were stopped; answers with the exit status. */
export function reportStops(results: readonly TreeSnapshot[], json: boolean): number {
  report(results, json, ({ name, state, reason }) => (state === 'unkillable' ? `${name}: ${reason}` : `${name}: stopped`));
  return results.some(({ state }) => state === 'unkillable') ? exitCodes.failed : exitCodes.ok;
}
