import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedLooks } from '../../../../src/warden/trees/sharedLooks.ts';

/** Looks that end when the test says so; each answers with its number. */
function looks() {
  const begun: { readonly thorough: boolean; readonly end: (error?: Error) => void }[] = [];
  const shared = new SharedLooks<number>(
    (thorough) =>
      new Promise((resolve, reject) => {
        const number = begun.length + 1;
        begun.push({ thorough, end: (error) => (error ? reject(error) : resolve(number)) });
      }),
  );
  return { begun, shared };
}

const settled = (): Promise<void> => new Promise(setImmediate);

describe('looks that are shared', () => {
  it('are one at a time: all that come meanwhile share the next', async () => {
    const { begun, shared } = looks();
    const answers = [shared.take(false), shared.take(false), shared.take(false)];
    await settled();
    assert.equal(begun.length, 1);
    begun[0]?.end();
    await settled();
    assert.equal(begun.length, 2);
    begun[1]?.end();
    assert.deepEqual(await Promise.all(answers), [1, 2, 2]);
  });

  it('are thorough where any of those that share one is to be', async () => {
    const { begun, shared } = looks();
    const answers = [false, false, true, false].map((thorough) => shared.take(thorough));
    begun[0]?.end();
    await settled();
    begun[1]?.end();
    await Promise.all(answers);
    assert.deepEqual(
      begun.map(({ thorough }) => thorough),
      [false, true],
    );
  });

  it('go on after one that has failed', async () => {
    const { begun, shared } = looks();
    const failing = assert.rejects(shared.take(false), /no such thing/);
    const next = shared.take(false);
    begun[0]?.end(new Error('no such thing'));
    await failing;
    await settled();
    begun[1]?.end();
    assert.equal(await next, 2);
  });

  it('begin at once when none is under way', async () => {
    const { begun, shared } = looks();
    for (const number of [1, 2]) {
      const answer = shared.take(false);
      begun.at(-1)?.end();
      assert.equal(await answer, number);
      await settled();
    }
  });
});
