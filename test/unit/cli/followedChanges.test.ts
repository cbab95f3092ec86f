import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeLines, type FollowedChanges } from '../../../src/cli/followedChanges.ts';

describe('what up says of files that have changed', () => {
  const none: FollowedChanges = {
    path: '/w/.vscode/processes.json',
    added: [],
    outdated: [],
    changed: [],
    goesOn: [],
    gone: [],
    applies: false,
  };
  const cases: readonly (readonly [Partial<FollowedChanges>, readonly string[]])[] = [
    [{}, []],
    [{ added: ['a', 'b'] }, ['  new: a, b']],
    [{ changed: ['a'], outdated: ['b', 'c'] }, ['  changed: a', '  changed: b, c; tree-warden restart b c applies it']],
    [
      { gone: ['a'], goesOn: ['b'] },
      ['  no longer declared: a', '  no longer declared: b; what runs goes on, and tree-warden kill b ends it'],
    ],
    [{ outdated: ['b'], goesOn: ['c'], applies: true }, ['  changed: b; restarted', '  no longer declared: c; stopped']],
  ];
  for (const [changes, lines] of cases)
    it(JSON.stringify(changes), () => {
      assert.deepEqual(changeLines({ ...none, ...changes }), ['processes.json, or a file that belongs to it, has changed.', ...lines]);
    });
});
