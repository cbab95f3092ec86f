import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyMask } from '../../../../src/gateway/remote/keyMask.ts';
import { holdsFor } from '../../../support/property.ts';

const key = 'sk-sk-sk-0123';

describe('a key in an error', () => {
  const piece = fc.oneof(fc.constantFrom(key, key.slice(0, 5), key.slice(0, -1), key.slice(3), 'ä'), fc.string({ maxLength: 6 }));

  it('is replaced however the bytes are cut, and nothing else is', () =>
    holdsFor(fc.record({ pieces: fc.array(piece, { maxLength: 12 }), cut: fc.integer({ min: 1, max: 30 }) }), ({ pieces, cut }) => {
      const text = pieces.join('');
      const bytes = Buffer.from(text);
      const mask = KeyMask.of(key);
      assert.ok(mask);
      const passed: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += cut) passed.push(mask.add(bytes.subarray(at, at + cut)));
      assert.equal(Buffer.concat([...passed, mask.end()]).toString(), text.replaceAll(key, '*'.repeat(key.length)));
    }));

  it('stays where it is a word that servers without keys are given', () => {
    for (const none of [undefined, 'none', 'ollama']) assert.equal(KeyMask.of(none), undefined);
  });
});
