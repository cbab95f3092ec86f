import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Goal, type Progress, progressOf } from '../../../src/client/progress.ts';
import type { NameStatus } from '../../../src/protocol/declare.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aTree } from '../../support/snapshots.ts';

const declared: NameStatus = { name: 'web', origin: 'file', instances: 1, desired: [], running: [] };
const desired: NameStatus = { ...declared, desired: ['web'] };
const waiting: NameStatus = { ...desired, waitsFor: [{ name: 'db', condition: 'ready' }] };
const armed: NameStatus = { ...declared, schedule: { isArmed: true, nextAt: 9 } };
const unstarted: NameStatus = { ...declared, failures: [{ name: 'web', message: "There is no command 'x'." }] };

function tree(changes: Partial<TreeSnapshot>): TreeSnapshot {
  return aTree(changes);
}

const ready = tree({ state: 'ready' });
const starting = tree({ state: 'starting', reason: 'not ready yet' });
const succeeded = tree({ state: 'succeeded', endedAt: 5, exit: { code: 0, signal: null }, reason: 'exited with code 0' });
const succeededByCode = tree({ state: 'succeeded', endedAt: 5, exit: { code: 3, signal: null }, reason: 'exited with code 3' });
const succeededEarlier = tree({ ...succeeded, state: 'exited' });
const failedByCode = tree({ state: 'failed', endedAt: 5, exit: { code: 0, signal: null }, reason: 'exited with code 0' });
const failed = tree({ state: 'failed', endedAt: 5, exit: { code: 3, signal: null }, reason: 'exited with code 3' });
const stopped = tree({ state: 'exited', endedAt: 5, stopped: true, exit: { code: 0, signal: null }, reason: 'stopped by the user' });
const limited = tree({ state: 'killed', endedAt: 5, stopped: true, limit: 'its time limit of 1s was reached' });
const unknown = tree({ state: 'exited', endedAt: 5, reason: 'ended (exit status unknown)' });
const restarting = tree({ ...failed, restarting: true, nextStartAt: 9 });
const unkillable = tree({ state: 'unkillable', reason: 'still alive after SIGKILL' });
const background = tree({ state: 'exited', exit: { code: 0, signal: null } });
const backgroundProbed = tree({ ...background, health: 'healthy' });
const backgroundIll = tree({ ...background, health: 'unhealthy' });

type Verdicts = Record<Goal, Progress['verdict']>;
const verdicts = (
  up: Progress['verdict'],
  isReady: Progress['verdict'],
  hasSucceeded: Progress['verdict'],
  hasEnded: Progress['verdict'],
): Verdicts => ({
  up,
  ready: isReady,
  succeeded: hasSucceeded,
  ended: hasEnded,
});

const cases: [string, NameStatus | undefined, TreeSnapshot | undefined, Progress['state'], Verdicts][] = [
  ['was never started', declared, undefined, 'not started', verdicts('pending', 'pending', 'pending', 'pending')],
  ['is not known', undefined, undefined, 'not started', verdicts('pending', 'pending', 'pending', 'pending')],
  ['waits for others', waiting, undefined, 'waiting', verdicts('pending', 'pending', 'pending', 'pending')],
  ['waits for others after a failure', waiting, failed, 'waiting', verdicts('pending', 'pending', 'pending', 'pending')],
  ['waits for its time', armed, undefined, 'waiting', verdicts('met', 'pending', 'pending', 'pending')],
  ['is about to be started', desired, undefined, 'starting', verdicts('pending', 'pending', 'pending', 'pending')],
  ['could not be started', unstarted, undefined, 'not started', verdicts('failed', 'failed', 'failed', 'failed')],
  ['could not be started again', unstarted, succeeded, 'not started', verdicts('failed', 'failed', 'failed', 'failed')],
  ['is restarting', desired, restarting, 'starting', verdicts('pending', 'pending', 'pending', 'pending')],
  ['of a command is restarting', undefined, restarting, 'starting', verdicts('pending', 'pending', 'pending', 'pending')],
  ['could not be ended', desired, unkillable, 'failed', verdicts('failed', 'failed', 'failed', 'failed')],
  ['is being stopped', declared, tree({ state: 'stopping' }), 'stopping', verdicts('pending', 'pending', 'pending', 'pending')],
  ['has succeeded', declared, succeeded, 'succeeded', verdicts('met', 'failed', 'met', 'met')],
  ['has succeeded with an exit code of its own', declared, succeededByCode, 'succeeded', verdicts('met', 'failed', 'met', 'met')],
  ['has succeeded, by a warden of before', declared, succeededEarlier, 'succeeded', verdicts('met', 'failed', 'met', 'met')],
  ['has failed with exit code 0', declared, failedByCode, 'failed', verdicts('failed', 'failed', 'failed', 'met')],
  ['has failed', declared, failed, 'failed', verdicts('failed', 'failed', 'failed', 'met')],
  ['was stopped', declared, stopped, 'stopped', verdicts('failed', 'failed', 'failed', 'met')],
  ['was ended by a limit', declared, limited, 'failed', verdicts('failed', 'failed', 'failed', 'met')],
  ['has ended unseen', declared, unknown, 'ended', verdicts('failed', 'failed', 'failed', 'met')],
];

