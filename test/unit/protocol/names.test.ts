import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { maxNameLength, nameFrom, nameProblem, normalName } from '../../../src/protocol/names.ts';
import { holdsFor } from '../../support/property.ts';

describe('a name', () => {
  const good = [
    'web',
    'Größe',
    'café',
    'сервер',
    '服务器',
    'サーバー',
    'خادم',
    'सर्वर',
    'שרת',
    '3',
    '_x',
    'a/b:c@d.e-f g',
    '𝒳',
    'می\u200cخواهم',
    'x'.repeat(maxNameLength),
  ];
  for (const name of good)
    it(`may be ${name.slice(0, 20)}`, () => {
      assert.equal(nameProblem(normalName(name)), undefined);
      const { specs, problems } = parseProcesses(JSON.stringify({ processes: { [name]: { command: 'x' } } }));
      assert.deepEqual([problems, [...specs.keys()]], [[], [normalName(name)]]);
    });

  const bad = [
    '',
    ' a',
    '-a',
    '.a',
    'a\nb',
    'a\x1b[31m',
    'a\0',
    'a\u202eb',
    'a\u2028b',
    'a#2',
    'a(b)',
    '\ud800',
    'x'.repeat(maxNameLength + 1),
  ];
  for (const name of bad)
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.match(nameProblem(name) ?? '', /^a name /);
      assert.equal(parseProcesses(JSON.stringify({ processes: { [name]: { command: 'x' } } })).specs.size, 0);
    });

  it('is the same, however its letters are put together', () => {
    const { specs } = parseProcesses(JSON.stringify({ processes: { 'cafe\u0301': { command: 'x' } } }));
    assert.deepEqual([...specs.keys()], ['caf\u00e9']);
  });

  it('can be made of any text', () =>
    holdsFor(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', minLength: 150 })), (text) => {
      const name = nameFrom(text, 'fallback');
      assert.equal(nameProblem(name), undefined, JSON.stringify(name));
      assert.equal(nameFrom(name, ''), name);
    }));
});
