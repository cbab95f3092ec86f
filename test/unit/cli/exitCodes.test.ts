import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitCodeOfDeclared, exitCodeOfTree } from '../../../src/cli/exitCodes.ts';

type End = Parameters<typeof exitCodeOfTree>[0];

describe('the exit status of a tree', () => {
  const cases: [string, End, number][] = [
    ['its own', { state: 'failed', exit: { code: 7, signal: null } }, 7],
    ['success', { state: 'succeeded', exit: { code: 0, signal: null } }, 0],
    ['success, by another code', { state: 'succeeded', exit: { code: 3, signal: null } }, 0],
    ['a failure, though its own is 0', { state: 'failed', exit: { code: 0, signal: null } }, 1],
    ['its own after a stop', { state: 'exited', exit: { code: 3, signal: null } }, 3],
    ['a signal', { state: 'failed', exit: { code: null, signal: 'SIGKILL' } }, 137],
    ['a limit, whatever its own was', { state: 'exited', exit: { code: 0, signal: null }, limit: 'its time limit was reached' }, 124],
    ['not known, for its leader is not known to have ended', { state: 'exited' }, 125],
    ['not known, for another process has collected it', { state: 'exited', exit: { code: null, signal: null } }, 125],
  ];
  for (const [what, end, code] of cases) it(`is ${code}: ${what}`, () => assert.equal(exitCodeOfTree(end), code));
});

describe('the exit status of one of several trees', () => {
  const cases: [string, Parameters<typeof exitCodeOfDeclared>[0], number][] = [
    ['success', { state: 'succeeded', exit: { code: 3, signal: null } }, 0],
    ['a failure', { state: 'failed', exit: { code: 7, signal: null } }, 7],
    ['a failure, though its own is 0', { state: 'failed', exit: { code: 0, signal: null } }, 1],
    ['a failure without a process', { state: 'failed' }, 1],
    ['a signal', { state: 'failed', exit: { code: null, signal: 'SIGSEGV' } }, 139],
    ['a stop', { state: 'exited', exit: { code: null, signal: 'SIGTERM' } }, 0],
    ['a stop by force', { state: 'killed', exit: { code: null, signal: 'SIGKILL' } }, 0],
    ['a limit', { state: 'exited', exit: { code: 0, signal: null }, limit: 'its time limit was reached' }, 124],
  ];
  for (const [what, end, code] of cases) it(`is ${code}: ${what}`, () => assert.equal(exitCodeOfDeclared(end), code));
});
