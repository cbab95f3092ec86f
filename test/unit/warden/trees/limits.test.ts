import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KernelLimits } from '../../../../src/platform/container.ts';
import type { LimitAction, Limits } from '../../../../src/protocol/startRequest.ts';
import { actionFor, type LimitReading, LimitWatch } from '../../../../src/warden/trees/limits.ts';

const quiet: LimitReading = { memoryBytes: 1000, processes: 1, cpuPercent: 1, runMillis: 1000 };

/** A container of which the kernel holds what `holds` names. */
function watch(limits: Limits, holds: readonly (keyof KernelLimits)[] = [], onLimit?: LimitAction) {
  const events = { memoryKills: 0, refusedForks: 0 };
  const asked: KernelLimits[] = [];
  const container = {
    limit: (wanted: KernelLimits) => {
      asked.push(wanted);
      return holds.filter((name) => wanted[name] !== undefined);
    },
    limitEvents: () => events,
  };
  const found = new LimitWatch(limits, onLimit, container);
  found.begin();
  return { watch: found, events, asked };
}

describe('a limit that the kernel does not hold', () => {
  const cases: [string, Limits, Partial<LimitReading>, RegExp][] = [
    ['memory', { memoryBytes: 2 ** 20 }, { memoryBytes: 2 ** 21 }, /^its memory limit of 1\.0 MB was reached \(2\.0 MB\)$/],
    ['processes', { processes: 3 }, { processes: 4 }, /^its limit of 3 processes was reached$/],
    ['time', { timeMillis: 90_000 }, { runMillis: 90_000 }, /^its time limit of 1 min 30 s was reached$/],
  ];
  for (const [name, limits, over, reason] of cases) {
    it(`${name}: is seen, and told once`, () => {
      const { watch: found } = watch(limits);
      assert.equal(found.check(quiet), undefined);
      assert.match(String(found.check({ ...quiet, ...over })?.reason), reason);
      assert.equal(found.check({ ...quiet, ...over }), undefined);
    });
  }

  it('processor: only where it lasts', () => {
    const { watch: found } = watch({ cpuCores: 1.5 });
    const busyAt = (runMillis: number, cpuPercent = 160) => found.check({ ...quiet, cpuPercent, runMillis });
    assert.equal(busyAt(1000), undefined);
    assert.equal(busyAt(10_900), undefined);
    assert.equal(busyAt(10_950, 100), undefined);
    assert.equal(busyAt(11_000), undefined);
    assert.equal(busyAt(20_900), undefined);
    assert.equal(busyAt(21_000)?.limit, 'cpu');
  });

  it('exactly at the limit is within it', () => {
    const { watch: found } = watch({ memoryBytes: 1000, processes: 1 });
    assert.equal(found.check(quiet), undefined);
  });
});

describe('a limit that the kernel holds', () => {
  it('memory: is told by its kills, not by figures', () => {
    const { watch: found, events } = watch({ memoryBytes: 500 }, ['memoryBytes']);
    assert.equal(found.check(quiet), undefined);
    assert.equal(found.memoryBreach(), undefined);
    events.memoryKills = 1;
    assert.match(String(found.check(quiet)?.reason), /and the kernel ended it$/);
    assert.match(String(found.memoryBreach()?.reason), /and the kernel ended it$/);
  });

  it('processes: is told when a fork was refused', () => {
    const { watch: found, events } = watch({ processes: 5 }, ['processes']);
    assert.equal(found.countsProcesses, false);
    events.refusedForks = 3;
    assert.equal(found.check(quiet)?.limit, 'processes');
  });

  it('is not asked to hold what is only to be warned of', () => {
    assert.deepEqual(watch({ memoryBytes: 1, processes: 1, cpuCores: 1 }, [], 'warn').asked, [{ cpuCores: 1 }]);
    assert.deepEqual(watch({ memoryBytes: 1, processes: 1, cpuCores: 1 }).asked, [{ memoryBytes: 1, processes: 1, cpuCores: 1 }]);
  });
});

describe('what happens at a limit', () => {
  for (const [limit, action] of [
    ['memory', 'kill'],
    ['processes', 'kill'],
    ['time', 'stop'],
    ['cpu', 'warn'],
  ] as const) {
    it(`${limit}: ${action}, unless the spec says otherwise`, () => {
      assert.equal(actionFor(limit, undefined), action);
      assert.equal(actionFor(limit, 'restart'), 'restart');
    });
  }
});
