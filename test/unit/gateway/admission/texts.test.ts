import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalText, waitText } from '../../../../src/gateway/admission/texts.ts';

const gigabyte = 2 ** 30;
const shortage = { resource: 'memory', needs: 14.2 * gigabyte, budget: 12 * gigabyte, pinned: [], pinnedAmount: 0 };

describe('what people are told of a budget', () => {
  const refusals: [string, Parameters<typeof refusalText>[1], string][] = [
    [
      'where it is too small',
      shortage,
      '\'x\' cannot be loaded: it needs 14.2 GB of memory, and 12.0 GB is the budget. Raise "gateway" in processes.json, or say in "memory" of the model what it really takes.',
    ],
    [
      'where others are pinned to it',
      { ...shortage, resource: 'gpu 1', needs: 512 * 2 ** 20, pinned: ['a', 'b'], pinnedAmount: 11.8 * gigabyte },
      "'x' cannot be loaded: it needs 512 MB of memory of GPU 1, and 12.0 GB is the budget, 11.8 GB of it pinned by 'a', 'b'. Unload what is pinned, or raise \"gateway\" in processes.json.",
    ],
    [
      'where its size is not known, and all is pinned',
      { ...shortage, resource: 'gpus', needs: Number.POSITIVE_INFINITY, pinned: ['a'], pinnedAmount: 12 * gigabyte },
      "'x' cannot be loaded: it is not known how much GPU memory it needs, and 12.0 GB is the budget, 12.0 GB of it pinned by 'a'. Unload what is pinned, or raise \"gateway\" in processes.json.",
    ],
    [
      'where the place in its group is pinned',
      { ...shortage, resource: 'group gpu', needs: 1, budget: 1, pinned: ['a'], pinnedAmount: 1 },
      "'x' cannot be loaded: 'a' of the exclusive group 'gpu' is loaded and pinned.",
    ],
  ];
  for (const [what, found, expected] of refusals)
    it(`is a sentence with the figures ${what}`, () => assert.equal(refusalText('x', found), expected));

  it('is what a model waits for', () => {
    assert.equal(
      waitText(new Map([['memory', 6 * gigabyte]]), [
        { name: 'a', does: 'answering' },
        { name: 'b', does: 'unloading' },
        { name: 'c', does: 'busy' },
      ]),
      "waits for 6.0 GB of memory: 'a' is answering, 'b' is unloading, 'c' has requests",
    );
    assert.equal(waitText(new Map([['group gpu', 1]]), []), 'waits for its turn: others were asked before');
  });
});
