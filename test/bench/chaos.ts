/**
 * Kills what guards a tree at a random moment, again and again, and looks whether the next start is clean.
 *   node test/bench/chaos.ts [ROUNDS [SEED]]      default: 500 rounds
 */
import { chaosRound } from '../support/chaos.ts';
import { randomFrom } from '../support/random.ts';
import { printTable } from '../support/table.ts';

const [, , rounds = '500', seed = String(Date.now() % 1_000_000)] = process.argv;
const workers = 3;
const counts = new Map<string, number>();
let next = 0;
let failed = 0;

async function work(worker: number): Promise<void> {
  const random = randomFrom(Number(seed) + worker);
  while (next < Number(rounds)) {
    const round = next++;
    try {
      const what = await chaosRound(random, `seed ${seed}, worker ${worker}, round ${round}`);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    } catch (error) {
      failed++;
      console.log(error instanceof Error ? error.message : String(error));
    }
  }
}

await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
printTable(
  `SIGKILL at a random moment of …, then the next start (seed ${seed})`,
  ['', 'rounds'],
  [...counts].map(([name, count]) => [name, String(count)]),
);
console.log(`${rounds} rounds, ${failed} not clean`);
process.exitCode = failed === 0 ? 0 : 1;
