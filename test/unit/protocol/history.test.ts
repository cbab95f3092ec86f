import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TreeHistory } from '../../../src/protocol/history.ts';

const point = (at: number, cpuPercent = 0): Parameters<TreeHistory['add']>[0] => ({
  at,
  cpuPercent,
  memoryBytes: 1,
  readRate: 2,
  writeRate: 3,
  processes: 4,
  gpuMemoryBytes: 5,
  gpuPercent: 6,
});

describe('the history of a tree', () => {
  it('keeps ten minutes in seconds, and four hours in means over twenty', () => {
    const history = new TreeHistory();
    const hours = 5 * 3600;
    for (let second = 0; second < hours; second++) history.add(point(second * 1000, second));
    const { recent, long } = history.series;
    assert.deepEqual([recent.at.length, recent.at.at(-1)], [600, (hours - 1) * 1000]);
    assert.equal(long.at.length, 720);
    const step = (long.at.at(-1) ?? 0) - (long.at.at(-2) ?? 0);
    assert.equal(step, 21_000);
    // The mean of the 21 seconds up to it.
    assert.equal(long.cpuPercent.at(-1), (long.at.at(-1) ?? 0) / 1000 - 10);
    assert.deepEqual([long.memoryBytes.at(-1), long.readRate.at(-1), long.writeRate.at(-1), long.processes.at(-1)], [1, 2, 3, 4]);
  });

  it('takes no more than one point a second, however many look', () => {
    const history = new TreeHistory();
    for (let at = 0; at < 10_000; at += 100) history.add(point(1e12 + at));
    assert.deepEqual(
      history.series.recent.at,
      Array.from({ length: 12 }, (_, index) => 1e12 + index * 900).filter((at) => at < 1e12 + 10_000),
    );
  });

  it('goes on at once where the clock is put back, without what was recorded in its future', () => {
    const history = new TreeHistory();
    for (let second = 0; second < 3600; second++) history.add(point((7200 + second) * 1000));
    for (let second = 0; second < 60; second++) history.add(point((9000 + second) * 1000, 50));
    const { recent, long } = history.series;
    for (const { at, cpuPercent } of [recent, long]) {
      assert.deepEqual(
        at,
        at.toSorted((a, b) => a - b),
      );
      assert.equal(cpuPercent.length, at.length);
    }
    assert.deepEqual([recent.at.at(-1), recent.cpuPercent.at(-1)], [9_059_000, 50]);
    assert.equal(long.at.at(-1), 9_041_000);
    assert.deepEqual([recent.at.length, long.at.length > 80 && long.at.length < 92], [60, true]);
  });
});
