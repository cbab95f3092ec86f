/** Adversaries and ways to die, in one containment: no process may be left. The table says how long that took here. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { type Adversary, adversaries, skipReason } from './adversaries.ts';
import { offersHere } from './containments.ts';
import { type Death, type DeathOutcome, deaths, survivorsOfDeath } from './deaths.ts';
import { planMatrix, seedOfToday } from './matrixPlan.ts';
import { printTable } from './table.ts';
import { testScope } from './testScope.ts';

const containments = ['group', 'cgroup', 'namespace'] as const;
const isOffered = (containment: Containment): boolean => offersHere().some((one) => one.containment === containment && one.available);
const seed = seedOfToday();
const plan = planMatrix(testScope(), seed, {
  containments,
  defaultContainment: isOffered('cgroup') ? 'cgroup' : 'group',
  adversaries: adversaries.map(({ name }) => name),
  deaths: deaths.map(({ name }) => name),
});

/**
 * Each part is a file of its own: one that takes too long is ended. `share`: every so many of the adversaries, from the first or a later one on; files of one containment
 * have names that are apart, so that they do not run at once.
 */
export function tryMatrixIn(containment: (typeof containments)[number], file: string, share = { from: 0, every: 1 }): void {
  const tried = adversaries.filter(({ isCrowd }) => !isCrowd).filter((_, index) => index % share.every === share.from);
  describeIn(containment, { concurrency: 4 }, () => matrix(containment, tried, file));
}

/** Of hundreds of processes each, so one after the other. */
export function tryMatrixOfCrowds(): void {
  const tried = adversaries.filter(({ isCrowd }) => isCrowd);
  for (const containment of containments) describeIn(containment, {}, () => matrix(containment, tried, 'crowdMatrix'));
}

function describeIn(containment: Containment, options: { readonly concurrency?: number }, tests: () => void): void {
  console.log(`${testScope()} cells; the same again: TREE_WARDEN_TESTS=${testScope()} TREE_WARDEN_MATRIX_SEED=${seed}`);
  const offer = offersHere().find((one) => one.containment === containment);
  const missing = offer?.available === true ? false : (offer?.why ?? 'not offered');
  describe(`no process of a tree outlives, in a ${containment}:`, { ...options, skip: missing }, tests);
}

function matrix(containment: Containment, tried: readonly Adversary[], file: string): void {
  const rows: string[][] = [];
  for (const adversary of tried) {
    const cells: string[] = [adversary.name, ...deaths.map(() => '')];
    rows.push(cells);
    for (const [column, death] of deaths.entries()) {
      if (!plan.includes(containment, adversary.name, death.name)) continue;
      it(`${death.name}: ${adversary.name}`, { skip: skipReason(adversary) }, async (t) => {
        try {
          const outcome = await survivorsOfDeath(adversary, death, { containment });
          cells[column + 1] = describeOutcome(outcome, death);
          assertNothingLeft(outcome, adversary, death, containment);
        } catch (error) {
          t.diagnostic(`this one alone: ${commandFor(file, containment, adversary, death)}`);
          throw error;
        }
      });
    }
  }
  after(() => {
    const title = `${containment}: survivors (seconds until zero)`;
    printTable(title, ['', ...deaths.map(({ name }) => name)], rows);
  });
}

function commandFor(file: string, containment: Containment, adversary: Adversary, death: Death): string {
  const name = `in a ${containment}: ${death.name}: ${adversary.name}$`;
  return `TREE_WARDEN_TESTS=full node --test --test-name-pattern='${name.replaceAll(/[().]/g, '.')}' test/system/${file}.test.ts`;
}

function assertNothingLeft(
  { survivors, leftForNextStart }: DeathOutcome,
  adversary: Adversary,
  death: Death,
  containment: Containment,
): void {
  assert.deepEqual(survivors, [], 'survivors');
  // Nothing of ours is left to do it, so it is the kernel that has.
  if (death.nextStart && containment === 'namespace') assert.equal(leftForNextStart, 0, `${adversary.name}: the kernel ends a namespace`);
}

function describeOutcome({ survivors, millis, leftForNextStart }: DeathOutcome, death: Death): string {
  if (survivors.length > 0) return `**${survivors.length}**`;
  const seconds = `${(millis / 1000).toFixed(2)} s`;
  if (!death.nextStart) return `0 (${seconds})`;
  return leftForNextStart === 0 ? '0 (by the kernel)' : `${leftForNextStart}, next start: 0 (${seconds})`;
}
