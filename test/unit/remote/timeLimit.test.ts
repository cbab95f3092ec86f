import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { NodeRunner, PlacementState } from '../../../src/remote/runner.ts';
import { type KnownLimit, TimeLimit } from '../../../src/remote/timeLimit.ts';

const begun = 1_000_000;
const total = 3_600_000;
const stopMillis = 1000;

interface Made extends AsyncDisposable {
  readonly told: KnownLimit[];
  readonly asked: number[];
  readonly over: Promise<number>;
  readonly limit: TimeLimit;
  readonly at: (now: number) => Promise<void>;
}

function limit(extend: () => Promise<number>, state?: (endsAt: number) => PlacementState): Made {
  let endsAt = begun + total;
  const told: KnownLimit[] = [];
  const asked: number[] = [];
  const node: Pick<NodeRunner, 'state' | 'extend'> = {
    state: async () => state?.(endsAt) ?? { is: 'there', endsAt },
    extend: async (millis) => {
      asked.push(millis);
      endsAt = await extend();
    },
  };
  let onOver: (at: number) => void;
  const over = new Promise<number>((resolve) => {
    onOver = resolve;
  });
  const made = new TimeLimit(node, stopMillis, { onChange: (known) => void told.push(known), onOver: () => onOver(Date.now()) });
  const at = async (now: number): Promise<void> => {
    made.lookAt(now);
    for (let turns = 0; turns < 10; turns++) await turn();
  };
  return { told, asked, over, limit: made, at, [Symbol.asyncDispose]: async () => made.dispose() };
}

const refuse = async (): Promise<never> => {
  throw new Error('Access/permission denied');
};

describe('a time limit', () => {
  it('is asked once to be as long again when less than a fifth is left', async () => {
    await using made = limit(async () => begun + 2 * total);
    made.limit.beginAt(begun + total, begun);
    await made.at(begun + 0.79 * total);
    assert.deepEqual(made.asked, []);
    for (const share of [0.81, 0.9, 1.7]) await made.at(begun + share * total);
    assert.deepEqual(made.asked, [total]);
    assert.deepEqual(made.told, [{ endsAt: begun + 2 * total }]);
  });

  it('that was made longer is told when less than a fifth is left of it again', async () => {
    await using made = limit(async () => begun + 2 * total);
    made.limit.beginAt(begun + total, begun);
    for (const share of [0.81, 1.81, 1.9]) await made.at(begun + share * total);
    const endsAt = begun + 2 * total;
    assert.deepEqual(made.told, [{ endsAt }, { endsAt, stopsAt: endsAt - stopMillis }]);
  });

  it('that is not made longer is told at once, and why', async () => {
    await using made = limit(refuse);
    made.limit.beginAt(begun + total, begun);
    for (const share of [0.81, 0.9]) await made.at(begun + share * total);
    assert.deepEqual(made.asked, [total]);
    const endsAt = begun + total;
    assert.deepEqual(made.told, [{ endsAt, refusal: 'Access/permission denied', stopsAt: endsAt - stopMillis }]);
    assert.deepEqual(made.limit.known, made.told[0]);
  });

  it('that is short is told of a minute before the stop, or when half of it is over', async () => {
    for (const [millis, early, late] of [
      [100_000, 0.49, 0.51],
      [200_000, 0.69, 0.7],
    ] as const) {
      await using made = limit(async () => begun + millis);
      made.limit.beginAt(begun + millis, begun);
      await made.at(begun + early * millis);
      assert.deepEqual(made.asked, []);
      await made.at(begun + late * millis);
      assert.deepEqual(made.asked, [millis]);
    }
  });

  it('is over while there is as much time left as the stop takes, and half of it at least', async () => {
    await using made = limit(refuse, () => ({ is: 'unknown', why: 'it does not answer' }));
    const endsAt = Date.now() + 400;
    made.limit.beginAt(endsAt);
    assert.equal(made.limit.isOver, false);
    const at = await made.over;
    assert.ok(at >= endsAt - 200 - 1 && made.limit.isOver, `${at - endsAt}`);
  });

  it('is not over where an administrator has given more time meanwhile', async () => {
    const endsAt = Date.now() + 200;
    await using made = limit(refuse, () => ({ is: 'there', endsAt: endsAt + 300 }));
    made.limit.beginAt(endsAt);
    const at = await made.over;
    assert.ok(at >= endsAt + 300 - 100 - 1, `${at - endsAt}`);
    assert.deepEqual(made.told, [{ endsAt: endsAt + 300 }]);
  });

  it('is not over while its job is suspended', async () => {
    let asked: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using made = limit(refuse, () => {
      asked();
      return { is: 'paused', why: 'the job is suspended' };
    });
    made.limit.beginAt(Date.now() + 20);
    await wasAsked;
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.equal(made.limit.isOver, false);
  });
});
