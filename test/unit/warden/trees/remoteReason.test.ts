import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RemoteStatus } from '../../../../src/protocol/runner.ts';
import type { TreeState } from '../../../../src/protocol/snapshot.ts';
import { reasonOf } from '../../../../src/warden/trees/remoteReason.ts';

const midnight = new Date(new Date().getFullYear() + 1, 0, 2, 14, 5).getTime();
const today = new Date(new Date().setHours(14, 5, 0, 0)).getTime();

const status = (changes: Partial<RemoteStatus>): RemoteStatus => ({
  lease: 'l',
  runner: 'slurm',
  phase: 'running',
  node: 'gpu1',
  ...changes,
});

const rows: readonly (readonly [TreeState, Partial<RemoteStatus>, string | RegExp])[] = [
  ['ready', {}, 'ready'],
  ['ready', { endsAt: today }, 'ready'],
  ['ready', { endsAt: today, stopsAt: today }, 'ends at 14:05 by its time limit'],
  ['ready', { endsAt: midnight, stopsAt: midnight }, /^ends at \d{4}-01-02 14:05 by its time limit$/],
  ['ready', { endsAt: today, stopsAt: today, reason: 'denied' }, 'ends at 14:05 by its time limit: it was not given more time (denied)'],
  ['ready', { endsAt: today, stopsAt: today, phase: 'ending' }, 'ends at 14:05 by its time limit'],
  ['stopping', { endsAt: today, stopsAt: today, phase: 'ending' }, 'ready'],
  [
    'ready',
    { endsAt: today, stopsAt: today, phase: 'lost', reason: 'no route' },
    'gpu1 does not answer, and what runs there ends by itself: no route',
  ],
  ['ready', { phase: 'paused', reason: 'the job is suspended' }, 'does not run for a while: the job is suspended'],
  ['starting', { phase: 'queued', reason: 'Resources', ahead: 2 }, 'waits in the queue of Slurm (Resources, 2 jobs before it)'],
];

for (const [state, changes, expected] of rows)
  it(`says of a tree that is ${state}, and ${JSON.stringify({ ...changes, endsAt: undefined, stopsAt: undefined })}: ${expected}`, () => {
    const said = String(reasonOf({ state, reason: 'ready' }, status(changes)));
    if (typeof expected === 'string') assert.equal(said, expected);
    else assert.match(said, expected);
  });
