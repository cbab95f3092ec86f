/** Which bytes a terminal gets for the names of keys: as tmux send-keys sends them, but that names are case-sensitive, S-Tab is one, and Home and End are those of xterm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyBytes } from '../../../src/protocol/keys.ts';

const cases: [written: string, bytes: string, by: 'key' | 'text' | 'enter'][] = [
  ['Enter', '\r', 'enter'],
  ['M-Enter', '\x1b\r', 'key'],
  ['Space', ' ', 'text'],
  ['Tab', '\t', 'text'],
  ['BTab', '\x1b[Z', 'key'],
  ['S-Tab', '\x1b[Z', 'key'],
  ['BSpace', '\x7f', 'key'],
  ['Escape', '\x1b', 'key'],
  ['C-c', '\x03', 'key'],
  ['C-C', '\x03', 'key'],
  ['^D', '\x04', 'key'],
  ['C-@', '\0', 'key'],
  ['C-Space', '\0', 'key'],
  ['C-[', '\x1b', 'key'],
  ['C-\\', '\x1c', 'key'],
  ['C-?', '\x7f', 'key'],
  ['M-x', '\x1bx', 'key'],
  ['M-é', '\x1bé', 'key'],
  ['C-M-a', '\x1b\x01', 'key'],
  ['M-C-a', '\x1b\x01', 'key'],
  ['Up', '\x1b[A', 'key'],
  ['S-Up', '\x1b[1;2A', 'key'],
  ['C-Left', '\x1b[1;5D', 'key'],
  ['C-M-S-End', '\x1b[1;8F', 'key'],
  ['Home', '\x1b[H', 'key'],
  ['DC', '\x1b[3~', 'key'],
  ['C-PgDn', '\x1b[6;5~', 'key'],
  ['F1', '\x1bOP', 'key'],
  ['S-F1', '\x1b[1;2P', 'key'],
  ['F12', '\x1b[24~', 'key'],
  // No names of keys.
  ['hello', 'hello', 'text'],
  ['enter', 'enter', 'text'],
  ['F13', 'F13', 'text'],
  ['C-', 'C-', 'text'],
  ['C-hello', 'C-hello', 'text'],
  ['C-1', 'C-1', 'text'],
  ['M-hello', 'M-hello', 'text'],
  ['S-a', 'S-a', 'text'],
  ['^', '^', 'text'],
  ['-', '-', 'text'],
  ['toString', 'toString', 'text'],
  ['C-constructor', 'C-constructor', 'text'],
  ['日本', '日本', 'text'],
];

describe('keys', () => {
  for (const [written, data, by] of cases) {
    it(`${written}: ${JSON.stringify(data)}`, () => {
      assert.deepEqual({ by: keyBytes(written).by, data: keyBytes(written).data.toString() }, { by, data });
    });
  }

  it('are text where everything is', () => {
    for (const [written] of cases) assert.deepEqual(keyBytes(written, true), { by: 'text', name: written, data: Buffer.from(written) });
  });
});
