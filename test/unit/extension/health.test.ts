import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recentTrend } from '../../../src/client/foresight/memoryTrend.ts';
import { steadyGrowth } from '../../../src/client/foresight/memoryWatch.ts';
import { HealthWatch, type ProblemTexts, type Thresholds } from '../../../src/extension/health/healthWatch.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { Run } from '../../../src/protocol/runs.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aTree } from '../../support/snapshots.ts';

const none: Thresholds = { cpuPercent: 0, memoryBytes: 0, processes: 0, timeMillis: 0, samples: 3, growth: true, unusual: true };

const texts: ProblemTexts = {
  above: (kind, value, threshold) => `${kind} ${value}, threshold ${threshold}`,
  zombies: (count) => `${count} zombies`,
  failures: (count, time) => `${count} failures in ${time}`,
  growth: (bytes, time) => `${bytes} in ${time}`,
  forecast: (kind, bytes, time, bound, rest) => `${bytes} in ${time}, ${kind} ${bound} in ${rest}`,
  unusual: (figure, value, usual, runs) => `${figure} ${value}, usually ${usual} in ${runs} runs`,
};

/** What is told of one tree over a series of samples, a second apart. */
function told(thresholds: Partial<Thresholds>, samples: readonly Partial<TreeSnapshot>[]): string[] {
  const watch = new HealthWatch(texts);
  return samples.flatMap((changes, index) =>
    watch.check(index * 1000, [aTree(changes)], { ...none, ...thresholds }).map(({ kind, what }) => `${index} ${kind}: ${what}`),
  );
}

