import { describe, it } from 'node:test';
import { chaosRound } from '../support/chaos.ts';
import { randomFrom, seedFor } from '../support/random.ts';
import { testScope } from '../support/testScope.ts';

const rounds = { sample: 10, daily: 20, full: 200 }[testScope()];
/** So few that a busy machine does not take the time of a test for them. */
const roundsOfOne = 2;

describe('SIGKILL at a random moment of a start, a stop, a log’s rotation or a record’s writing', { concurrency: 2 }, () => {
  const firstSeed = seedFor('TREE_WARDEN_CHAOS_SEED');
  for (let seed = firstSeed; seed < firstSeed + rounds / roundsOfOne; seed++) {
    it(`leaves a clean next start, twice: seed ${seed}`, async () => {
      const random = randomFrom(seed);
      for (let round = 0; round < roundsOfOne; round++) await chaosRound(random, `seed ${seed}, round ${round}`);
    });
  }
});
