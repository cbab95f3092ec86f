import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  forecast,
  type LimitForecast,
  type MemoryBound,
  memoryBound,
  roughMillis,
} from '../../../../src/client/foresight/limitForecast.ts';
import { MemoryTrace, maxPoints, pointMillis } from '../../../../src/client/foresight/memoryTrace.ts';
import { MemoryWatch } from '../../../../src/client/foresight/memoryWatch.ts';
import { TreeHistory } from '../../../../src/protocol/history.ts';
import { type Course, courses, randomFrom } from '../../../support/memoryTraces.ts';
import { holdsFor } from '../../../support/property.ts';
import { aTree } from '../../../support/snapshots.ts';

const megabyte = 2 ** 20;
const beganAt = 1e12;
const stepSeconds = 5;
const hours = 3;

interface Told {
  readonly second: number;
  readonly found: LimitForecast;
  /** When the memory was at the bound; undefined where it never was. */
  readonly reachedAt: number | undefined;
}

/** What is foreseen of a course, and how often it begins to be. It ends where the bound is reached. */
function follow(
  course: Course,
  bound: MemoryBound,
  seconds = hours * 3600,
): { readonly first?: Told; readonly begins: number; readonly reachedAt?: number } {
  const watch = new MemoryWatch();
  let [begins, wasTold] = [0, false];
  let first: { second: number; found: LimitForecast } | undefined;
  for (let second = 0; second < seconds; second += stepSeconds) {
    const bytes = Math.max(0, course(second));
    if (bytes >= bound.bytes && second > 300)
      return { ...(first && { first: { ...first, reachedAt: second } }), begins, reachedAt: second };
    const { forecast: found } = watch.add(beganAt + second * 1000, bytes, () => bound);
    if (found) first ??= { second, found };
    if (found && !wasTold) begins++;
    wasTold = found !== undefined;
  }
  return { ...(first && { first: { ...first, reachedAt: undefined } }), begins };
}

/** One that a process of this course could have: not far above what it begins with. */
function boundAbove(course: Course, random: () => number): MemoryBound {
  return { kind: 'limit', bytes: course(0) * (1.5 + 2 * random()) };
}

const traces = 40;
const followed = (kind: keyof typeof courses, seed: number) => {
  const [random, own] = [randomFrom(seed), randomFrom(seed + 1e6)];
  const bound = boundAbove(courses[kind](randomFrom(seed)), own);
  return follow(courses[kind](random), bound);
};

describe('what is foreseen of memory', () => {
  /** Maximum number of the traces of which is told what does not come to pass. */
  const calm: Readonly<Partial<Record<keyof typeof courses, number>>> = {
    'a flat line': 0,
    noise: 0,
    'a saw-tooth of a garbage collector': 1,
    'a saw-tooth with uneven teeth': 2,
    steps: 1,
    'a random walk': 4,
    'a cache that fills up': 4,
  };
  for (const [kind, most] of Object.entries(calm) as [keyof typeof courses, number][])
    it(`is nothing of ${kind}, or next to nothing`, () => {
      const wrong = Array.from({ length: traces }, (_, seed) => followed(kind, seed)).filter(({ first }) => {
        if (first === undefined) return false;
        const { second, found, reachedAt = Number.POSITIVE_INFINITY } = first;
        return reachedAt - second > (2 * found.inMillis) / 1000 + 60;
      });
      console.log(`${kind}: ${wrong.length} of ${traces} false`);
      assert.ok(wrong.length <= most, `${wrong.length} of ${traces}`);
    });

  for (const kind of ['a leak', 'a leak below a garbage collector'] as const)
    it(`is when ${kind} reaches the limit, in time, and once`, () => {
      const all = Array.from({ length: traces }, (_, seed) => followed(kind, seed));
      // What is over within twenty minutes cannot be known to be steady.
      const slow = all.filter(({ reachedAt }) => reachedAt !== undefined && reachedAt > 1500);
      const told = slow.flatMap(({ first }) => first ?? []);
      const errors = told.map(({ second, found, reachedAt = 0 }) => Math.abs(found.inMillis / 1000 / (reachedAt - second) - 1));
      const leads = told.map(({ second, reachedAt = 0 }) => (reachedAt - second) / 60).toSorted((a, b) => a - b);
      const worst = Math.max(...errors);
      console.log(
        `${kind}: told of ${told.length} of ${slow.length}, worst error ${(100 * worst).toFixed(0)} %, median lead ${leads[leads.length >> 1]?.toFixed(0)} min`,
      );
      assert.ok(slow.length >= traces / 2, `only ${slow.length} were slow enough`);
      assert.ok(told.length >= 0.9 * slow.length, `${told.length} of ${slow.length}`);
      assert.ok(worst < 0.5, `an error of ${worst}`);
      assert.ok(all.filter(({ begins }) => begins > 1).length <= 2, 'it comes and goes');
    });

  it('is the remaining time of a straight line, whatever its size and pace', async () => {
    await holdsFor(
      fc.record({
        base: fc.integer({ min: 20, max: 20_000 }),
        minutes: fc.integer({ min: 25, max: 110 }),
        sample: fc.integer({ min: 1000, max: 5000 }),
      }),
      ({ base, minutes, sample }) => {
        const bound: MemoryBound = { kind: 'limit', bytes: 2 * base * megabyte };
        const watch = new MemoryWatch();
        for (let at = 0; at < minutes * 60_000; at += sample) {
          const { forecast: found } = watch.add(beganAt + at, base * megabyte * (1 + at / (minutes * 60_000)), () => bound);
          if (found === undefined) continue;
          assert.ok(
            Math.abs(found.inMillis - (minutes * 60_000 - at)) < 0.05 * minutes * 60_000 + 2 * pointMillis,
            `${found.inMillis} at ${at}`,
          );
          return;
        }
        assert.fail('nothing was told');
      },
      0.2,
    );
  });

  it('is nothing that is too far off, nor of a bound that is not known', () => {
    const slow: Course = (second) => (500 + second / 60) * megabyte;
    assert.equal(follow(slow, { kind: 'limit', bytes: 8000 * megabyte }).first, undefined);
    const points = Array.from({ length: 30 }, (_, index) => ({
      at: index * pointMillis,
      bytes: (100 + 5 * index) * megabyte,
      peakBytes: 0,
    }));
    assert.equal(forecast(points, undefined), undefined);
    assert.equal(forecast(points, { kind: 'limit', bytes: 0 }), undefined);
    assert.ok(forecast(points, { kind: 'limit', bytes: 300 * megabyte }));
  });

  it('lasts for five minutes after the growth has ended', () => {
    const watch = new MemoryWatch();
    const bound: MemoryBound = { kind: 'limit', bytes: 350 * megabyte };
    let [was, over] = [false, 0];
    for (let second = 0; second < 3600; second += stepSeconds) {
      const bytes = second < 1200 ? (200 + second / 12) * megabyte : 250 * megabyte;
      const { forecast: found } = watch.add(beganAt + second * 1000, bytes, () => bound);
      if (was && !found) over = second;
      was = found !== undefined;
    }
    assert.ok(over >= 1200 + 300 && over < 1200 + 360, `over at ${over}`);
  });

  it('is the same from the history of a warden', () => {
    const [history, trace] = [new TreeHistory(), new MemoryTrace()];
    const rest = { cpuPercent: 0, readRate: 0, writeRate: 0, processes: 1, gpuMemoryBytes: 0, gpuPercent: 0 };
    for (let second = 0; second < 3000; second++) {
      const memoryBytes = (100 + second / 30) * megabyte;
      history.add({ at: beganAt + second * 1000, memoryBytes, ...rest });
      trace.add(beganAt + second * 1000, memoryBytes);
    }
    const bound: MemoryBound = { kind: 'limit', bytes: 250 * megabyte };
    const [own, read] = [forecast(trace.points, bound), forecast(MemoryTrace.from(history.series).points, bound)];
    assert.ok(own && read);
    assert.ok(Math.abs(own.inMillis - read.inMillis) < 3 * pointMillis, `${own.inMillis} and ${read.inMillis}`);
    assert.ok(Math.abs(own.inMillis - 1_500_000) < 3 * pointMillis, `${own.inMillis}`);
  });
});

