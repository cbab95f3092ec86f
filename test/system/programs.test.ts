/** Real programs that detach themselves, change their user, keep pools of workers, or restart the processes that die. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { programs, skipReason } from '../support/adversaries.ts';
import { offersHere } from '../support/containments.ts';
import { death, survivorsOfDeath } from '../support/deaths.ts';
import { planMatrix, seedOfToday } from '../support/matrixPlan.ts';
import { printTable } from '../support/table.ts';
import { testScope } from '../support/testScope.ts';

const ends = ['stop', 'window closed', 'of the warden', 'of both'].map(death);

const offered = offersHere().flatMap(({ containment, available }) => (available ? containment : []));
const seed = seedOfToday();
const plan = planMatrix(testScope(), seed, {
  containments: offered,
  defaultContainment: offered.includes('cgroup') ? 'cgroup' : 'group',
  adversaries: programs.map(({ name }) => name),
  deaths: ends.map(({ name }) => name),
});
console.log(`${testScope()} cells; the same again: TREE_WARDEN_TESTS=${testScope()} TREE_WARDEN_MATRIX_SEED=${seed}`);

for (const containment of offered) {
  describe(`in a ${containment}, nothing is left of`, { concurrency: 2 }, () => {
    const rows: string[][] = [];
    for (const program of programs) {
      const cells = [program.name, ...ends.map(() => '')];
      rows.push(cells);
      for (const [column, end] of ends.entries()) {
        if (!plan.includes(containment, program.name, end.name)) continue;
        it(`${program.name}: ${end.name}`, { skip: skipReason(program) }, async () => {
          const { survivors, millis } = await survivorsOfDeath(program, end, { containment });
          cells[column + 1] = survivors.length > 0 ? `**${survivors.length}**` : `0 (${(millis / 1000).toFixed(2)} s)`;
          assert.deepEqual(survivors, []);
        });
      }
    }
    after(() => printTable(`programs in a ${containment}: survivors (seconds until zero)`, ['', ...ends.map(({ name }) => name)], rows));
  });
}
