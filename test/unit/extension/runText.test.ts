import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentOfRun, exitText, lookOfRun } from '../../../src/extension/runs/runText.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { type Run, resultOfRun, timeOfRun } from '../../../src/protocol/runs.ts';

const run: Run = { tree: 'a' as TreeId, name: 'job', startedAt: new Date(2026, 10, 29, 9, 5, 7).getTime() };

describe('a run', () => {
  const results: [string, Run, boolean, string, RegExp][] = [
    ['that has ended', { ...run, endedAt: 9, state: 'failed', reason: 'exited with code 3' }, false, 'failed', /^exited with code 3$/],
    [
      'that has ended, however its tree is on record still',
      { ...run, endedAt: 9, state: 'succeeded', reason: '' },
      true,
      'succeeded',
      /^$/,
    ],
    ['of a newer version', { ...run, endedAt: 9, state: 'skipped' }, false, 'skipped', /^$/],
    ['that goes on', run, true, 'running', /^$/],
    ['whose end was not recorded', run, false, 'unknown', /^its end is not recorded/],
  ];
  for (const [what, one, isRunning, state, reason] of results)
    it(`${what} is ${state}`, () => {
      const result = resultOfRun(one, isRunning);
      assert.equal(result.state, state);
      assert.match(String(result.reason), reason);
    });

  it('has a look for each state, also for one of a newer version', () => {
    const icons = ['running', 'succeeded', 'failed', 'unknown', 'exited', 'killed', 'skipped'].map((state) => lookOfRun(state).icon);
    assert.deepEqual(icons, ['circle-filled', 'check', 'error', 'question', 'circle-slash', 'circle-slash', 'circle-slash']);
  });

  it('has a time where it has ended, also when the clock was put back meanwhile', () => {
    assert.deepEqual(
      [timeOfRun(run), timeOfRun({ startedAt: 5, endedAt: 3205 }), timeOfRun({ startedAt: 5000, endedAt: 5 })],
      ['', '3.2 s', '0 ms'],
    );
  });

  it('has an exit code or a signal', () => {
    assert.deepEqual(
      [
        exitText(undefined),
        exitText({ code: 3, signal: null }),
        exitText({ code: null, signal: 'SIGKILL' }),
        exitText({ code: null, signal: null }),
      ],
      ['', 'code 3', 'SIGKILL', ''],
    );
  });

  it('is a document, in which nothing that it has printed hides anything', () => {
    const ended: Run = { ...run, endedAt: run.startedAt + 1500, exit: { code: 3, signal: null }, lastLines: ['one', '\u202etwo'] };
    assert.equal(
      documentOfRun(ended, 'job#1', { state: 'failed', reason: 'exited with code 3' }),
      [
        ...['Process: job#1', 'Result:  failed, exited with code 3', 'Exit:    code 3'],
        ...['Started: 2026-11-29 09:05:07', 'Ended:   2026-11-29 09:05:08', 'Time:    1.5 s'],
        ...['', 'Last output:', 'one', '\\u202etwo', ''],
      ].join('\n'),
    );
    assert.match(documentOfRun({ ...ended, trigger: 'schedule' }, 'job', { state: 'failed', reason: '' }), /^Trigger: schedule$/m);
    assert.match(
      documentOfRun(run, 'job', { state: 'running', reason: '' }),
      /^Process: job\nResult: {2}running\nStarted: [^\n]+\n\nNo output is kept\.\n$/,
    );
  });
});
