import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { requiredText } from '../../../../src/client/logs/requiredText.ts';
import { holdsFor } from '../../../support/property.ts';

describe('the text that every match has in it', () => {
  const cases: [RegExp, string | undefined][] = [
    [/request 777777 /, 'request 777777 '],
    [/took 99[0-9] ms$/, 'took 99'],
    [/worker 3 (?!finished)/, 'worker 3 '],
    [/a(bc|d)efg/, 'efg'],
    [/abc?d/, 'ab'],
    [/ab*cd/, 'cd'],
    [/ab+cd/, 'ab'],
    [/ab{2,}c/, 'ab'],
    [/ab{0,3}cde/, 'cde'],
    [/a\.b\/c/, 'a.b/c'],
    [/\d+Z ERROR/, 'Z ERROR'],
    [/\bERROR\b/, 'ERROR'],
    [/[abc]{3}/, undefined],
    [/one|two/, undefined],
    [/(one|two)/, undefined],
    [/^$/, undefined],
    [/Error/i, undefined],
    [/\x41BC/, 'BC'],
    [/\u0041BC/, 'BC'],
    [/\u{41}BC/u, undefined],
    [/(a)\1bc/, 'bc'],
    [/\cAbc/, 'bc'],
    [/[\]]bc/, 'bc'],
    [/(?:\)|\[\]x)bc/, 'bc'],
    [/über/, 'über'],
    [/😀?x/, undefined],
    [/a{b/, 'a'],
    [/a{,3}b/, ',3'],
    [/ab\tcd/, 'ab'],
  ];
  for (const [pattern, expected] of cases) it(`of ${pattern}`, () => assert.equal(requiredText(pattern), expected));

  it('is in whatever matches, whatever the pattern', async () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      '.',
      '\\.',
      '[ab]',
      '[^b]',
      '(a|b)',
      '(?:ab)',
      '(?=a)',
      '(?!b)',
      'a|',
      '?',
      '*',
      '+',
      '{2}',
      '{0,1}',
      '{1,}',
      '+?',
      '^',
      '$',
      '\\b',
      '\\d',
      '\\x61',
      'é',
      ']',
      '}',
    );
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '1', 'é', ' ', ']', '}'), maxLength: 12 });
    await holdsFor(fc.tuple(fc.array(piece, { maxLength: 8 }), fc.array(text, { maxLength: 20 })), ([pieces, texts]) => {
      const pattern = compiled(pieces.join(''));
      const needed = pattern && requiredText(pattern);
      if (pattern && needed !== undefined)
        for (const one of texts) assert.ok(!pattern.test(one) || one.includes(needed), `${pattern} in ${one}: ${needed}`);
    });
  });
});

/** Undefined where it is no pattern. */
function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}
