import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { MergedOutput, type PrefixedLines } from '../../../src/cli/prefixedLines.ts';

class Screen {
  text = '';
  /** Pieces, as they were written. */
  readonly written: string[] = [];
  readonly #output = new MergedOutput(async (text) => {
    this.text += text;
    this.written.push(text);
  });

  process(name: string): PrefixedLines {
    return this.#output.prefixed(`${name} | `);
  }
}

/** The smaller the pieces, the more of them end where a line or a letter does not. */
async function addInPieces(lines: PrefixedLines, bytes: Buffer): Promise<void> {
  const size = bytes.length > 100 ? bytes.length : 1;
  for (let start = 0; start < bytes.length; start += size) await lines.add(bytes.subarray(start, start + size));
}

describe('prefixed lines', () => {
  it('are whole, however the bytes come', async () => {
    const bytes = Buffer.from('eins\r\nzwö\n\nlast');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const screen = new Screen();
      const lines = screen.process('p');
      await lines.add(bytes.subarray(0, cut));
      await lines.add(bytes.subarray(cut));
      await lines.end('ended');
      assert.equal(screen.text, 'p | eins\np | zwö\np | \np | last\np | ended\n', `cut at ${cut}`);
    }
  });

  it('do not invent a last line', async () => {
    const screen = new Screen();
    const lines = screen.process('p');
    await lines.add(Buffer.from('one\n'));
    await lines.end('ended');
    assert.equal(screen.text, 'p | one\np | ended\n');
  });

  it('stay in order while the output takes no more', async () => {
    const screen = new Screen();
    const lines = screen.process('p');
    const adding = ['one\ntw', 'o\nthr', 'ee\n'].map((text) => lines.add(Buffer.from(text)));
    await Promise.all(adding);
    assert.equal(screen.text, 'p | one\np | two\np | three\n');
  });

  it('hold back no more of an unfinished line than their bound, at once and for an output that takes no more', () => {
    const written: string[] = [];
    const lines = new MergedOutput((text) => {
      written.push(text);
      return new Promise(() => undefined);
    }).prefixed('p | ');
    for (let count = 1; count <= 10; count++) void lines.add(Buffer.alloc(1000, 'x'));
    assert.deepEqual(
      written.map(({ length }) => length),
      [5004, 5000],
    );
  });

  /** Steps: a process and what it prints, or a pause. */
  const cases: [string, (readonly ['a' | 'b', string] | 'pause')[], string][] = [
    ['an unfinished line is held back for a moment', [['a', 'one']], ''],
    ['and passed on then', [['a', 'one'], 'pause'], 'a | one'],
    ['goes on on the same line', [['a', 'one'], 'pause', ['a', ' two'], 'pause', ['a', ' three\nfour\n']], 'a | one two three\na | four\n'],
    ['keeps a letter whole', [['a', '1 \u20ac'], 'pause', ['a', '\n']], 'a | 1 €\n'],
    ['has one end', [['a', 'one\r'], 'pause', ['a', '\n'], ['a', 'two\r'], 'pause', ['a', '2\n']], 'a | one\na | two\r2\n'],
    ['is interrupted', [['a', 'one'], 'pause', ['b', 'two\n']], 'a | one\nb | two\n'],
    ['says that it goes on', [['a', 'one'], 'pause', ['b', 'two\n'], ['a', ' three\n']], 'a | one\nb | two\na | … three\n'],
    [
      'does not go on where only its end came late',
      [['a', 'one'], 'pause', ['b', '2\n'], ['a', '\r\n'], ['a', '3\n']],
      'a | one\nb | 2\na | 3\n',
    ],
    [
      'is interrupted in turn',
      [['a', 'one'], 'pause', ['b', 'two'], 'pause', ['a', '1'], 'pause', ['b', '2\n'], ['a', '!\n']],
      'a | one\nb | two\na | …1\nb | …2\na | …!\n',
    ],
    ['an empty line is one', [['a', 'one'], 'pause', ['a', '\n\n'], ['b', '\n']], 'a | one\na | \nb | \n'],
    ['a long one does not wait', [['a', 'x'.repeat(5000)]], `a | ${'x'.repeat(5000)}`],
  ];
  for (const [what, steps, expected] of cases) {
    it(`with a partial one: ${what}`, async () => {
      mock.timers.enable({ apis: ['setTimeout'] });
      try {
        const screen = new Screen();
        const processes = { a: screen.process('a'), b: screen.process('b') };
        for (const step of steps) {
          if (step === 'pause') mock.timers.tick(200);
          else await addInPieces(processes[step[0]], Buffer.from(step[1]));
        }
        assert.equal(screen.text, expected);
      } finally {
        mock.timers.reset();
      }
    });
  }

  it('keep nothing of a line without an end, and print each of its bytes once', async () => {
    const screen = new Screen();
    const lines = screen.process('p');
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const began = process.cpuUsage();
    for (let count = 0; count < 1000; count++) await lines.add(chunk);
    const { user, system } = process.cpuUsage(began);
    await lines.end('ended');
    assert.ok(screen.written.every((text) => text.length < chunk.length + 100));
    assert.equal(screen.text.length, 'p | '.length + 1000 * chunk.length + '\np | ended\n'.length);
    assert.ok(user + system < 5_000_000, `${(user + system) / 1000} ms for 64 MB`);
  });
});
