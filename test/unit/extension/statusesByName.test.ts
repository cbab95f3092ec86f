import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusesByName } from '../../../src/extension/statusesByName.ts';
import type { NameStatus } from '../../../src/protocol/declare.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';

const idle: NameStatus = { name: 'web', origin: 'own', instances: 1, desired: [], running: [] };
const background: NameStatus = { ...idle, origin: 'background' };
const running = [{ name: 'web', tree: 't' as TreeId }];

describe('of a name that several wardens know', () => {
  const cases: readonly (readonly [string, NameStatus, NameStatus, 'first' | 'second'])[] = [
    ['the first counts where nothing runs', idle, background, 'first'],
    ['what runs counts', { ...idle, running }, background, 'first'],
    ['what runs counts, in whatever order', idle, { ...background, running }, 'second'],
    ['what is to run counts', idle, { ...background, desired: ['web'] }, 'second'],
    ['what is declared counts before what runs and is not', { name: 'web', instances: 1, desired: [], running }, background, 'second'],
  ];
  for (const [what, first, second, expected] of cases)
    it(what, () => {
      const found = statusesByName([
        { status: first, warden: 'first' },
        { status: second, warden: 'second' },
      ]);
      assert.deepEqual(found.get('web'), { status: expected === 'first' ? first : second, warden: expected });
    });

  it('each has its own', () => {
    const other = { ...idle, name: 'api' };
    const found = statusesByName([idle, other].map((status) => ({ status, warden: 'one' })));
    assert.deepEqual([...found.keys()], ['web', 'api']);
  });
});
