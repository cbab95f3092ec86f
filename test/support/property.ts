/** Properties that hold for any input, tried on a seeded sample. */
import fc from 'fast-check';

/** The same for all properties of a file; given, it repeats a run. */
const seed = Number(process.env['TREE_WARDEN_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** How many inputs each property is tried with, in a run that has not much time. */
const usualRuns = 200;
const runs = Number(process.env['TREE_WARDEN_FUZZ_RUNS'] ?? usualRuns);

console.log(`${runs} inputs for each property; the same again: TREE_WARDEN_FUZZ_SEED=${seed}`);

/** Throws with the smallest input found that breaks it. `share`: of the runs, for what is slow to try. */
export async function holdsFor<T>(inputs: fc.Arbitrary<T>, predicate: (input: T) => void | Promise<void>, share = 1): Promise<void> {
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => await predicate(input)),
    { seed, numRuns: Math.ceil(runs * share) },
  );
}
