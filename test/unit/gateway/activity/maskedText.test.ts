/** What is left out of requests and answers that are kept. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maskedText } from '../../../../src/gateway/activity/maskedText.ts';
import { holdsFor } from '../../../support/property.ts';

const limits = { scanned: 2 ** 20, kept: 2 ** 20 };
const masked = (text: string): string => {
  const bytes = Buffer.from(text);
  return maskedText(bytes, bytes.length, limits).text;
};
const run = 'iVBORw0KGgoAAAANSUhEUgAA'.repeat(40);

describe('a text that is kept', () => {
  const cases: readonly (readonly [what: string, text: string, shown: string])[] = [
    ['plain', '{"model":"m","max_tokens":5,"stop":null}', '{"model":"m","max_tokens":5,"stop":null}'],
    ['a key', '{"api_key": "abc", "n": 1}', '{"api_key": "***", "n": 1}'],
    ['a header of a tool', '{"headers":{"Authorization":"Bearer x1"}}', '{"headers":{"Authorization":"***"}}'],
    ['a name with a prefix', '{"X-Api-Key":"abc","openai_api_key":"d"}', '{"X-Api-Key":"***","openai_api_key":"***"}'],
    ['a quote in it', '{"password":"a\\"b","n":1}', '{"password":"***","n":1}'],
    ['a number', '{"password": 1234, "n":1}', '{"password": "***", "n":1}'],
    [
      'JSON in JSON',
      '{"arguments":"{\\"access_token\\":\\"abc\\",\\"n\\":1}"}',
      '{"arguments":"{\\"access_token\\":\\"***\\",\\"n\\":1}"}',
    ],
    ['no value', '{"password": null, "secret": {"a": 1}}', '{"password": null, "secret": {"a": 1}}'],
    ['cut in the value', '{"secret":"abc', '{"secret":"***"'],
    ['a bearer in a prompt', '{"content":"use Bearer 0123456789abcdef0 now"}', '{"content":"use Bearer *** now"}'],
    ['words about a bearer', '{"content":"Bearer authentication is usual"}', '{"content":"Bearer authentication is usual"}'],
    ['tokens with probabilities', '{"token":"Hello","logprob":-0.1}', '{"token":"Hello","logprob":-0.1}'],
    [
      'an image',
      `{"url":"data:image/png;base64,${run}=="}`,
      `{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA…[${run.length + 2} characters]"}`,
    ],
    [
      'an image in JSON in JSON',
      `{"a":"{\\"b\\":\\"${run}\\"}"}`,
      `{"a":"{\\"b\\":\\"${run.slice(0, 24)}…[${run.length} characters]\\"}"}`,
    ],
  ];
  for (const [what, text, shown] of cases)
    it(`is shown with ${what} as it may be`, () => {
      const kept = maskedText(Buffer.from(text), Buffer.byteLength(text), limits);
      assert.deepEqual([kept.text, kept.isMasked ?? false, kept.isCut ?? false], [shown, shown !== text, false]);
    });

  it('is the beginning of a longer one, and says how long that was', () => {
    const bytes = Buffer.from('x '.repeat(1000));
    assert.deepEqual(maskedText(bytes, 5_000_000, { scanned: 100, kept: 10 }), { text: 'x x x x x ', bytes: 5_000_000, isCut: true });
  });

  it('is none where it is sound', () => {
    assert.deepEqual(maskedText(Buffer.from([82, 73, 0, 1]), 4, limits), { text: '', bytes: 4, isCut: true });
  });

  it('has no key in it, whatever the key is and stands between', async () => {
    await holdsFor(fc.tuple(fc.string(), fc.stringMatching(/^[a-z]{8}$/), fc.json()), ([before, key, after]) => {
      const text = JSON.stringify({ before, api_key: `${key}"${key}\\${key}`, after });
      assert.doesNotMatch(masked(text).replace(JSON.stringify(before), ''), new RegExp(`${key}.*${key}`));
    });
  });

  for (const piece of ['\\', '"', 'A', '\\"', '"password":', 'Bearer ', '"api-api-api-', ' '])
    it(`is read in a moment where it is ${JSON.stringify(piece)} again and again`, () => {
      const text = masked(piece.repeat(Math.floor(2 ** 20 / piece.length)));
      assert.ok(text.length <= 2 ** 21);
    });
});
