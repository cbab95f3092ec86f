import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declare, startName } from '../../../src/protocol/declare.ts';
import { signal, stop } from '../../../src/protocol/treeRequests.ts';
import { problemOf } from '../../../src/warden/requestShapes.ts';

describe('a request that names a signal', () => {
  for (const name of ['SIGFOO', 'SIGRTMIN+99', 'constructor', ''])
    it(`is refused where this system has no such signal: '${name}'`, () =>
      assert.match(problemOf(signal.method, { tree: 'one', signal: name }) ?? '', /signal: is not a signal of this system/));
  it('is taken where it has', () => assert.equal(problemOf(signal.method, { tree: 'one', signal: 'SIGUSR1' }), undefined));
});

describe('a schedule that is declared', () => {
  const declared = (schedule: object): string | undefined =>
    problemOf(declare.method, { origin: 'file', processes: [{ name: 'job', instances: 1, problem: 'none', schedule }] });

  it('is taken as this version and a newer one write it', () => {
    assert.equal(declared({ cron: '@hourly', overlap: 'skip' }), undefined);
    assert.equal(declared({ cron: '0 3 * * *', timeZone: 'Europe/Berlin', overlap: 'queue', catchUp: true, later: 1 }), undefined);
  });

  it('is bounded: its times are computed here', () => {
    assert.match(declared({ cron: '* '.repeat(101), overlap: 'skip' }) ?? '', /^'processes\/declare' was not understood: /);
    assert.ok(declared({ cron: '@hourly', timeZone: 'x'.repeat(65), overlap: 'skip' }));
    assert.ok(declared({ cron: '@hourly', overlap: 'both' }));
    assert.ok(declared({ overlap: 'skip' }));
  });

  it('is started with a moment that there is', () => {
    assert.equal(problemOf(startName.method, { name: 'job', schedule: 'arm', lastRunAt: Date.now() }), undefined);
    for (const wrong of [{ lastRunAt: 8.64e15 + 1 }, { lastRunAt: 'now' }, { schedule: 'later' }, { trigger: 'whim' }])
      assert.ok(problemOf(startName.method, { name: 'job', ...wrong }), JSON.stringify(wrong));
  });
});

describe('the commands of a stop', () => {
  const problem = (steps: readonly object[]): string | undefined => problemOf(stop.method, { tree: 'one', now: false, reason: '', steps });
  const command = (run: unknown, timeoutMillis = 1000): object => ({ run, timeoutMillis });

  it('are taken where the record of a tree can keep them', () =>
    assert.equal(
      problem([command(['one', '']), { signal: 'SIGTERM' }, ...Array.from({ length: 900 }, () => ({ waitMillis: 1 }))]),
      undefined,
    ));

  for (const [what, steps] of [
    ['no program', [command([''])]],
    ['a command and a signal in one', [{ signal: 'SIGTERM', run: 5 }]],
    ['too many, of the greatest length', Array.from({ length: 30 }, () => command(['x'.repeat(32_768)]))],
  ] as const)
    it(`are refused otherwise, for an invalid record would leave the tree behind after a crash: ${what}`, () =>
      assert.match(problem(steps) ?? '', /steps/));
});
