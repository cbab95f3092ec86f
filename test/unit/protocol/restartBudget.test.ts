import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestartBudget } from '../../../src/protocol/restartBudget.ts';

describe('the budget of restarts', () => {
  it('is five in three minutes, and comes back with time or with a person’s wish', () => {
    const budget = new RestartBudget();
    const minute = 60_000;
    const asked = [0, 1, 2, 3, 4, 5, 6, minute, 3 * minute - 1, 3 * minute].map((at) => budget.take(at));
    assert.deepEqual(asked, [true, true, true, true, true, false, false, false, false, true]);
    budget.reset();
    assert.ok([1, 2, 3, 4, 5].every((at) => budget.take(3 * minute + at)));
  });
});