describe('what is told of a tree', () => {
  const busy = { cpuPercent: 150 };
  const idle = { cpuPercent: 10 };
  const cases: [string, Partial<Thresholds>, Partial<TreeSnapshot>[], string[]][] = [
    ['nothing where no threshold is set', {}, [busy, busy, busy, busy], []],
    [
      'CPU, after as many samples, and once',
      { cpuPercent: 100 },
      [busy, busy, busy, busy, busy],
      ['2 cpu: cpu 150.0 %, threshold 100.0 %'],
    ],
    ['no peak that is shorter', { cpuPercent: 100 }, [busy, busy, idle, busy, busy, idle], []],
    [
      'CPU again, when it was well meanwhile',
      { cpuPercent: 100, samples: 1 },
      [busy, idle, busy],
      ['0', '2'].map((at) => `${at} cpu: cpu 150.0 %, threshold 100.0 %`),
    ],
    [
      'CPU once, where it goes up and down around the threshold, and again after it was well for as long',
      { cpuPercent: 100 },
      [busy, busy, busy, idle, busy, idle, idle, busy, busy, busy, idle, idle, idle, busy, busy, busy],
      ['2', '15'].map((at) => `${at} cpu: cpu 150.0 %, threshold 100.0 %`),
    ],
    ['memory', { memoryBytes: 2 ** 30, samples: 1 }, [{ memoryBytes: 2 ** 31 }], ['0 memory: memory 2.0 GB, threshold 1.0 GB']],
    [
      'the number of processes, zombies apart',
      { processes: 1, samples: 1 },
      [{ members: [{}, {}, {}] as MemberSnapshot[], zombies: 1 }],
      ['0 processes: processes 2, threshold 1', '0 zombies: 1 zombies'],
    ],
    ['its age, at once', { timeMillis: 1500 }, [{}, {}, {}, {}], ['2 time: time 2.0 s, threshold 1.5 s']],
    ['zombies that stay', {}, [{ zombies: 1 }, { zombies: 2 }, { zombies: 2 }], ['2 zombies: 2 zombies']],
    [
      'what cannot be ended',
      {},
      [
        { state: 'unkillable', reason: 'stuck' },
        { state: 'unkillable', reason: 'stuck' },
      ],
      ['0 unkillable: stuck'],
    ],
    ['a limit that it has reached', {}, [{ warning: 'over it' }], ['0 limit: over it']],
    ['nothing of what has ended', { cpuPercent: 1, samples: 1 }, [{ ...busy, endedAt: 1 }], []],
  ];
  for (const [what, thresholds, samples, expected] of cases) it(`is ${what}`, () => assert.deepEqual(told(thresholds, samples), expected));

  it('is shown as long as it was not well for as many samples, and not of what has ended', () => {
    const watch = new HealthWatch(texts);
    const shown = (changes: Partial<TreeSnapshot>): number => {
      watch.check(0, [aTree(changes)], { ...none, cpuPercent: 100 });
      return watch.problemsOf(aTree().id).length;
    };
    assert.deepEqual([busy, busy, busy, idle, idle, busy, idle, idle, idle].map(shown), [0, 0, 1, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual([busy, busy, busy, { ...busy, endedAt: 1 }].map(shown), [0, 0, 1, 0]);
  });

  it('is that it has failed three times', () => {
    const watch = new HealthWatch(texts);
    const failed = (id: string, at: number): string[] =>
      watch.check(at, [aTree({ id: id as TreeId, state: 'failed', endedAt: at })], none).map(({ what }) => what);
    assert.deepEqual([failed('a', 0), failed('a', 1000), failed('b', 2000)].flat(), []);
    assert.deepEqual(failed('c', 3000), ['3 failures in 10 min']);
    // An hour later that is forgotten.
    assert.deepEqual(failed('d', 3_600_000), []);
  });

  it('is not that it has failed three times, where it was restarted and is given up: the warden says so', () => {
    const watch = new HealthWatch(texts);
    const failed = (id: string, at: number, changes: Partial<TreeSnapshot>): string[] =>
      watch.check(at, [aTree({ id: id as TreeId, state: 'failed', endedAt: at, ...changes })], none).map(({ what }) => what);
    assert.deepEqual([failed('a', 0, { nextStartAt: 900 }), failed('b', 1000, { restarts: 1, nextStartAt: 1900 })].flat(), []);
    assert.deepEqual(failed('c', 2000, { restarts: 2, gaveUp: true }), []);
    assert.deepEqual(failed('d', 3000, { restarts: 3, nextStartAt: 9000 }), ['3 failures in 10 min'], 'it goes on, and fails');
  });

  it('is not that it fails, where its policy goes on to restart it, before that should have given up', () => {
    const watch = new HealthWatch(texts, (name) => (name === 'restarted' ? 3 : 0));
    const failed = (id: number, name: string): string[] =>
      watch
        .check(id * 1000, [aTree({ id: `${name}${id}` as TreeId, name, state: 'failed', endedAt: id * 1000 })], none)
        .map(({ what }) => what);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((id) => failed(id, 'restarted').join()),
      ['', '', '', '', '5 failures in 16 min 40 s'],
    );
    assert.deepEqual(
      [0, 1, 2].map((id) => failed(id, 'other').join()),
      ['', '', '3 failures in 10 min'],
    );
  });

  it('can be asked for as long as it lasts', () => {
    const watch = new HealthWatch(texts);
    const thresholds = { ...none, cpuPercent: 100, samples: 1 };
    watch.check(0, [aTree(busy)], thresholds);
    assert.equal(watch.problemsOf('one' as TreeId).length, 1);
    watch.check(1000, [aTree(idle)], thresholds);
    assert.equal(watch.problemsOf('one' as TreeId).length, 0);
  });
});

describe('memory', () => {
  const megabyte = 2 ** 20;
  const points = (of: (index: number) => number) =>
    Array.from({ length: 30 }, (_, index) => ({ at: index * 20_000, bytes: of(index) * megabyte, peakBytes: of(index) * megabyte }));
  const cases: [string, (index: number) => number, boolean][] = [
    ['that grows steadily', (index) => 200 + 10 * index, true],
    ['that grows steadily, with some noise', (index) => 200 + 10 * index + (index % 3) * 8, true],
    ['that stays', () => 500, false],
    ['that shrinks', (index) => 900 - 10 * index, false],
    ['that comes and goes', (index) => 200 + (index % 10) * 50, false],
    ['that was taken up at the start, and kept', (index) => (index < 3 ? 100 : 900), false],
    ['that grows by little', (index) => 200 + index, false],
    ['that grows by little for what it is', (index) => 8000 + 10 * index, false],
  ];
  for (const [what, of, expected] of cases)
    it(`${what} is ${expected ? 'told' : 'not told'}`, () => assert.equal(steadyGrowth(recentTrend(points(of))) !== undefined, expected));

  it('is followed over ten minutes', () => {
    const told: number[] = [];
    const watch = new HealthWatch(texts);
    for (let second = 0; second < 1200; second++) {
      const [alert] = watch.check(second * 1000, [aTree({ memoryBytes: (200 + second) * megabyte })], none);
      if (alert) told.push(second);
    }
    assert.deepEqual(told, [600]);
  });

  it('that leads to the limit is told once a run, with when that is, instead of the growth alone', () => {
    const told: string[] = [];
    const watch = new HealthWatch(texts);
    const limits = { memoryBytes: 3000 * megabyte };
    let shown: readonly string[] = [];
    for (let second = 0; second < 2400; second++) {
      // It falls, and grows on.
      const grown = second < 1500 ? second : second < 2000 ? 1400 : second;
      const tree = aTree({ memoryBytes: (500 + grown) * megabyte, limits });
      for (const { kind, what } of watch.check(second * 1000, [tree], none)) told.push(`${second} ${kind}: ${what}`);
      if (second === 1480) shown = watch.problemsOf(tree.id);
    }
    assert.deepEqual(told, ['600 growth: 580 MB in 10 min', '1360 forecast: 1.1 GB in 20 min, limit 2.9 GB in 20 min']);
    assert.equal(shown.length, 1);
  });

  it('that leads to what the machine has left is told as well', () => {
    let left = 300 * megabyte;
    const watch = new HealthWatch(texts, () => 0, { availableBytes: () => left, runsBefore: () => [] });
    const told: string[] = [];
    for (let second = 0; second < 1200; second += 5) {
      const tree = aTree({ memoryBytes: (500 + second / 5) * megabyte });
      left = (300 - second / 5) * megabyte;
      for (const { kind, what } of watch.check(second * 1000, [tree], none)) told.push(`${second} ${kind}: ${what}`);
    }
    assert.deepEqual(told, ['760 forecast: 116 MB in 10 min, machine 800 MB in 10 min']);
  });
});

describe('what is unusual', () => {
  const history = { origin: '/x', name: 'web' };
  const run: Run = { tree: 'past' as TreeId, name: 'web', startedAt: 0, endedAt: 3_600_000, state: 'succeeded', peakMemoryBytes: 2 ** 28 };
  const sources = { availableBytes: () => undefined, runsBefore: () => Array.from({ length: 10 }, () => run) };
  const high = aTree({ peakMemoryBytes: 2 ** 30, history });

  it('is told after as many samples, and once a run', () => {
    const watch = new HealthWatch(texts, () => 0, sources);
    const told = Array.from({ length: 9 }, (_, index) =>
      watch.check(index * 1000, [high], none).map(({ what }) => `${index} ${what}`),
    ).flat();
    assert.deepEqual(told, ['2 memory 1.0 GB, usually 256 MB in 10 runs']);
    assert.deepEqual(watch.problemsOf(high.id), ['memory 1.0 GB, usually 256 MB in 10 runs']);
    const next = { ...high, id: 'next' as TreeId };
    assert.equal(Array.from({ length: 3 }, (_, index) => watch.check(index * 1000, [next], none)).flat().length, 1, 'another run');
  });

  it('is no time in which the machine slept, or by which the clock was put forward or back', () => {
    const short: Run = { ...run, startedAt: 0, endedAt: 180_000 };
    const [minute, hour] = [60_000, 3_600_000];
    for (const jump of [8 * hour, -8 * hour]) {
      const watch = new HealthWatch(texts, () => 0, { ...sources, runsBefore: () => Array.from({ length: 10 }, () => short) });
      const startedAt = 9 * hour;
      const tree = aTree({ startedAt, peakMemoryBytes: 1, history });
      const told = (from: number, until: number, jumped: number): string[] => {
        const found: string[] = [];
        for (let ran = from; ran < until; ran += 5000)
          found.push(...watch.check(startedAt + jumped + ran, [tree], none).map(({ what }) => `${ran / minute >= 7.5} ${what}`));
        return found;
      };
      assert.deepEqual(told(0, minute, 0), []);
      assert.deepEqual(told(minute, 7 * minute, jump), []);
      assert.deepEqual(
        told(7 * minute, 20 * minute, jump).map((one) => one.slice(0, 9)),
        ['true time'],
      );
    }
  });

  it('is not told where that is turned off, and earlier runs are not read for a run that is small', () => {
    const told = (tree: TreeSnapshot, thresholds: Thresholds, runsBefore: () => readonly Run[]): number =>
      new HealthWatch(texts, () => 0, { ...sources, runsBefore }).check(0, [tree], { ...thresholds, samples: 1 }).length;
    assert.equal(told(high, none, sources.runsBefore), 1);
    assert.equal(told(high, { ...none, unusual: false }, assert.fail), 0);
    assert.equal(told(aTree({ peakMemoryBytes: 2 ** 20, history }), none, assert.fail), 0);
  });
});
