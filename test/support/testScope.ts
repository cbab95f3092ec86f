/**
 * How much of what could be tried a run tries: `TREE_WARDEN_TESTS`.
 * - `daily`, the default: what a commit is checked by.
 * - `sample`: the least, for a second pass over the same files.
 * - `full`: all of it, by `npm run test:full`.
 */
export type TestScope = 'daily' | 'sample' | 'full';

export function testScope(): TestScope {
  const named = process.env['TREE_WARDEN_TESTS'] ?? 'daily';
  if (named === 'daily' || named === 'sample' || named === 'full') return named;
  throw new Error(`TREE_WARDEN_TESTS is '${named}'; it must be daily, sample or full`);
}
