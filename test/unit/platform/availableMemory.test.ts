import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { it } from 'node:test';
import { availableMemory } from '../../../src/platform/availableMemory.ts';

it('the memory that is left is some, and less than the machine has', { skip: process.platform === 'darwin' }, () => {
  const bytes = availableMemory() ?? Number.NaN;
  assert.ok(bytes > 2 ** 20 && bytes < totalmem(), `${bytes} of ${totalmem()}`);
});
