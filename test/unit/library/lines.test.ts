import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { Lines } from '../../../src/library/lines.ts';

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const given: string[] = [];
  for await (const line of lines) given.push(line);
  return given;
}

const chunks = (...texts: (string | Buffer)[]): Readable => Readable.from(texts.map((text) => Buffer.from(text)));

describe('lines of a stream', () => {
  const cases: [string, (string | Buffer)[], string[]][] = [
    ['nothing', [], []],
    ['a last one without an end', ['a\nb'], ['a', 'b']],
    ['empty ones', ['\n\n', '\n'], ['', '', '']],
    ['one in pieces', ['a', 'b', '\nc'], ['ab', 'c']],
    ['those of Windows, also where the break is in two pieces', ['a\r\nb\r', '\nc'], ['a', 'b', 'c']],
    [
      'separators of JSON texts and of progress bars, which end none',
      ['{"a":"\u2028\u2029"}\n10%\r20%\n'],
      ['{"a":"\u2028\u2029"}', '10%\r20%'],
    ],
    ['a character in two pieces', [Buffer.from('€').subarray(0, 1), Buffer.from('€\n').subarray(1)], ['€']],
    ['half a character at the end', [Buffer.from('€').subarray(0, 1)], ['\ufffd']],
  ];
  for (const [what, texts, expected] of cases)
    it(`gives ${what}`, async () => {
      assert.deepEqual(await all(new Lines(chunks(...texts))), expected);
    });

  it('are each given once, to whichever loop comes next', async () => {
    const lines = new Lines(chunks('1\n2\n', '3\n4', '\n5'));
    const given: string[][] = [];
    for (let loop = 0; loop < 3; loop++) {
      given.push([]);
      for await (const line of lines) {
        given.at(-1)?.push(line);
        break;
      }
    }
    assert.deepEqual(given, [['1'], ['2'], ['3']]);
    assert.deepEqual(await all(lines), ['4', '5']);
    assert.deepEqual(await all(lines), []);
  });
});
