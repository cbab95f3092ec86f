/** Real programs that detach themselves, change their user, keep pools of workers, or start anew whoever dies. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { programs, skipReason } from '../support/adversaries.ts';
import { offersHere } from '../support/containments.ts';
import { death, survivorsOfDeath } from '../support/deaths.ts';
import { printTable } from '../support/table.ts';

const ends = ['stop', 'window closed', 'of the warden', 'of both'].map(death);

for (const { containment, available } of offersHere()) {
  if (!available) continue;
  describe(`in a ${containment}, nothing is left of`, { concurrency: 2 }, () => {
    const rows: string[][] = [];
    for (const program of programs) {
      const cells = [program.name];
      rows.push(cells);
      for (const [column, end] of ends.entries()) {
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
