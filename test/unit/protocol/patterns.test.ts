/** Patterns of users: what they mean, what is refused, and that none of them takes more than linear time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { LinePattern, patternProblem } from '../../../src/protocol/patterns.ts';
import { cpuMillisOf } from '../../support/hostileText.ts';
import { randomFrom } from '../../support/random.ts';

describe('a pattern', () => {
  const alike: [string, string, string | undefined][] = [
    ['ready in (\\d+) ms', 'ready in 350 ms', '350'],
    ['^\\s*(\\S+)\\s*$', '  word  ', 'word'],
    ['(?<percent>\\d+(?:\\.\\d+)?)%', 'at 12.5% now', '12.5'],
    ['(a|ab)(c|bcd)(d*)', 'abcd', 'a'],
    ['(a+?)', 'aaa', 'a'],
    ['\\bport\\b.*?(\\d{2,5})', 'port: 3000, 4000', '3000'],
    ['(\\u0041|\\x42)', 'B', 'B'],
    ['([^\\]]+)\\]', '[x]', '[x'],
    ['(\\/|\\-|\\.)', '-', '-'],
    ['(grün|é)', 'grün', 'grün'],
    ['([\\w-]+)@', 'a-b@c', 'a-b'],
    ['^(ready)$', 'not ready', undefined],
    ['(a{2,3})', 'aaaa', 'aaa'],
    ['([^])x', '\tx', '\t'],
    ['(x|)y', 'y', ''],
  ];
  for (const [pattern, line, group] of alike)
    it(`means what it means in JavaScript: ${pattern}`, () => {
      assert.equal(new RegExp(pattern).exec(line)?.[1], group);
      assert.equal(new LinePattern(pattern).firstGroup(line), group);
      assert.equal(new LinePattern(pattern).test(line), group !== undefined);
    });

  const refused: [string, RegExp][] = [
    ['(?=.*ready)x', /^has a lookahead or lookbehind, which takes unlimited time/],
    ['(?!x)y', /^has a lookahead or lookbehind/],
    ['(?<=x)y', /^has a lookahead or lookbehind/],
    ['(?<!x)y', /^has a lookahead or lookbehind/],
    ['(a)\\1', /^has a back reference/],
    ['(?<n>a)\\k<n>', /^has a back reference/],
    ['(', /^must be a regular expression: missing closing \)/],
    ['[', /^must be a regular expression/],
    ['*', /^must be a regular expression/],
    ['a'.repeat(1001), /^is longer than 1000 characters/],
    ['(\\w{100}){100}', /^must be a regular expression: invalid repeat count|^is too large/],
    ['(.{900}|x{900})', /^is too large/],
    [`${'x'.repeat(900)}{1000}`, /^is too large/],
    [`(${'x'.repeat(900)}){1000}`, /^is too large/],
    ['(?:(?:x{20}){20}){20}', /^is too large|^must be a regular expression/],
    ['('.repeat(500) + ')'.repeat(500), /^is too large|^must be/],
  ];
  for (const [pattern, problem] of refused)
    it(`is refused with a clause: ${pattern.slice(0, 40)}`, () => assert.match(patternProblem(pattern) ?? '', problem));

  it('is no lookahead where it only looks like one', () => {
    for (const pattern of ['[(?=]x', '\\(\\?=', 'a\\\\1']) assert.equal(patternProblem(pattern), undefined, pattern);
  });

  it('takes bounded time on every text that it may be given at once', () => {
    const random = randomFrom(1);
    const letters = Array.from({ length: 65_536 }, () => (random() < 0.5 ? 'a' : 'b')).join('');
    const texts = [letters, 'a'.repeat(65_536), 'a b '.repeat(16_384), 'ż'.repeat(65_536)];
    const patterns = [
      '^(a+)+$',
      '(a|aa)+$',
      '(x+x+)+y',
      '(.*a){100}',
      '(a|b)*a(a|b){300}',
      '(a|b)*a(a|b){300}$',
      '(?:a?){400}$',
      '\\p{L}{400}\\d',
      '(\\w+\\s?)*$',
    ];
    for (const text of patterns) {
      const pattern = new LinePattern(text);
      for (const line of texts) {
        const took = cpuMillisOf(() => {
          pattern.test(line.slice(0, pattern.maxText));
          pattern.test(line.slice(0, pattern.maxText), false, false);
          pattern.firstGroup(line.slice(0, pattern.maxText));
        });
        // On a machine that has nothing else to do it is a twentieth of this; without a bound, it is hours.
        assert.ok(took < 2000, `${text} took ${took} ms`);
      }
    }
  });

  it('is underlined in the file where it is refused', () => {
    const file = [
      '{ "processes": { "a": { "command": "x",',
      '  "ready": { "log": "(?=x)y" } } },',
      '  "models": { "m": { "runtime": "custom", "command": ["x", "${port}"],',
      '  "progress": "(a)\\\\1" } } }',
    ].join('\n');
    const problems = parseProcesses(file).problems.map(({ line, message }) => ({ line, message }));
    assert.deepEqual(problems, [
      {
        line: 1,
        message: 'processes.a.ready.log: has a lookahead or lookbehind, which takes unlimited time on some lines and is not supported',
      },
      { line: 3, message: 'models.m.progress: has a back reference, which takes unlimited time on some lines and is not supported' },
    ]);
  });
});
