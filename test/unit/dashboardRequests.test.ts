/** The dashboard's table of requests: what is shown, in which order, and the bars of its times. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  filterRequests,
  mergeEntries,
  nextOrder,
  type RequestColumn,
  type RequestOrder,
  requestRow,
  sortRequests,
} from '../../src/dashboard/activityRows.ts';
import { barParts, timeParts } from '../../src/dashboard/waterfall.ts';
import type { ActivityEntry } from '../../src/protocol/modelPages.ts';
import { holdsFor } from '../support/property.ts';

const entry = (id: number, changes: Partial<ActivityEntry> = {}): ActivityEntry => ({
  ...{
    gateway: 'g',
    id,
    startedAt: id * 1000,
    model: 'coder',
    client: 'curl/8',
    path: '/v1/chat/completions',
    state: 'ended',
    status: 200,
  },
  ...changes,
});
const row = (one: ActivityEntry) => requestRow(one, (state) => `is ${state}`);
const ids = (rows: readonly { readonly entry: ActivityEntry }[]): number[] => rows.map(({ entry: { id } }) => id);

describe('a row of a request', () => {
  it('says what is known, and nothing of what is not', () => {
    const { texts } = row(
      entry(1, {
        ...{ asked: 'coder:high', queueMillis: 0.1, firstMillis: 250, totalMillis: 2000, inputTokens: 7, outputTokens: 20 },
        tokensPerSecond: 12.34,
      }),
    );
    const { time, ...rest } = texts;
    assert.match(time, /^\d\d:\d\d:01$/);
    assert.deepEqual(rest, {
      ...{ model: 'coder:high', client: 'curl/8', status: '200', course: '', queue: '', load: '', first: '250 ms', total: '2.0 s' },
      ...{ tokenSpeed: '12.3/s', in: '7', cached: '', out: '20' },
    });
  });

  const states: readonly (readonly [changes: Partial<ActivityEntry>, status: string, isFailed: boolean])[] = [
    [{ state: 'waiting', status: 0 }, 'is waiting', false],
    [{ state: 'answering' }, 'is answering', false],
    [{ status: 404 }, '404', true],
    [{ status: 502, error: 'It\u001b[1m broke.' }, '502 It\\x1b[1m broke.', true],
    [{ status: 200, error: 'The answer broke off.' }, '200 The answer broke off.', true],
  ];
  for (const [changes, status, isFailed] of states)
    it(`says ${JSON.stringify(status)}`, () => {
      const made = row(entry(1, changes));
      assert.deepEqual([made.texts.status, made.isFailed], [status, isFailed]);
    });
});

describe('the requests that are shown', () => {
  const all = [
    row(entry(1, { totalMillis: 5 })),
    row(entry(2, { model: 'small', asked: 'tiny', totalMillis: 9 })),
    row(entry(3, { status: 500 })),
  ];

  it('are those of a model, by each of its names, or those that have failed', () => {
    assert.deepEqual(ids(filterRequests(all, { model: '', failedOnly: false })), [1, 2, 3]);
    assert.deepEqual(ids(filterRequests(all, { model: 'small', failedOnly: false })), [2]);
    assert.deepEqual(ids(filterRequests(all, { model: 'tiny', failedOnly: false })), [2]);
    assert.deepEqual(ids(filterRequests(all, { model: 'coder', failedOnly: true })), [3]);
  });

  const orders: readonly (readonly [RequestOrder, number[]])[] = [
    [{ by: 'natural', descending: false }, [3, 2, 1]],
    [{ by: 'total', descending: true }, [2, 1, 3]],
    [{ by: 'total', descending: false }, [3, 1, 2]],
    [{ by: 'model', descending: false }, [3, 1, 2]],
  ];
  for (const [order, expected] of orders)
    it(`are sorted by ${order.by}, ${order.descending ? 'down' : 'up'}`, () => assert.deepEqual(ids(sortRequests(all, order)), expected));

  it('are in the natural order again when a column is pressed a third time', () => {
    for (const column of ['total', 'model'] satisfies RequestColumn[]) {
      const first = nextOrder({ by: 'natural', descending: false }, column);
      const second = nextOrder(first, column);
      assert.deepEqual([first.by, second.by, first.descending !== second.descending], [column, column, true]);
      assert.equal(nextOrder(second, column).by, 'natural');
    }
  });

  it('take the place of what was known of them', () => {
    const known = mergeEntries(new Map(), [entry(1, { state: 'answering' }), entry(2)], [{ id: 'g', keepsBodies: false }]);
    const merged = mergeEntries(known, [entry(1), entry(3)], [{ id: 'g', keepsBodies: false }]);
    assert.deepEqual(
      [...merged.values()].map(({ id, state }) => `${id} ${state}`),
      ['1 ended', '2 ended', '3 ended'],
    );
  });

  it('are not those that a gateway was answering when it ended, and 500 at most', () => {
    const known = mergeEntries(new Map(), [entry(1), entry(2, { state: 'answering' })], [{ id: 'g', keepsBodies: false }]);
    const next = mergeEntries(known, [entry(1, { gateway: 'h', startedAt: 9000 })], [{ id: 'h', keepsBodies: false }]);
    assert.deepEqual([...next.keys()], ['g:1', 'h:1']);
    const many = Array.from({ length: 700 }, (_, index) => entry(index + 1));
    const kept = mergeEntries(new Map(), many, [{ id: 'g', keepsBodies: false }]);
    assert.deepEqual([kept.size, kept.keys().next().value], [500, 'g:201']);
  });
});

describe('the bar of a request', () => {
  it('has a part for each thing that took time', () => {
    assert.deepEqual(timeParts(entry(1, { queueMillis: 1500, loadMillis: 1000, firstMillis: 200, totalMillis: 3000 })), [
      { kind: 'queue', millis: 500 },
      { kind: 'load', millis: 1000 },
      { kind: 'first', millis: 200 },
      { kind: 'rest', millis: 1300 },
    ]);
    assert.deepEqual(timeParts(entry(1, { queueMillis: 0.1, totalMillis: 5 })), [{ kind: 'rest', millis: 4.9 }]);
    assert.deepEqual(barParts(timeParts(entry(1, { state: 'waiting' })), 1000), []);
  });

  it('is as long as the page is wide for the longest one, and in proportion within', () => {
    const parts = barParts(
      [
        { kind: 'first', millis: 250 },
        { kind: 'rest', millis: 750 },
      ],
      1000,
    );
    assert.deepEqual(
      parts.map(({ left, width }) => [left, width]),
      [
        [0, 25],
        [25, 75],
      ],
    );
  });

  it('lies within the page, whatever took how long', async () => {
    const millis = fc.double({ min: 0, max: 1e9, noNaN: true });
    await holdsFor(fc.tuple(millis, millis, millis, millis, millis), ([queueMillis, loadMillis, firstMillis, totalMillis, longest]) => {
      const parts = barParts(timeParts(entry(1, { queueMillis, loadMillis, firstMillis, totalMillis })), longest);
      for (const { left, width } of parts) assert.ok(left >= 0 && width > 0 && left + width <= 100.001, `${left} ${width}`);
    });
  });
});
