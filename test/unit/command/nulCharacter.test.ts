import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertNoNul } from '../../../src/command/nulCharacter.ts';

describe('a NUL character in what a program is given', () => {
  const cases: [string, Parameters<typeof assertNoNul>, string][] = [
    ['the program', [['a\0b']], 'the command'],
    ['an argument', [['sh', '-c', 'a\0b']], 'argument 2 of sh'],
    ['the folder', [['sh'], { cwd: '/a\0' }], 'the path of the working directory'],
    ['a value', [['sh'], { env: { A: null, B: 'x\0' } }], 'the value of the environment variable B'],
    ['a name', [['sh'], { env: { 'B\0C': 'x' } }], 'the name of the environment variable B'],
  ];
  for (const [what, given, part] of cases)
    it(`is named: ${what}`, () =>
      assert.throws(() => assertNoNul(...given), {
        message: `This cannot be started: ${part} contains a NUL character, which cannot be passed to a program.`,
      }));

  it('is no empty string', () => assertNoNul(['sh', ''], { cwd: '', env: { A: '', B: null } }));
});
