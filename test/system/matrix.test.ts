/** Every adversary, every way to die: nobody may be left one second after the grace. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { adversaries, isInstalled } from '../support/adversaries.ts';
import { deaths, graceMillis, survivorsOfDeath } from '../support/deaths.ts';
import { printTable } from '../support/table.ts';

describe('no process of a tree outlives', { concurrency: 2 }, () => {
  const rows: string[][] = [];
  for (const adversary of adversaries) {
    const cells: string[] = [adversary.name];
    rows.push(cells);
    for (const [column, death] of deaths.entries()) {
      const missing = adversary.needs !== undefined && !isInstalled(adversary.needs);
      it(`${death.name}: ${adversary.name}`, { skip: missing ? `${adversary.needs} is not installed` : false }, async () => {
        const { survivors, millis } = await survivorsOfDeath(adversary, death);
        cells[column + 1] = survivors.length === 0 ? `0 (${(millis / 1000).toFixed(2)} s)` : String(survivors.length);
        assert.deepEqual(survivors, [], 'survivors');
      });
    }
  }
  after(() =>
    printTable(`survivors ${graceMillis / 1000 + 1} s after (seconds until zero)`, ['', ...deaths.map((death) => death.name)], rows),
  );
});
