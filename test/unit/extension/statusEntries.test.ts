import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasFailed, type ListedProcess, statusEntries } from '../../../src/extension/statusList/statusEntries.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aTree } from '../../support/snapshots.ts';

const process = (name: string, changes: Partial<TreeSnapshot> = {}, problems: readonly string[] = []): ListedProcess => ({
  name,
  tree: aTree({ name, ...changes }),
  problems,
});

describe('the list of the status bar item', () => {
  const failures: [string, ListedProcess][] = [
    ['has failed', process('api', { state: 'failed', endedAt: 5 })],
    ['could not be started', { name: 'api', failure: 'There is no such command.', problems: [] }],
    ['could not be started again', { ...process('api', { state: 'exited', endedAt: 5 }), failure: 'There is no such command.' }],
    ['cannot be killed', process('api', { state: 'unkillable' })],
    ['waits for its next start after a failure', process('api', { state: 'failed', endedAt: 5, nextStartAt: 9 })],
    ['is unhealthy', process('api', { health: 'unhealthy' })],
    ['is over its limit', process('api', { warning: { kind: 'cpu', text: 'uses too much' } as never })],
    ['has a problem', process('api', {}, ['uses more CPU than 100 %'])],
  ];
  for (const [what, failure] of failures)
    it(`has what ${what} before what runs`, () => {
      const { failures: first, running } = statusEntries([process('web'), failure, process('db', { state: 'starting' })]);
      assert.deepEqual(
        [first, running].map((list) => list.map(({ name }) => name)),
        [['api'], ['web', 'db']],
      );
    });

  it('has what waits for others among what runs', () => {
    const waiting = { ...process('api', { state: 'failed', endedAt: 5 }), waitsFor: ['db'] };
    assert.deepEqual(statusEntries([waiting, { name: 'web', problems: [] }]), { failures: [], running: [waiting] });
  });

  it('has what waits for its time among what runs, and where its last run has failed, among what needs attention', () => {
    const schedule = { isArmed: true };
    const waiting = { ...process('api', { state: 'succeeded', endedAt: 5 }), schedule };
    const failed = { ...process('web', { state: 'failed', endedAt: 5 }), schedule };
    const off = { ...process('db', { state: 'succeeded', endedAt: 5 }), schedule: { isArmed: false } };
    assert.deepEqual(statusEntries([waiting, failed, off]), { failures: [failed], running: [waiting] });
  });

  it('has what does not run before what has problems, and nothing that ended as it should', () => {
    const { failures: first, running } = statusEntries([
      process('slow', { health: 'unhealthy' }),
      process('done', { state: 'succeeded', endedAt: 5 }),
      process('ended', { state: 'exited', endedAt: 5 }),
      process('dead', { state: 'failed', endedAt: 5 }),
      process('stopped', { state: 'killed', endedAt: 5 }),
    ]);
    assert.deepEqual(
      [first, running].map((list) => list.map(({ name }) => name)),
      [['dead', 'slow'], []],
    );
    assert.deepEqual(
      [first[0], first[1]].map((one) => one && hasFailed(one)),
      [true, false],
    );
  });
});
