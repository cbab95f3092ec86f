import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RestartPolicy } from '../../../../src/protocol/policies.ts';
import type { TreeState } from '../../../../src/protocol/snapshot.ts';
import { planRestart } from '../../../../src/warden/reconciler/restartPlan.ts';

const onFailure: RestartPolicy = { when: 'on-failure', maxRestarts: 3, windowMillis: 1000, delayMillis: 100, maxDelayMillis: 300 };
const now = 10_000;

function plan(policy: RestartPolicy | undefined, state: TreeState, earlier: readonly number[] = [], random = 0.999_999, wanted = false) {
  return planRestart(policy, { state, wanted }, earlier, now, random);
}

describe('whether a tree is started again', () => {
  const ends: readonly TreeState[] = ['succeeded', 'exited', 'failed', 'killed', 'unkillable'];
  const cases: [string, RestartPolicy | undefined, readonly TreeState[]][] = [
    ['without a policy: never', undefined, []],
    ['on failure: when it has failed', onFailure, ['failed']],
    ['always: unless one of its processes cannot be killed', { ...onFailure, when: 'always' }, ['succeeded', 'exited', 'failed', 'killed']],
  ];
  for (const [what, policy, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        ends.filter((state) => plan(policy, state).next === 'restart'),
        expected,
      ),
    );

  it('not when its end was requested', () =>
    assert.deepEqual(plan({ ...onFailure, when: 'always' }, 'failed', [], 0, true), { next: 'stay' }));
});

describe('the delay', () => {
  it('doubles with each start within the window, up to the longest', () => {
    const delays = [[], [now - 10], [now - 20, now - 10]].map((earlier) => plan(onFailure, 'failed', earlier));
    assert.deepEqual(delays, [
      { next: 'restart', delayMillis: 100, attempt: 1 },
      { next: 'restart', delayMillis: 200, attempt: 2 },
      { next: 'restart', delayMillis: 300, attempt: 3 },
    ]);
  });

  it('is up to a quarter shorter, by chance', () => {
    assert.deepEqual(plan(onFailure, 'failed', [], 0), { next: 'restart', delayMillis: 75, attempt: 1 });
    assert.deepEqual(plan(onFailure, 'failed', [], 0.5), { next: 'restart', delayMillis: 88, attempt: 1 });
  });

  it('does not know starts from before the window', () =>
    assert.deepEqual(plan(onFailure, 'failed', [now - 1000, now - 5000]), { next: 'restart', delayMillis: 100, attempt: 1 }));

  it('ends when it was started so often', () =>
    assert.deepEqual(plan(onFailure, 'failed', [now - 30, now - 20, now - 10]), { next: 'giveUp', attempts: 3 }));
});
