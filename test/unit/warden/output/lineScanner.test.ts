/** Looking for patterns in output of every size and shape, without holding up anything else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LinePattern } from '../../../../src/protocol/patterns.ts';
import { LineScanner } from '../../../../src/warden/output/lineScanner.ts';
import { LineSearch } from '../../../../src/warden/trees/lineSearch.ts';
import { eventually } from '../../../support/run.ts';

function matchesOf(pattern: string): { readonly scanner: LineScanner; readonly lines: string[] } {
  const lines: string[] = [];
  return { scanner: new LineScanner(new LinePattern(pattern), (line) => lines.push(line)), lines };
}

describe('a scanner of lines', () => {
  for (const size of [1, 7, 4096, 65_536, 10_000_000])
    it(`finds each line that matches, in chunks of ${size} bytes`, async () => {
      const { scanner, lines } = matchesOf('^line 1\\d*5$');
      const text = Buffer.from(Array.from({ length: 2000 }, (_, index) => `line ${index}`).join('\n'));
      for (let at = 0; at < text.length; at += size) {
        scanner.add(text.subarray(at, at + size));
        if (at % 1000 === 0) await turn();
      }
      scanner.flush();
      const expected = Array.from({ length: 2000 }, (_, index) => `line ${index}`).filter((line) => /^line 1\d*5$/.test(line));
      await eventually('all lines are found', () => new Set(lines).size === expected.length);
      assert.deepEqual([...new Set(lines)], expected);
    });

  const longLines: [string, string, number, string, number][] = [
    ['in the middle', 'ready', 500_000, 'ready', 1],
    ['at its end', 'ready$', 1_000_000, 'ready', 1],
    ['not as if a piece were a beginning', '^x', 500_000, 'x', 0],
    ['not as if a piece were an end', 'x$', 65_535, 'xyyyy', 0],
    ['at its beginning', '^begin', 0, `begin${' '.repeat(300_000)}`, 1],
  ];
  for (const [what, pattern, before, text, count] of longLines)
    it(`finds it in a line of ${before + text.length} characters ${what}`, async () => {
      const { scanner, lines } = matchesOf(pattern);
      scanner.add(Buffer.from(`${'-'.repeat(before)}${text}\n`));
      scanner.add(Buffer.from('the end\n'));
      for (let turns = 0; turns < 500; turns++) await turn();
      scanner.flush();
      assert.ok(count === 0 ? lines.length === 0 : lines.length > 0, `${lines.length} matches`);
    });

  it('sees a prompt that waits on its line, however long that is', async () => {
    const { scanner, lines } = matchesOf('go on\\?');
    scanner.add(Buffer.from('-'.repeat(10_000)));
    scanner.add(Buffer.from(' go on?'));
    await eventually('the prompt is found', () => lines.length > 0);
  });

  for (const [what, pattern, chunk] of [
    ['a flood without newlines', '^(a+)+$', `${'a'.repeat(65_535)}b`],
    ['a flood of short lines', '(x+x+)+y', 'xx\n'.repeat(21_845)],
    ['a flood of lines of a pathological kind', '^(a+)+$', `${'a'.repeat(36)}X\n`.repeat(1700)],
    ['a flood that makes the automaton large', '(a|b)*a(a|b){300}$', `${'ab'.repeat(30_000)}\n`],
    ['a flood of escapes', 'ready', '\u001b[1;3'.repeat(10_000)],
  ] as const)
    it(`leaves the event loop to others in ${what}`, async () => {
      const { scanner, lines } = matchesOf(pattern);
      const bytes = Buffer.from(chunk);
      await turn();
      // Time of the processor: how busy the machine is with other work does not count.
      let longest = 0;
      for (let count = 0; count < 300; count++) {
        const before = process.cpuUsage();
        scanner.add(bytes);
        await turn();
        const { user, system } = process.cpuUsage(before);
        longest = Math.max(longest, (user + system) / 1000);
      }
      scanner.forget();
      assert.deepEqual(lines, []);
      console.log(`  ${what}: longest turn ${Math.round(longest)} ms of the processor`);
      assert.ok(longest < 1000, `a turn of ${longest} ms`);
    });
});

describe('a turn of the event loop', () => {
  it('is spent on as many lines as its time allows, and the others follow in the next ones', async ({ mock }) => {
    let now = 0;
    mock.method(performance, 'now', () => now);
    let searched = 0;
    class Slow extends LinePattern {
      override test(): boolean {
        searched++;
        now += 3;
        return false;
      }
    }
    const scanner = new LineScanner(new Slow('x'), () => undefined);
    scanner.add(Buffer.from('line\n'.repeat(20)));
    assert.equal(searched, 2);
    scanner.add(Buffer.from('line\n'));
    assert.equal(searched, 3, 'a further chunk has no turn of its own');
    await turn();
    await turn();
    assert.ok(searched <= 9, `${searched} lines`);
    await eventually('all of them are searched', () => searched === 21);
  });
});

describe('a search', () => {
  it('costs nothing once it has found, until it is asked', () => {
    let searched = 0;
    class Counted extends LinePattern {
      override test(piece: string, isBeginning?: boolean, isEnd?: boolean): boolean {
        searched++;
        return super.test(piece, isBeginning, isEnd);
      }
    }
    const search = new LineSearch(new Counted('^ready$'));
    search.add(Buffer.from('ready\nmore\n'));
    search.add(Buffer.from('ready\n'.repeat(1000)));
    assert.equal(searched, 1);
    assert.ok(search.take());
    search.add(Buffer.from('more\n'));
    assert.equal(searched, 2);
  });

  it('scans nothing after it has found, until it is asked', () => {
    const search = new LineSearch(new LinePattern('^ready$'));
    search.add(Buffer.from('ready\nrea'));
    search.add(Buffer.from('dy\n'));
    assert.deepEqual([search.take(), search.take()], [true, false]);
    search.add(Buffer.from('not rea'));
    assert.equal(search.take(), false);
    search.add(Buffer.from('dy\nready\n'));
    assert.deepEqual([search.take(), search.take()], [true, false]);
  });

  it('knows after that, too, where a line begins', () => {
    const search = new LineSearch(new LinePattern('^now'));
    search.add(Buffer.from('now\nnot '));
    assert.ok(search.take());
    search.add(Buffer.from('now\n'));
    assert.equal(search.take(), false);
    search.add(Buffer.from('now\n'));
    assert.ok(search.take());
  });
});
