import { describe, it } from 'node:test';
import { randomFrom } from '../support/random.ts';
import { soak } from '../support/soak.ts';
import { testScope } from '../support/testScope.ts';

/** `npm run bench:soak` goes on for an hour. */
const seconds = { sample: 15, daily: 15, full: 600 }[testScope()];

describe('one warden', () => {
  it(`through ${seconds} seconds of random starts, stops and kills leaves no process and grows by nothing`, async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`, JSON.stringify(await soak(seconds, randomFrom(seed))));
  });
});
