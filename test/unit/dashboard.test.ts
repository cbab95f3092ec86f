import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filterRows, keepOrder, type Order, type ProcessRow, processRows, sortRows } from '../../src/dashboard/processRows.ts';
import { Timeline } from '../../src/dashboard/timeline.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { aMember, aTree } from '../support/snapshots.ts';

const tree = (name: string, changes: Partial<TreeSnapshot> = {}): TreeSnapshot =>
  aTree({ id: `id of ${name}` as TreeId, name, ...changes });

describe('the rows of the process table', () => {
  const rows = processRows([
    tree('web', {
      members: [
        aMember(30, { name: 'node', cpuPercent: 2, memoryBytes: 2 ** 20, ports: [{ protocol: 'tcp', port: 3000, address: '::' }] }),
        aMember(4, { name: 'esbuild', cpuPercent: 10 }),
      ],
    }),
    tree('db', { members: [aMember(100, { name: 'redis', cpuPercent: 2, zombie: true })] }),
  ]);
  const pids = (shown: readonly ProcessRow[]): number[] => shown.map(({ values }) => Number(values.pid));

  const orders: [string, Order, number[]][] = [
    ['as they come', { by: 'natural', descending: true }, [30, 4, 100]],
    ['by number, not by letters', { by: 'pid', descending: false }, [4, 30, 100]],
    ['by figures, equal ones as they come', { by: 'cpu', descending: true }, [4, 30, 100]],
    ['by name', { by: 'process', descending: false }, [4, 30, 100]],
    ['by name, backwards', { by: 'process', descending: true }, [100, 30, 4]],
  ];
  for (const [what, order, expected] of orders) it(`are sorted ${what}`, () => assert.deepEqual(pids(sortRows(rows, order)), expected));

  const filters: [string, number[]][] = [
    ['', [30, 4, 100]],
    ['WEB', [30, 4]],
    ['3000', [30]],
    ['web node', [30]],
    ['zombie', [100]],
    ['nothing like it', []],
  ];
  for (const [filter, expected] of filters)
    it(`are filtered by '${filter}'`, () => assert.deepEqual(pids(filterRows(rows, filter)), expected));

  it('keep their places while they are read, new ones last', () => {
    const before = sortRows(rows, { by: 'pid', descending: true }).map(({ key }) => key);
    assert.deepEqual(pids(keepOrder(rows, before)), [100, 30, 4]);
    assert.deepEqual(pids(keepOrder(rows, before.slice(1))), [30, 4, 100]);
  });
});

describe('the timeline', () => {
  const ids = ['web', 'db'].map((name) => `id of ${name}` as TreeId);

  it('has a value of each tree at each time, or none', () => {
    const timeline = new Timeline();
    assert.deepEqual(timeline.add(1000, [tree('web', { cpuPercent: 5 })]), [ids[0]]);
    assert.deepEqual(timeline.add(2000, [tree('web', { cpuPercent: 6 }), tree('db', { cpuPercent: 1, readRate: 3, writeRate: 4 })]), [
      ids[1],
    ]);
    assert.deepEqual(timeline.chart(ids, 'recent', 'cpuPercent'), {
      at: [1000, 2000],
      values: [
        [5, 6],
        [null, 1],
      ],
    });
    assert.deepEqual(timeline.chart([ids[1] as TreeId], 'long', 'storageRate'), { at: [2000], values: [[7]] });
  });

  it('goes on from what was recorded before', () => {
    const timeline = new Timeline();
    const empty = {
      at: [],
      cpuPercent: [],
      memoryBytes: [],
      readRate: [],
      writeRate: [],
      processes: [],
      gpuMemoryBytes: [],
      gpuPercent: [],
    };
    const recorded = {
      at: [1000],
      cpuPercent: [50],
      memoryBytes: [1],
      readRate: [0],
      writeRate: [0],
      processes: [1],
      gpuMemoryBytes: [0],
      gpuPercent: [0],
    };
    timeline.add(2000, [tree('web')]);
    timeline.load(ids[0] as TreeId, { recent: recorded, long: empty });
    timeline.add(3000, [tree('web', { cpuPercent: 70 })]);
    assert.deepEqual(timeline.chart(ids.slice(0, 1), 'recent', 'cpuPercent'), { at: [1000, 3000], values: [[50, 70]] });
  });

  it('shows what has ended for a while, and what had ended before not at all', () => {
    const timeline = new Timeline();
    timeline.add(1000, [tree('web'), tree('old', { endedAt: 1 })]);
    timeline.add(2000, [tree('web', { endedAt: 1500 })]);
    assert.deepEqual(
      timeline.trees.map(({ name, ended }) => [name, ended]),
      [['web', true]],
    );
    for (let count = 0; count < 20; count++) {
      timeline.add(3000 + count, [tree(`t${count}`)]);
      timeline.add(3000 + count, []);
    }
    assert.equal(timeline.trees.length, 10);
  });

  it('is written as RFC 4180 has it', () => {
    const timeline = new Timeline();
    timeline.add(0, [tree('a,"b"')]);
    timeline.add(1_795_000_000_000, [tree('a,"b"', { cpuPercent: 1.234, memoryBytes: 5, members: [aMember(1)] })]);
    assert.equal(timeline.csv('recent').split('\n')[1], '2026-11-18T11:06:40.000Z,"a,""b""",1.23,5,0,0,1,0,0.00');
  });
});
