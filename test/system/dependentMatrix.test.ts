/**
 * Processes that depend on each other and have commands around their lives, members that are hard to get rid of, ways to die, containments: no process may
 * be left, and the commands of each stop are run as often as is promised.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { offersHere } from '../support/containments.ts';
import { type DependentDeath, type DependentOutcome, dependentDeaths, expectedCounts, outcomeOf } from '../support/dependentDeaths.ts';
import { DependentProject, memberKinds } from '../support/dependentProject.ts';
import { seedOfToday } from '../support/matrixPlan.ts';
import { printTable } from '../support/table.ts';
import { testScope } from '../support/testScope.ts';

const containments = (['group', 'cgroup', 'namespace'] as const).filter((containment) =>
  offersHere().some((one) => one.containment === containment && one.available),
);
const kindNames = memberKinds.map(({ name }) => name);

/** One project, which all die in the same way. Answers with what is written into the table. */
async function tryCell(death: DependentDeath, containmentOf: (service: number) => Containment, first: number): Promise<string> {
  await using project = new DependentProject(containmentOf, first);
  const outcome = await outcomeOf(project, death);
  assert.deepEqual(outcome.survivors, [], 'survivors');
  assert.deepEqual(outcome.counts, expectedCounts(death, outcome.counts), 'commands');
  return describeOutcome(outcome, death.nextStart === true);
}

function describeOutcome({ millis, leftForNextStart }: DependentOutcome, nextStart: boolean): string {
  const seconds = `${(millis / 1000).toFixed(2)} s`;
  return nextStart ? `${leftForNextStart}, next start: 0 (${seconds})` : `0 (${seconds})`;
}

if (testScope() === 'full') for (const containment of containments) wholeOf(containment);
else sample();

function wholeOf(containment: Containment): void {
  describe(`of processes that depend on each other, none is left, in a ${containment}:`, { concurrency: 4 }, () => {
    const rows = dependentDeaths.map((death) => {
      const cells = [death.name];
      for (const [first, kind] of kindNames.entries())
        it(`${death.name}: ${kind} and others`, async () => {
          cells[first + 1] = await tryCell(death, () => containment, first);
        });
      return cells;
    });
    after(() => printTable(`${containment}: survivors (seconds until zero)`, ['', ...kindNames], rows));
  });
}

/**
 * Each way to die once, with processes in each of the containments, and with four of the six kinds: the other two on the next days. Each kind is in each
 * containment.
 */
function sample(): void {
  const seed = seedOfToday();
  console.log(`the same again: TREE_WARDEN_TESTS=${testScope()} TREE_WARDEN_MATRIX_SEED=${seed}`);
  describe('of processes that depend on each other, none is left:', { concurrency: 4 }, () => {
    for (const [number, death] of dependentDeaths.entries()) {
      const first = (seed + number) % kindNames.length;
      const shift = Math.floor(number / kindNames.length);
      const containmentOf = (service: number): Containment => containments[(seed + shift + service) % containments.length] ?? 'group';
      it(`${death.name}: ${kindNames[first]} and others`, async () => void (await tryCell(death, containmentOf, first)));
    }
  });
}
