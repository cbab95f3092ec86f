import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GlobSet, globProblem } from '../../../src/protocol/globs.ts';

describe('a set of globs', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
    [
      'takes a folder and all below it',
      ['src/**'],
      ['src/a.ts', 'src/b/c/d.js'],
      ['a.ts', 'srcs/a.ts', 'lib/src/a.ts', 'src/.env', 'src/.x/a.ts'],
    ],
    ['takes a plain name for a folder, too', ['src', './config/'], ['src', 'src/a/b.ts', 'config/x.yaml'], ['src2/a', 'a/src/b']],
    ['takes the direct children only of one star', ['src/*'], ['src/a.ts'], ['src/b/a.ts']],
    ['takes negations away, in any order', ['!**/*.test.ts', 'src/**', '!src/gen'], ['src/a.ts'], ['src/a.test.ts', 'src/gen/x.ts']],
    ['takes negations away also of hidden files', ['**/.env', '!secret'], ['.env', 'a/.env'], ['secret/.env']],
    ['knows braces, classes and question marks', ['{src,lib}/[ab]?.{ts,js}'], ['src/a1.ts', 'lib/b2.js'], ['src/c1.ts', 'src/a.ts']],
    ['takes an extended glob as it is written', ['src/+(a|b).ts'], ['src/+(a|b).ts'], ['src/aab.ts']],
    ['takes names in other letters', ['src/größe/**'], ['src/größe/a b.ts'], ['src/grosse/a']],
  ];
  for (const [behaviour, patterns, matching, others] of cases)
    it(behaviour, () => {
      const globs = new GlobSet(patterns);
      assert.deepEqual(
        [...matching, ...others].filter((path) => globs.matches(path)),
        matching,
      );
    });

  it('says below which folders matches can be', () => {
    const globs = new GlobSet(['packages/*/src/**', 'config/a.yaml', '!packages/old/**']);
    const folders = ['', 'packages', 'packages/a', 'packages/a/src/b', 'config', 'other', 'packages2'];
    assert.deepEqual(
      folders.filter((folder) => globs.mayMatchBelow(folder)),
      ['', 'packages', 'packages/a', 'packages/a/src/b', 'config'],
    );
    assert.ok(new GlobSet(['**/*.ts']).mayMatchBelow('anywhere'));
  });
});

describe('a glob', () => {
  const mistakes: readonly (readonly [string, RegExp])[] = [
    ['', /must not be empty/],
    ['!', /must not be empty/],
    ['./', /must not be empty/],
    ['../other/**', /'\.\.\/other\/\*\*' is outside of the workspace/],
    ['src/../../x', /outside of the workspace/],
    ['/etc/**', /outside of the workspace/],
    ['!/etc', /outside of the workspace/],
    ['~/x', /outside of the workspace/],
    ['C:/x', /outside of the workspace/],
    ['src\\**', /must have \/ between folders/],
    ['!!src', /one ! at most/],
    ['src/[ab', /is not a glob: missing closing/],
    ['src/{a,b', /is not a glob/],
    ['src/[z-a]', /is not a glob/],
    ['a\0b', /NUL/],
    ['*a'.repeat(30), /at most 20 wildcards/],
    ['a'.repeat(501), /at most 500 characters/],
  ];
  for (const [glob, expected] of mistakes)
    it(`that is ${JSON.stringify(glob).slice(0, 30)} is said to be wrong`, () => assert.match(globProblem(glob) ?? '', expected));

  it('that is wrong is compiled by none, whichever program has sent it', () => {
    assert.throws(() => new GlobSet(['src/**', '*a'.repeat(30)]), /at most 20 wildcards/);
  });

  it('that is as it should be has no problem', () => {
    for (const glob of ['src/**', '!**/*.test.ts', './a', 'a/', '**', '*.{ts,tsx}', 'größe/[a-z]?'])
      assert.equal(globProblem(glob), undefined);
  });
});
