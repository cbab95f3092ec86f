import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PrefixedLines } from '../../../src/cli/prefixedLines.ts';

describe('prefixed lines', () => {
  it('are whole, however the bytes come', () => {
    const bytes = Buffer.from('eins\r\nzwö\n\nlast');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const lines = new PrefixedLines('p | ');
      const text = lines.add(bytes.subarray(0, cut)) + lines.add(bytes.subarray(cut)) + lines.rest();
      assert.equal(text, 'p | eins\np | zwö\np | \np | last\n', `cut at ${cut}`);
    }
  });

  it('do not invent a last line', () => {
    const lines = new PrefixedLines('p | ');
    assert.equal(lines.add(Buffer.from('one\n')) + lines.rest(), 'p | one\n');
  });
});
