import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitCodeOfTree } from '../../../src/cli/exitCodes.ts';

type End = Parameters<typeof exitCodeOfTree>[0];

describe('the exit status of a tree', () => {
  const cases: [string, End, number][] = [
    ['its own', { exit: { code: 7, signal: null } }, 7],
    ['success', { exit: { code: 0, signal: null } }, 0],
    ['a signal', { exit: { code: null, signal: 'SIGKILL' } }, 137],
    ['a limit, whatever its own was', { exit: { code: 0, signal: null }, limit: 'its time limit was reached' }, 124],
    ['not known, for its leader is not known to have ended', {}, 125],
    ['not known, for another process has collected it', { exit: { code: null, signal: null } }, 125],
  ];
  for (const [what, end, code] of cases) it(`is ${code}: ${what}`, () => assert.equal(exitCodeOfTree(end), code));
});
