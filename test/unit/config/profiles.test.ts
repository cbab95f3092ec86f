import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInProfiles, profilesOf } from '../../../src/config/profiles.ts';
import { problemsOf, readOwn } from './layers/files.ts';

describe('profiles', () => {
  const cases: readonly (readonly [readonly string[] | undefined, readonly string[], boolean])[] = [
    [undefined, [], true],
    [[], [], true],
    [undefined, ['debug'], true],
    [['debug'], [], false],
    [['debug'], ['test'], false],
    [['debug', 'test'], ['test'], true],
  ];
  for (const [profiles, active, expected] of cases)
    it(`${JSON.stringify(profiles)} with ${JSON.stringify(active)} active: ${expected ? 'starts' : 'does not start'} with all others`, () =>
      assert.equal(isInProfiles({ ...(profiles && { profiles }) }, new Set(active)), expected));

  it('are inherited, and replaced as a whole by a person', () => {
    const parsed = readOwn(
      { processes: { a: { command: 'a', profiles: ['x', 'z'] }, b: { extends: 'a' }, c: { command: 'c', profiles: ['y'] } } },
      { processes: { c: { profiles: null }, a: { profiles: ['y'] } } },
    );
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual(
      Array.from(parsed.specs.values(), ({ profiles }) => profiles),
      [['y'], ['y'], undefined],
    );
    assert.deepEqual(profilesOf(parsed.specs.values()), ['y']);
  });

  it('have names as processes have', () => {
    assert.deepEqual(problemsOf(readOwn({ processes: { a: { command: 'a', profiles: ['x,y'] } } })), [
      '.vscode/processes.json:6 processes.a.profiles.0: a name starts with a letter or digit and holds letters, digits, spaces and . : @ / _ - only',
    ]);
  });
});