describe('the progress of a process that', () => {
  for (const [what, status, newest, state, expected] of cases) {
    for (const [goal, verdict] of Object.entries(expected) as [Goal, Progress['verdict']][]) {
      it(`${what}, to ${goal}`, () => {
        const [progress] = progressOf(goal, 'web', status, newest ? [newest] : []);
        assert.deepEqual([progress?.state, progress?.verdict], [state, verdict]);
      });
    }
  }

  it('runs is its state, or that it has not ended', () => {
    const of = (goal: Goal, one: TreeSnapshot): unknown[] =>
      progressOf(goal, 'web', desired, [one]).map(({ state, verdict }) => [state, verdict]);
    assert.deepEqual(of('ready', ready), [['ready', 'met']]);
    assert.deepEqual(of('up', ready), [['ready', 'met']]);
    assert.deepEqual(of('ready', starting), [['starting', 'pending']]);
    assert.deepEqual(of('up', starting), [['starting', 'pending']]);
    assert.deepEqual(of('ended', ready), [['running', 'pending']]);
    assert.deepEqual(of('succeeded', ready), [['running', 'pending']]);
    assert.deepEqual(of('ready', background), [['ready', 'met']]);
    assert.deepEqual(of('ready', backgroundProbed), [['ready', 'met']]);
    assert.deepEqual(of('ready', backgroundIll), [['unhealthy', 'pending']]);
    assert.deepEqual(of('ready', tree({ ...ready, health: 'unhealthy' })), [['unhealthy', 'pending']]);
    assert.deepEqual(of('ended', background), [['running', 'pending']]);
  });

  it('waits for its next time is that of its last run, where that is what is asked', () => {
    const of = (status: NameStatus, last?: TreeSnapshot): unknown[] =>
      (['up', 'ready', 'succeeded', 'ended'] as const).map((goal) => {
        const [{ state, verdict } = {}] = progressOf(goal, 'web', status, last ? [last] : []);
        return `${state} ${verdict}`;
      });
    assert.deepEqual(of(armed, succeeded), ['waiting met', 'waiting pending', 'succeeded met', 'succeeded met']);
    assert.deepEqual(of(armed, failed), ['waiting met', 'waiting pending', 'failed failed', 'failed met']);
    assert.deepEqual(of({ ...unstarted, ...{ schedule: armed.schedule } } as NameStatus), [
      'waiting met',
      'waiting pending',
      'not started failed',
      'not started failed',
    ]);
    assert.deepEqual(of({ ...armed, schedule: { isArmed: false } }, succeeded)[0], 'succeeded met');
  });

  it('was started again is that of its newest tree', () => {
    const older = tree({ ...failed, id: 'older' as TreeSnapshot['id'], startedAt: 1 });
    const newer = tree({ ...ready, id: 'newer' as TreeSnapshot['id'], startedAt: 2 });
    for (const trees of [
      [older, newer],
      [newer, older],
    ])
      assert.deepEqual(
        progressOf('ready', 'web', desired, trees).map(({ tree: one }) => one?.id),
        ['newer'],
      );
  });

  it('has several instances is that of each that is to run, or of one of them', () => {
    const pool: NameStatus = { ...declared, instances: 3, desired: ['web', 'web#2', 'web#3'] };
    const second = tree({ ...starting, name: 'web#2', pool: 'web' });
    const trees = [tree({ ...ready, pool: 'web' }), second];
    assert.deepEqual(
      progressOf('ready', 'web', pool, trees).map(({ label, verdict }) => `${label} ${verdict}`),
      ['web#1 met', 'web#2 pending', 'web#3 pending'],
    );
    assert.deepEqual(
      progressOf('ready', 'web', pool, trees, 2).map(({ label }) => label),
      ['web#2'],
    );
  });
});
