import { describe, it } from 'node:test';
import { randomFrom } from '../support/random.ts';
import { soak } from '../support/soak.ts';

/** A taste of `npm run bench:soak`, which goes on for an hour. */
const seconds = 15;

describe('one warden', () => {
  it(`through ${seconds} seconds of random starts, stops and kills leaves nobody and grows by nothing`, async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`, JSON.stringify(await soak(seconds, randomFrom(seed))));
  });
});
