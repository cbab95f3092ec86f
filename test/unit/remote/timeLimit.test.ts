import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { NodeRunner } from '../../../src/remote/runner.ts';
import { type KnownLimit, TimeLimit } from '../../../src/remote/timeLimit.ts';

const begun = 1_000_000;
const total = 100_000;

function limit(extend: () => Promise<number>): { readonly told: KnownLimit[]; readonly asked: number[]; readonly limit: TimeLimit } {
  let endsAt = begun + total;
  const told: KnownLimit[] = [];
  const asked: number[] = [];
  const node: Pick<NodeRunner, 'state' | 'extend'> = {
    state: async () => ({ is: 'there', endsAt }),
    extend: async (millis) => {
      asked.push(millis);
      endsAt = await extend();
    },
  };
  const made = new TimeLimit(node, (known) => told.push(known));
  made.beginAt(endsAt, begun);
  return { told, asked, limit: made };
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns++) await turn();
};

it('asks once for as much time again when less than a fifth is left', async () => {
  const { told, asked, limit: one } = limit(async () => begun + 2 * total);
  one.lookAt(begun + 0.79 * total);
  await settled();
  assert.deepEqual(asked, []);
  for (const share of [0.81, 0.9, 1.9]) {
    one.lookAt(begun + share * total);
    await settled();
  }
  assert.deepEqual(asked, [total]);
  assert.deepEqual(told, [{ endsAt: begun + 2 * total }]);
});

it('tells why there is no more time, and when it ends', async () => {
  const {
    told,
    asked,
    limit: one,
  } = limit(async () => {
    throw new Error('Access/permission denied');
  });
  for (const share of [0.81, 0.9]) {
    one.lookAt(begun + share * total);
    await settled();
  }
  assert.deepEqual(asked, [total]);
  assert.deepEqual(told, [{ endsAt: begun + total, refusal: 'Access/permission denied' }]);
});
