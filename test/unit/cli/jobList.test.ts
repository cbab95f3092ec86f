import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jobTable, listedJobs, newestJobs } from '../../../src/cli/jobList.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { JobSnapshot } from '../../../src/protocol/jobs.ts';
import type { Run } from '../../../src/protocol/runs.ts';

const run = (number: number, changes: Partial<Run> = {}): Run => ({
  tree: `tree-${number}` as TreeId,
  name: `build+${number}`,
  startedAt: number * 1000,
  endedAt: number * 1000 + 500,
  state: 'succeeded',
  reason: 'exited with code 0',
  args: `a${number}`,
  ...changes,
});
const job = (number: number, changes: Partial<JobSnapshot> = {}): JobSnapshot => ({
  pool: 'build',
  name: `build+${number}`,
  number,
  args: [`a${number}`],
  state: 'running',
  queuedAt: number * 1000,
  ...changes,
});
const nothing = { known: [], lost: [], runs: [], living: new Set<string>() };

describe('the list of jobs', () => {
  it('has each job once, in the order of their numbers, wherever it is known from', () => {
    const listed = listedJobs('build', {
      known: [job(3), job(4, { state: 'queued', ahead: 0 }), job(5, { state: 'queued', ahead: 1 })],
      lost: [{ number: 2, args: ['x'], queuedAt: 1 }],
      runs: [run(3), run(10, { name: 'build' }), run(1)],
      living: new Set(),
    });
    assert.deepEqual(
      listed.map(({ name, state, reason }) => [name, state, reason]),
      [
        ['build+1', 'succeeded', 'exited with code 0'],
        ['build+2', 'lost', 'it waited when the background process was killed'],
        ['build+3', 'running', ''],
        ['build+4', 'queued', 'next'],
        ['build+5', 'queued', '1 before it'],
      ],
    );
  });

  it('says of a run without an end whether its tree is there', () => {
    const { endedAt: _at, state: _state, reason: _reason, ...open } = run(1);
    const stateWith = (living: readonly string[]): string | undefined =>
      listedJobs('build', { ...nothing, runs: [open], living: new Set(living) })[0]?.state;
    assert.deepEqual([stateWith(['tree-1']), stateWith([])], ['running', 'unknown']);
  });

  it('knows the arguments of one that another warden has started', () => {
    const [one] = listedJobs('build', { ...nothing, known: [job(1, { args: [] })], runs: [run(1)] });
    assert.equal(one?.arguments, 'a1');
  });

  it('masks what looks like a secret', () => {
    const [one] = listedJobs('build', { ...nothing, known: [job(1, { args: ['--password', 'hunter2hunter2'] })] });
    assert.doesNotMatch(one?.arguments ?? '', /hunter2/);
  });

  it('leaves out the oldest of those that have ended, and no other', () => {
    const all = listedJobs('build', { ...nothing, known: [job(4), job(5)], runs: [run(1), run(2), run(3)] });
    assert.deepEqual(
      [1, 0].map((count) => newestJobs(all, count).map(({ number }) => number)),
      [
        [3, 4, 5],
        [4, 5],
      ],
    );
  });

  it('is a table that shows no more of the arguments than fits', () => {
    const [header, line] = jobTable(
      listedJobs('build', { ...nothing, known: [job(1, { args: ['y'.repeat(200)], startedAt: 1000 })] }),
      3000,
    );
    assert.match(header ?? '', /^JOB +STATE +QUEUED +TIME +ARGUMENTS +REASON$/);
    assert.match(line ?? '', /^build\+1 +running +\S+ \S+ +2\.0 s +y{59}… +-$/);
  });
});
