/** From pieces of a log to its lines: whole ones, those that match, their levels and times, and the lines of several logs in order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { lastLines } from '../../../../src/client/logs/lastLines.ts';
import { lineBlocks } from '../../../../src/client/logs/lineBlocks.ts';
import { lineRanges, matchingRanges } from '../../../../src/client/logs/linePattern.ts';
import { levelOf } from '../../../../src/client/logs/logLevel.ts';
import { type LineFilter, type LogLine, logLines } from '../../../../src/client/logs/logLines.ts';
import type { LogPiece } from '../../../../src/client/logs/logPiece.ts';
import { mergedLines } from '../../../../src/client/logs/mergedLines.ts';
import { holdsFor } from '../../../support/property.ts';

async function* piecesOf(texts: readonly string[], from = 0): AsyncGenerator<LogPiece, void, void> {
  let position = from;
  for (const text of texts) {
    const data = Buffer.from(text);
    yield { data, position };
    position += data.length;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const textsOf = (data: Buffer, ranges: Iterable<{ readonly start: number; readonly end: number }>): string[] =>
  Array.from(ranges, ({ start, end }) => data.toString('utf8', start, end));

describe('the blocks of a log', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', 'é'), maxLength: 12 });

  it('hold the same bytes, at the same positions, in whole lines', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (texts) => {
        const blocks = await all(lineBlocks(piecesOf(texts, 5)));
        const whole = Buffer.from(texts.join(''));
        assert.deepEqual(Buffer.concat(blocks.map(({ data }) => data)), whole);
        for (const { data, position } of blocks) assert.deepEqual(data, whole.subarray(position - 5, position - 5 + data.length));
        for (const { data } of blocks.slice(0, -1)) assert.equal(data.at(-1), 10);
      }),
    );
  });

  it('never join what is not side by side', async () => {
    const pieces = [...(await all(piecesOf(['aaa']))), ...(await all(piecesOf(['bbb\n'], 10)))];
    const blocks = await all(
      lineBlocks(
        (async function* () {
          yield* pieces;
        })(),
      ),
    );
    assert.deepEqual(
      blocks.map(({ data, position }) => [data.toString(), position]),
      [
        ['aaa', 0],
        ['bbb\n', 10],
      ],
    );
  });

  it('hold no more of a line without an end than 64 KiB and a piece', async () => {
    const blocks = await all(lineBlocks(piecesOf(Array.from({ length: 100 }, () => 'x'.repeat(10_000)))));
    assert.ok(blocks.length > 10 && blocks.every(({ data }) => data.length <= 80_000));
  });
});

describe('the lines that a pattern matches', () => {
  const patterns = [
    'a',
    '$',
    'a+b',
    '^a',
    'b$',
    '^$',
    'a|',
    '.',
    '^.{2}$',
    '\\d\\d',
    'a.*b',
    '[ab]{2}',
    '\\bab\\b',
    '(a|b)\\d',
    '^[ab]+$',
    'é',
    '\\s',
    '[^a]b',
    '(?!a)b',
    'a\\nb',
    'x*',
    'a(?!b)',
    'a(?!$)',
    '(?!^)a',
    '(?<!b)a',
    '(?<=^b)a',
    '(?<one>a)b',
    '[\\t-~]{3}',
    'ab(?:1|a)?b{2}',
    'a\\.b',
    'b{0}a1',
    'a1|b1',
    '(a|b)+1a',
  ];

  it('are those that it matches alone', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', 'é', '\u001b[31m', '\r'), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom(...patterns),
        fc.constantFrom('', 'i'),
        (lines, isEnded, source, flags) => {
          const data = Buffer.from(lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : ''));
          const plain = textsOf(data, lineRanges(data));
          const expected = plain.filter((text) => new RegExp(source, flags).test(text.replaceAll('\u001b[31m', '')));
          assert.deepEqual(textsOf(data, matchingRanges(data, new RegExp(source, flags))), expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('are those that it matches alone, in a block of many lines as well', async () => {
    const line = fc.tuple(fc.constantFrom('', 'aab', 'b1', 'a é ', '\u001b[1ma\u001b[m1', 'a\r', 'x'.repeat(300)), fc.nat(40));
    await holdsFor(
      fc.tuple(fc.array(line, { minLength: 1, maxLength: 60 }), fc.constantFrom(...patterns), fc.boolean()),
      ([runs, source, isPlain]) => {
        const texts = runs.flatMap(([text, count]) =>
          Array.from({ length: 20 * count }, (_, index) => (isPlain ? 'x'.repeat(index % 70) : text)),
        );
        const data = Buffer.from([...texts, ...runs.map(([text]) => text)].join('\n'));
        const expected = textsOf(data, lineRanges(data)).filter((text) => new RegExp(source).test(stripVTControlCharacters(text)));
        assert.deepEqual(textsOf(data, matchingRanges(data, new RegExp(source))), expected);
      },
      0.5,
    );
  });

  it('are found by anything else that can test a line', () => {
    const data = Buffer.from('one\ntwo\r\nthree');
    assert.deepEqual(textsOf(data, matchingRanges(data, { test: (text) => text.includes('t') })), ['two', 'three']);
  });
});

describe('the level of a line', () => {
  const cases: [string, string | undefined][] = [
    ['{"level":"warn","msg":"x"}', 'warn'],
    ['{"level":50,"msg":"pino"}', 'error'],
    ['{"severity": "CRITICAL"}', 'fatal'],
    ['time=1 level=info msg="an error"', 'info'],
    ['2026-11-30 07:00:00.123 UTC [12] LOG:  database system is ready', 'info'],
    ['2026-11-30 07:00:00.123 UTC [12] FATAL:  role does not exist', 'fatal'],
    ['INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK', 'info'],
    ['WARNING:root:careful', 'warn'],
    ['[error] it failed', 'error'],
    ['npm error code ELIFECYCLE', undefined],
    ['error: no such file', 'error'],
    ['2026/11/30 07:00:00 DEBUG x', 'debug'],
    ['TypeError: x is not a function', undefined],
    ['    at Object.<anonymous> (a.js:1:1)', undefined],
    ['there was no error in this sentence', undefined],
    ['level=__proto__', undefined],
    ['', undefined],
  ];
  for (const [line, level] of cases) it(`of ${JSON.stringify(line)} is ${level}`, () => assert.equal(levelOf(line), level));
});

describe('the wanted lines of a log', () => {
  const timeOf = (position: number): number | undefined => (position < 2 ? undefined : position * 10);
  async function wanted(texts: readonly string[], filter: LineFilter): Promise<[string, number | undefined][]> {
    return (await all(logLines(piecesOf(texts), timeOf, filter))).map(({ data, at }) => [data.toString(), at]);
  }

  it('have the time of their first byte', async () => {
    assert.deepEqual(await wanted(['a\nb', 'b\ncc'], {}), [
      ['a', undefined],
      ['bb', 20],
      ['cc', 50],
    ]);
  });

  it('are those since a moment and until one; what has no time is not', async () => {
    assert.deepEqual(await wanted(['a\nbb\ncc\ndd\n'], { sinceAt: 50, untilAt: 79 }), [['cc', 50]]);
    assert.deepEqual(await wanted(['a\nbb\ncc\n'], { sinceAt: 0 }), [
      ['bb', 20],
      ['cc', 50],
    ]);
    assert.deepEqual(await wanted(['a\nbb\ncc\n'], { untilAt: 20 }), [
      ['a', undefined],
      ['bb', 20],
    ]);
  });

  it('of a level have those that follow without one', async () => {
    const texts = ['  at before\nINFO a\n  more\nERROR b\n  at c\nINFO d\n'];
    assert.deepEqual(
      (await wanted(texts, { level: 'warn' })).map(([text]) => text),
      ['ERROR b', '  at c'],
    );
    assert.deepEqual(
      (await wanted(texts, { level: 'warn', pattern: /at/ })).map(([text]) => text),
      ['  at c'],
    );
  });
});

describe('the lines of several logs', () => {
  async function* log(lines: readonly (readonly [string, number | undefined])[]): AsyncGenerator<LogLine, void, void> {
    for (const [text, at] of lines) yield { data: Buffer.from(text), at };
  }

  it('come by their times, those of one log in its order', async () => {
    const time = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(time, { maxLength: 6 }), { maxLength: 4 }), async (logs) => {
        const merged = await all(mergedLines(logs.map((times, index) => log(times.map((at, number) => [`${index} ${number}`, at])))));
        for (const [index, times] of logs.entries())
          assert.deepEqual(
            merged.filter((line) => line.index === index).map(({ data }) => data.toString()),
            times.map((_, number) => `${index} ${number}`),
          );
        const isOrdered = logs.every((times) => times.every((at, number) => at !== undefined && at >= (times[number - 1] ?? 0)));
        if (isOrdered)
          assert.deepEqual(
            merged.map(({ at }) => at),
            merged.map(({ at }) => at ?? 0).toSorted((a, b) => a - b),
          );
      }),
    );
  });

  it('are as many of the last ones as are wanted', async () => {
    const lines = Array.from({ length: 10 }, (_, number) => [`${number}`, number] as const);
    for (const count of [0, 1, 3, 10, 20])
      assert.deepEqual(
        (await lastLines(log(lines), count)).lines.map(({ at }) => at),
        Array.from({ length: 10 }, (_, number) => number).slice(Math.max(0, 10 - count)),
      );
  });

  it('are as many of the last ones as fit, and say whether there were more', async () => {
    const lines = Array.from({ length: 5000 }, (_, number) => ['12345', number] as const);
    const kept = async (count: number, maxBytes: number): Promise<[number, number | undefined, boolean]> => {
      const found = await lastLines(log(lines), count, maxBytes);
      return [found.lines.length, found.lines[0]?.at, found.isCut];
    };
    assert.deepEqual(await kept(9999, 25_000), [5000, 0, false]);
    assert.deepEqual(await kept(9999, 24_999), [4999, 1, true]);
    assert.deepEqual(await kept(9999, 12), [2, 4998, true]);
    assert.deepEqual(await kept(1, 12), [1, 4999, true]);
  });
});
