/** What Slurm is asked, and how its answers are read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlurmRunner } from '../../../src/protocol/runner.ts';
import {
  aheadOf,
  endOf,
  isGoing,
  isWaiting,
  jobIdIn,
  jobIn,
  jobInDetails,
  jobNameOf,
  sbatchOptions,
  slurmTime,
} from '../../../src/remote/slurmAnswers.ts';

const plain: SlurmRunner = { type: 'slurm', leaseMillis: 30_000, workspace: '/w' };

describe('the options of sbatch', () => {
  const added = (runner: Partial<SlurmRunner>): string[] => {
    const before = new Set(sbatchOptions(plain, 'job'));
    return sbatchOptions({ ...plain, ...runner }, 'job').filter((option) => !before.has(option));
  };
  const cases: readonly (readonly [Partial<SlurmRunner>, readonly string[]])[] = [
    [{}, []],
    [{ partition: 'gpu', qos: 'long', account: 'a1' }, ['--partition=gpu', '--qos=long', '--account=a1']],
    [{ node: 'n7', gpus: 'a100:2', cpus: 8 }, ['--nodelist=n7', '--gpus=a100:2', '--cpus-per-task=8']],
    [{ memoryBytes: 2 ** 30 + 1 }, ['--mem=1025M']],
    [{ timeMillis: 90_500 }, ['--time=1:31']],
    [{ extra: ['--constraint=ib', '--partition=other'] }, ['--constraint=ib', '--partition=other']],
  ];
  for (const [runner, expected] of cases) it(`of ${JSON.stringify(runner)}`, () => assert.deepEqual(added(runner), expected));

  it('have further ones last, so that these win', () => {
    assert.equal(sbatchOptions({ ...plain, partition: 'a', extra: ['--partition=b'] }, 'job').at(-1), '--partition=b');
  });

  it('have the lease in a name of letters that every shell takes', () => {
    assert.match(jobNameOf('api server/"$(x)"\n', '0-1'), /^[\w.-]+\.tree-warden-0-1$/);
  });

  it('round times up to a second', () => {
    assert.deepEqual([1, 1000, 60_000, 86_400_000].map(slurmTime), ['0:01', '0:01', '1:00', '1440:00']);
  });
});

describe('an answer of Slurm', () => {
  it('has the id of a new job, with or without a cluster, behind what a plugin prints', () => {
    assert.deepEqual(['17\n', '17;alpha\n', 'Welcome!\n17\n', '', 'sbatch: error: x'].map(jobIdIn), [
      '17',
      '17',
      '17',
      undefined,
      undefined,
    ]);
  });

  const jobs: readonly (readonly [string, ReturnType<typeof jobIn>])[] = [
    ['', undefined],
    ['slurm_load_jobs error: Unable to contact slurm controller\n', undefined],
    ['PENDING|n/a|N/A|Resources\n', { state: 'PENDING', reason: 'Resources' }],
    [
      'PENDING||N/A|Nodes required for job are DOWN, DRAINED | x\n',
      { state: 'PENDING', reason: 'Nodes required for job are DOWN, DRAINED | x' },
    ],
    ['RUNNING|node1|N/A|None\n', { state: 'RUNNING', node: 'node1' }],
    ['RUNNING|node1|2026-01-31T12:00:00|None\n', { state: 'RUNNING', node: 'node1', endsAt: Date.parse('2026-01-31T12:00:00') }],
  ];
  for (const [answer, expected] of jobs) it(`${JSON.stringify(answer)} is read`, () => assert.deepEqual(jobIn(answer), expected));

  it('tells of a job that has ended', () => {
    const ended = jobInDetails('JobId=17 JobName=a b JobState=TIMEOUT Reason=TimeLimit BatchHost=node2 ExitCode=0:15\n');
    assert.deepEqual(ended, { state: 'TIMEOUT', reason: 'TimeLimit', node: 'node2' });
    assert.equal(endOf({ state: 'NODE_FAIL' }), 'its node has failed');
    assert.equal(endOf({ state: 'REVOKED' }), 'the job is REVOKED');
  });

  it('is of a job that waits, or goes on, or neither', () => {
    assert.ok(isWaiting({ state: 'PENDING' }) && !isGoing({ state: 'PENDING' }));
    assert.ok(isGoing({ state: 'RUNNING' }) && !isWaiting({ state: 'RUNNING' }));
    for (const state of ['COMPLETING', 'COMPLETED', 'FAILED', 'TIMEOUT', 'OUT_OF_MEMORY'])
      assert.ok(!isGoing({ state }) && !isWaiting({ state }), state);
  });

  it('says how many jobs are before one', () => {
    assert.deepEqual(
      ['5', '9', '7'].map((job) => aheadOf(job, '5\n8_[1-4]\n 9 \n')),
      [0, 2, undefined],
    );
  });
});
