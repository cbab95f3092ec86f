import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExitStatus, TreeState } from '../../../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../../../src/protocol/startRequest.ts';
import { judgeExit, unknownExit } from '../../../../src/warden/trees/exits.ts';
import { firstPhase, nextPhase, stateOf, type TreeEvent, type TreePhase } from '../../../../src/warden/trees/treePhase.ts';

type Rule = Pick<StartRequest, 'successExitCodes'>;

const coded = (code: number): ExitStatus => ({ code, signal: null });

describe('an exit', () => {
  const cases: [string, ExitStatus, Rule, TreeState][] = [
    ['code 0', coded(0), {}, 'succeeded'],
    ['another code', coded(1), {}, 'failed'],
    ['a listed code', coded(3), { successExitCodes: [0, 3] }, 'succeeded'],
    ['code 0 beside others', coded(0), { successExitCodes: [0, 3] }, 'succeeded'],
    ['code 0 that is not listed', coded(0), { successExitCodes: [3] }, 'failed'],
    ['a code that is not listed', coded(2), { successExitCodes: [0, 3] }, 'failed'],
    ['the highest code of Windows', coded(0xffff_ffff), { successExitCodes: [0xffff_ffff] }, 'succeeded'],
    ['a signal', { code: null, signal: 'SIGTERM' }, {}, 'failed'],
    ['a signal whose shell status is listed', { code: null, signal: 'SIGKILL' }, { successExitCodes: [0, 137] }, 'failed'],
    ['a signal beside a code', { code: 0, signal: 'SIGHUP' }, {}, 'failed'],
    ['a status that is not known', unknownExit, {}, 'failed'],
  ];
  for (const [what, exit, rule, verdict] of cases)
    it(`with ${what} has ${verdict}${rule.successExitCodes ? ` (${rule.successExitCodes.join()})` : ''}`, () =>
      assert.equal(judgeExit(exit, rule), verdict));
});

describe('the end of a tree', () => {
  const escalation = { hurry: new AbortController(), done: Promise.resolve() };
  const started: TreeEvent[] = [{ type: 'spawned', awaited: false }];
  const begun = (requested: boolean, failure?: string): TreeEvent => ({ type: 'endBegun', escalation, requested, failure });
  const well = 'succeeded' as const;
  const cases: [string, TreeEvent[], TreeState][] = [
    ['is its exit', [...started, { type: 'leaderExited', verdict: well, membersLeft: false }], 'succeeded'],
    ['is its exit, also where that is bad', [...started, { type: 'leaderExited', verdict: 'failed', membersLeft: false }], 'failed'],
    [
      'is its exit, when those that it has left are ended too',
      [...started, begun(false), { type: 'gone', forced: true, verdict: well }],
      'succeeded',
    ],
    [
      'is its exit, when those that it has left have ended',
      [...started, { type: 'leaderExited', verdict: well, membersLeft: true }, { type: 'gone', forced: false, verdict: well }],
      'succeeded',
    ],
    ['is no success after a stop by a user', [...started, begun(true), { type: 'gone', forced: false, verdict: well }], 'exited'],
    ['is no failure after a stop by a user', [...started, begun(true), { type: 'gone', forced: false, verdict: 'failed' }], 'exited'],
    ['is no success after a stop that took a SIGKILL', [...started, begun(true), { type: 'gone', forced: true, verdict: well }], 'killed'],
    [
      'is a failure where a probe has ended it',
      [...started, begun(false, 'not alive'), { type: 'gone', forced: false, verdict: well }],
      'failed',
    ],
    [
      'is a failure where it was not ready in time',
      [{ type: 'spawned', awaited: true }, begun(false, 'late'), { type: 'gone', forced: true, verdict: well }],
      'failed',
    ],
    ['is a failure where it could not be started', [{ type: 'spawnFailed' }], 'failed'],
    [
      'is neither where the warden that has started it is gone',
      [...started, { type: 'leaderExited', verdict: 'exited', membersLeft: false }],
      'exited',
    ],
  ];
  for (const [what, events, state] of cases)
    it(`${what}: ${state}`, () => {
      const last = events.reduce<TreePhase>((phase, event) => nextPhase(phase, event) ?? assert.fail(event.type), firstPhase);
      assert.equal(stateOf(last), state);
    });
});
