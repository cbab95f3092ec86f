import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../../src/gateway/gatewayError.ts';
import { Budget, type Charge } from '../../../../src/gateway/spending/budget.ts';
import { periodOf } from '../../../../src/protocol/budgetPeriods.ts';
import { budgetPeriods, type Spending } from '../../../../src/protocol/remoteModels.ts';
import { holdsFor } from '../../../support/property.ts';

const id = 'c'.repeat(32);
const hour = 3_600_000;

function begun(budget: Budget): Charge | undefined {
  try {
    return budget.begin();
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.status === 429 && error.details.mayFallBack);
    return undefined;
  }
}

describe('a budget', () => {
  const step = fc.record({
    hours: fc.integer({ min: 0, max: 40 }),
    tokens: fc.integer({ min: 0, max: 50 }),
    does: fc.constantFrom('ask', 'answer', 'cancel', 'restart', 'elsewhere'),
  });
  const plan = fc.record({
    per: fc.constantFrom(...budgetPeriods),
    requests: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
    tokens: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    steps: fc.array(step, { maxLength: 60 }),
  });

  it('is never exceeded by a request, nor by more tokens than those that were under way had, over restarts and periods', () =>
    holdsFor(plan, ({ per, requests, tokens, steps }) => {
      let at = Date.parse('2026-01-30T22:00:00Z');
      const told: Spending[] = [];
      const declared = { id, per, ...(requests !== undefined && { requests }), ...(tokens !== undefined && { tokens }) };
      const parts = { presentAt: () => at, onSpent: (_: string, spent: Spending) => void told.push(spent) };
      const onRecord = (): Spending => {
        const period = periodOf(per, at);
        const own = told.filter((one) => one.period === period);
        const sum = (figures: readonly number[]): number => figures.reduce((all, one) => all + one, 0);
        return { period, requests: sum(own.map((one) => one.requests)), tokens: sum(own.map((one) => one.tokens)) };
      };
      let budget = new Budget('gpt', declared, undefined, parts);
      let open: Charge[] = [];
      for (const { hours, does, tokens: cost } of steps) {
        at += hours * hour;
        const before = onRecord();
        if (does === 'ask') {
          const charge = begun(budget);
          const hasRoom =
            (requests === undefined || before.requests + open.length < requests) && (tokens === undefined || before.tokens < tokens);
          assert.equal(charge !== undefined, hasRoom);
          if (charge) open.push(charge);
        } else if (does === 'answer') open.shift()?.spend(cost);
        else if (does === 'cancel') open.shift()?.cancel();
        else if (does === 'elsewhere' && requests === undefined) {
          const spent = { period: periodOf(per, at), requests: 1, tokens: cost };
          told.push(spent);
          budget.addElsewhere(spent);
        } else if (does === 'restart') {
          // What was under way has ended with the process.
          open = [];
          budget = new Budget('gpt', declared, before, parts);
        }
        const { usedRequests, usedTokens, renewsAt } = budget.snapshot();
        assert.deepEqual([usedRequests, usedTokens], [onRecord().requests, onRecord().tokens]);
        assert.ok(renewsAt > at);
      }
    }));

  it('counts a request once, whatever is said of it later', () => {
    const told: Spending[] = [];
    const budget = new Budget('gpt', { id, per: 'day', requests: 2 }, undefined, {
      presentAt: () => 0,
      onSpent: (_, spent) => void told.push(spent),
    });
    const charge = budget.begin();
    charge.spend(5);
    charge.spend(5);
    charge.cancel();
    budget.begin().cancel();
    assert.deepEqual(told, [{ period: '1970-01-01', requests: 1, tokens: 5 }]);
    budget.begin();
    assert.equal(begun(budget), undefined);
  });

  it('says when it begins again', () => {
    const parts = { presentAt: () => Date.parse('2026-12-31T23:00:00Z'), onSpent: () => undefined };
    const error: unknown = (() => {
      try {
        return new Budget('gpt', { id, per: 'day', tokens: 10 }, { period: '2026-12-31', requests: 1, tokens: 11 }, parts).begin();
      } catch (caught) {
        return caught;
      }
    })();
    assert.ok(error instanceof GatewayError);
    assert.equal(error.message, "The budget of 'gpt' is spent: 10 tokens a day. It begins again at 2027-01-01 00:00 UTC.");
    assert.equal(error.details.retryAfterSeconds, 3600);
  });

  it('keeps what is spent where only its limits change', () => {
    const budget = new Budget('gpt', { id, per: 'day', requests: 1 }, undefined, { presentAt: () => 0, onSpent: () => undefined });
    budget.begin().spend(1);
    assert.equal(begun(budget), undefined);
    assert.ok(budget.isOf({ id, per: 'day', requests: 5 }));
    assert.ok(!budget.isOf({ id, per: 'month', requests: 5 }));
    budget.update({ id, per: 'day', requests: 2 });
    assert.ok(begun(budget));
  });
});
