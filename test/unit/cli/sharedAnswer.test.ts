import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedAnswer } from '../../../src/cli/sharedAnswer.ts';

describe('a question that many have at once', () => {
  it('is asked once while it is under way, and again afterwards, also where it has failed', async () => {
    let asked = 0;
    const answer = new SharedAnswer(async () => {
      asked++;
      await Promise.resolve();
      if (asked === 1) throw new Error('the warden has gone');
      return asked;
    });
    const refused = await Promise.allSettled([answer.get(), answer.get(), answer.get()]);
    assert.deepEqual([asked, refused.map(({ status }) => status)], [1, ['rejected', 'rejected', 'rejected']]);
    assert.deepEqual(await Promise.all([answer.get(), answer.get()]), [2, 2]);
    assert.equal(await answer.get(), 3);
  });
});