describe('the points of memory', () => {
  it('are bounded, and begin anew after a sleep and where the clock is put back', async () => {
    await holdsFor(fc.array(fc.integer({ min: -200_000, max: 200_000 }), { maxLength: 200 }), (steps) => {
      const trace = new MemoryTrace();
      let at = beganAt;
      for (const step of steps) {
        at += step;
        trace.add(at, 1);
        const times = trace.points.map((point) => point.at);
        assert.deepEqual(
          times,
          [...times].sort((a, b) => a - b),
        );
        for (const [index, time] of times.entries()) assert.ok(index === 0 || time - (times[index - 1] ?? 0) <= 3 * pointMillis);
      }
    });
    // What a warden has recorded, too: an hour before and an hour behind a sleep, or a clock that was put back.
    for (const [first, second] of [
      [0, 30_000],
      [30_000, 0],
    ] as const) {
      const history = new TreeHistory();
      const rest = { cpuPercent: 0, readRate: 0, writeRate: 0, processes: 1, gpuMemoryBytes: 0, gpuPercent: 0 };
      for (const [begin, memoryBytes] of [
        [first, 1],
        [second, 2],
      ] as const)
        for (let since = 0; since < 3600; since += 5) history.add({ at: beganAt + (begin + since) * 1000, memoryBytes, ...rest });
      const { points } = MemoryTrace.from(history.series);
      assert.ok(points.length > 100 && points.every(({ bytes }) => bytes === 2), `${points.length} points from ${first} and ${second}`);
    }
    const trace = new MemoryTrace();
    for (let index = 0; index < 3 * maxPoints; index++) trace.add(beganAt + index * pointMillis, index);
    assert.equal(trace.points.length, maxPoints);
  });
});

describe('the bound of memory', () => {
  it('is the limit of the tree, else what the machine has left', () => {
    assert.deepEqual(memoryBound(aTree({ limits: { memoryBytes: 7 }, memoryBytes: 5 }), assert.fail), { kind: 'limit', bytes: 7 });
    assert.deepEqual(
      memoryBound(aTree({ memoryBytes: 5 }), () => 9),
      { kind: 'machine', bytes: 14 },
    );
    assert.equal(
      memoryBound(aTree(), () => undefined),
      undefined,
    );
  });
});

describe('a remaining time', () => {
  const cases: [number, number][] = [
    [0.2, 1],
    [7.4, 7],
    [38, 40],
    [97, 90],
    [200, 180],
  ];
  for (const [minutes, said] of cases)
    it(`of ${minutes} min is said as ${said} min`, () => assert.equal(roughMillis(minutes * 60_000), said * 60_000));
});
