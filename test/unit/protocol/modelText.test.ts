import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelSnapshot } from '../../../src/protocol/models.ts';
import { modelStateText } from '../../../src/protocol/modelText.ts';

describe('the state of a model, in words', () => {
  const cases: [string, Partial<ModelSnapshot>][] = [
    ['cold', { state: 'cold' }],
    ['loading', { state: 'loading' }],
    ['loading 40 %', { state: 'loading', progress: 40.2 }],
    ['downloading 340 MB', { state: 'loading', downloadedBytes: 340 * 2 ** 20 }],
    ['downloading 1.2 GB (25 %)', { state: 'loading', downloadedBytes: 1.2 * 2 ** 30, progress: 25 }],
    ['busy 2/4', { state: 'ready', outstanding: 2, capacity: 4 }],
  ];
  for (const [expected, changes] of cases)
    it(`is "${expected}"`, () => assert.equal(modelStateText({ outstanding: 0, capacity: 0, ...changes } as ModelSnapshot), expected));
});
