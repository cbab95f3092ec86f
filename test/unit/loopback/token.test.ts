import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isToken, newToken, parseToken } from '../../../src/loopback/token.ts';

const good = 'a-token-of-enough-characters';

describe('a token that a person chooses', () => {
  const refused: [string, string, RegExp][] = [
    ['empty', '', /is empty/],
    ['of spaces', '   ', /is empty/],
    ['of a newline', '\r\n', /is empty/],
    ['short', 'secret', /has 6 characters, and needs at least 16/],
    ['with a space', 'a token of enough characters', /without spaces/],
    ['with a newline', `${good}\n${good}`, /without spaces and control characters/],
    ['with NUL', `${good}\0`, /control characters/],
    ['with ESC', `\u001b${good}`, /control characters/],
    ['of other letters', 'пароль-из-многих-букв', /ASCII only/],
    ['longer than a header', 'x'.repeat(2000), /may have 1024 at most/],
  ];
  for (const [what, text, message] of refused) it(`is refused: ${what}`, () => assert.throws(() => parseToken(text), message));

  it('is taken without the white space around it', () => assert.equal(parseToken(` ${good}\n`), good));
  it('may be one of ours', () => assert.equal(parseToken(newToken()).length, 32));
});

describe('what a client shows', () => {
  const cases: [string, string, boolean][] = [
    [good, good, true],
    [good.toUpperCase(), good, false],
    [good.slice(1), good, false],
    ['', good, false],
    ['', '', false],
    [good, '', false],
  ];
  for (const [shown, token, right] of cases)
    it(`'${shown}' for '${token}' is ${right ? 'right' : 'wrong'}`, () => assert.equal(isToken(shown, token), right));
});
