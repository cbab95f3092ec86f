/** Every adversary, every way to die, every containment: nobody may be left. The table says how long that took here. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Containment } from '../../src/protocol/messages.ts';
import { type Adversary, adversaries, skipReason } from '../support/adversaries.ts';
import { offersHere } from '../support/containments.ts';
import { type Death, type DeathOutcome, deaths, survivorsOfDeath } from '../support/deaths.ts';
import { printTable } from '../support/table.ts';

for (const containment of ['group', 'cgroup', 'namespace'] as const) {
  const offer = offersHere().find((one) => one.containment === containment);
  const missing = offer?.available === true ? false : (offer?.why ?? 'not offered');
  describe(`no process of a tree outlives, in a ${containment}:`, { concurrency: 4, skip: missing }, () => matrix(containment));
}

function matrix(containment: Containment): void {
  const rows: string[][] = [];
  for (const adversary of adversaries) {
    const cells: string[] = [adversary.name];
    rows.push(cells);
    for (const [column, death] of deaths.entries()) {
      it(`${death.name}: ${adversary.name}`, { skip: skipReason(adversary) }, async () => {
        const outcome = await survivorsOfDeath(adversary, death, { containment });
        cells[column + 1] = describeOutcome(outcome, death);
        assertNobodyLeft(outcome, adversary, death, containment);
      });
    }
  }
  after(() => {
    const title = `${containment}: survivors (seconds until zero)`;
    printTable(title, ['', ...deaths.map(({ name }) => name)], rows);
  });
}

function assertNobodyLeft(
  { survivors, leftForNextStart }: DeathOutcome,
  adversary: Adversary,
  death: Death,
  containment: Containment,
): void {
  assert.deepEqual(survivors, [], 'survivors');
  // Nobody is there to do it, unless it is the kernel.
  if (death.nextStart && containment === 'namespace') assert.equal(leftForNextStart, 0, `${adversary.name}: the kernel ends a namespace`);
}

function describeOutcome({ survivors, millis, leftForNextStart }: DeathOutcome, death: Death): string {
  if (survivors.length > 0) return `**${survivors.length}**`;
  const seconds = `${(millis / 1000).toFixed(2)} s`;
  if (!death.nextStart) return `0 (${seconds})`;
  return leftForNextStart === 0 ? '0 (by the kernel)' : `${leftForNextStart}, next start: 0 (${seconds})`;
}
