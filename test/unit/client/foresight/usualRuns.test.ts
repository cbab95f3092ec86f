import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isComparable, type RunSoFar, unusualFigures } from '../../../../src/client/foresight/usualRuns.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { Run } from '../../../../src/protocol/runs.ts';
import { randomFrom } from '../../../support/memoryTraces.ts';
import { holdsFor } from '../../../support/property.ts';

const megabyte = 2 ** 20;
const minute = 60_000;

function aRun(changes: Partial<Run> & { readonly minutes?: number } = {}): Run {
  const { minutes = 10, ...rest } = changes;
  const usual = { state: 'succeeded', peakMemoryBytes: 300 * megabyte, cpuMillis: 5 * minute } as const;
  return { tree: 'past' as TreeId, name: 'job', startedAt: 0, endedAt: minutes * minute, ...usual, ...rest };
}

const ten = Array.from({ length: 10 }, () => aRun());
const usual: RunSoFar = { memory: 310 * megabyte, cpu: 5 * minute, time: 10 * minute };
const figures = (runs: readonly Run[], now: Partial<RunSoFar>): string[] =>
  unusualFigures(runs, { ...usual, ...now }).map(({ figure }) => figure);

describe('what is unusual for a process', () => {
  const cases: [string, readonly Run[], Partial<RunSoFar>, string[]][] = [
    ['nothing of a run like the others', ten, {}, []],
    ['nothing where there is no other', [], { memory: 2 ** 40, time: 1e9 }, []],
    ['nothing where there are seven others', ten.slice(0, 7), { memory: 2 ** 40 }, []],
    ['much more memory', ten, { memory: 900 * megabyte }, ['memory']],
    ['no memory that is a little more', ten, { memory: 380 * megabyte }, []],
    ['much more CPU time', ten, { cpu: 15 * minute }, ['cpu']],
    ['a much longer time', ten, { time: 31 * minute }, ['time']],
    [
      'no time where the others were stopped',
      ten.map((run) => ({ ...run, stopped: true as const, state: 'exited' as const })),
      { time: 1e9, cpu: 1e9 },
      [],
    ],
    ['no memory of the time after the others were stopped', ten, { memory: 900 * megabyte, time: 41 * minute }, ['time']],
    ['nothing where the others have failed', ten.map((run) => ({ ...run, state: 'failed' as const })), { memory: 2 ** 40 }, []],
    ['nothing where the others still run', ten.map(({ endedAt: _, ...run }) => run), { memory: 2 ** 40 }, []],
    [
      'memory, where one of ten had as much',
      [aRun({ peakMemoryBytes: 900 * megabyte }), ...ten.slice(1)],
      { memory: 900 * megabyte },
      ['memory'],
    ],
    [
      'no memory, where two of ten had as much',
      [...Array(2).fill(aRun({ peakMemoryBytes: 900 * megabyte })), ...ten.slice(2)],
      { memory: 900 * megabyte },
      [],
    ],
    [
      'no memory, where one of nine had as much',
      [aRun({ peakMemoryBytes: 900 * megabyte }), ...ten.slice(2)],
      { memory: 900 * megabyte },
      [],
    ],
    ['no memory where none is on record', ten.map(({ peakMemoryBytes: _, ...run }) => run), { memory: 2 ** 40 }, []],
  ];
  for (const [what, runs, now, expected] of cases) it(`is ${what}`, () => assert.deepEqual(figures(runs, now), expected));

  it('is told with what is usual', () => {
    assert.deepEqual(unusualFigures(ten, { ...usual, memory: 900 * megabyte }), [
      { figure: 'memory', value: 900 * megabyte, usual: 300 * megabyte, runs: 10 },
    ]);
  });

  it('is nothing that one of the runs before it, but for an outlier, has reached as well', async () => {
    const amounts = fc.record({
      peakMemoryBytes: fc.double({ min: 0, max: 2 ** 40, noNaN: true }),
      cpuMillis: fc.double({ min: 0, max: 1e9, noNaN: true }),
      minutes: fc.integer({ min: 1, max: 10_000 }),
    });
    await holdsFor(fc.array(amounts, { minLength: 8, maxLength: 60 }), (all) => {
      const runs = all.map((one) => aRun(one));
      const second = (of: (run: Run) => number): number =>
        runs
          .slice(0, 30)
          .map(of)
          .toSorted((a, b) => b - a)[1] ?? 0;
      const now = {
        memory: second((run) => run.peakMemoryBytes ?? 0),
        cpu: second((run) => run.cpuMillis ?? 0),
        time: second((run) => run.endedAt ?? 0),
      };
      assert.deepEqual(
        unusualFigures(runs, now).filter(({ figure }) => figure !== 'memory'),
        [],
      );
    });
  });

  it('stays unusual as a run goes on: what it was told of becomes no less', async () => {
    await holdsFor(fc.tuple(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 0, max: 100 })), ([times, more]) => {
      const first = figures(ten, { cpu: times * 5 * minute });
      const later = figures(ten, { cpu: (times + more) * 5 * minute });
      assert.ok(first.every((figure) => later.includes(figure)));
    });
  });

  it('is next to nothing of runs that differ as runs do', () => {
    // Log-normal: a run in a hundred takes three times as long as half of them.
    const random = randomFrom(7);
    const spread = (middle: number): number =>
      middle * Math.exp(0.45 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
    let told = 0;
    const rounds = 2000;
    for (let round = 0; round < rounds; round++) {
      const some = (): Run => aRun({ peakMemoryBytes: spread(300 * megabyte), cpuMillis: spread(5 * minute), minutes: spread(10) });
      const [next, ...runs] = Array.from({ length: 21 }, some);
      const now = { memory: next?.peakMemoryBytes ?? 0, cpu: next?.cpuMillis ?? 0, time: next?.endedAt ?? 0 };
      if (unusualFigures(runs, now).length > 0) told++;
    }
    console.log(`unusual: ${told} of ${rounds} runs that differ only by chance`);
    assert.ok(told <= 0.02 * rounds, `${told} of ${rounds}`);
  });
});

describe('earlier runs', () => {
  it('are not needed for a run that is small and short', () => {
    assert.equal(isComparable({ time: 60_000, memory: 20 * megabyte, cpu: 1000 }), false);
    assert.equal(isComparable({ time: 60_000, memory: 200 * megabyte }), true);
  });
});
