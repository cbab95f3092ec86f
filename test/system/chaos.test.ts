import { describe, it } from 'node:test';
import { chaosRound } from '../support/chaos.ts';
import { randomFrom } from '../support/random.ts';

/** A taste of `npm run bench:chaos`, which does five hundred. */
const rounds = 40;

describe('SIGKILL at a random moment', { concurrency: 2 }, () => {
  const seed = Date.now() % 1_000_000;
  for (const half of [0, 1]) {
    it(`of a start, a stop, a log’s rotation or a record’s writing, ${rounds / 2} times: the next start is clean`, async () => {
      const random = randomFrom(seed + half);
      for (let round = 0; round < rounds / 2; round++) await chaosRound(random, `seed ${seed + half}, round ${round}`);
    });
  }
});
