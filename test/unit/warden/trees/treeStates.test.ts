import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TreeState } from '../../../../src/protocol/messages.ts';
import { nextState, type TreeEvent } from '../../../../src/warden/trees/treeStates.ts';

const states: readonly TreeState[] = ['starting', 'ready', 'stopping', 'exited', 'failed', 'killed', 'unkillable'];

const events: Record<string, TreeEvent> = {
  spawned: { type: 'spawned', awaited: false },
  'spawned, to be waited for': { type: 'spawned', awaited: true },
  'found ready': { type: 'ready' },
  'spawn failed': { type: 'spawnFailed' },
  'stop requested': { type: 'stopRequested' },
  'leader exited well, nobody left': { type: 'leaderExited', ok: true, membersLeft: false, policy: 'kill' },
  'leader failed, nobody left': { type: 'leaderExited', ok: false, membersLeft: false, policy: 'keep' },
  'leader exited, members to be killed': { type: 'leaderExited', ok: true, membersLeft: true, policy: 'kill' },
  'leader exited, members kept': { type: 'leaderExited', ok: false, membersLeft: true, policy: 'keep' },
  'gone, as asked': { type: 'gone', forced: false, ok: true },
  'gone, failed': { type: 'gone', forced: false, ok: false },
  'gone, by force': { type: 'gone', forced: true, ok: true },
  stuck: { type: 'stuck' },
};

/** What follows; everything that is not here is ignored. */
const transitions: Record<string, Partial<Record<TreeState, TreeState>>> = {
  spawned: { starting: 'ready' },
  'spawned, to be waited for': { starting: 'starting' },
  'found ready': { starting: 'ready' },
  'spawn failed': { starting: 'failed' },
  'stop requested': { starting: 'stopping', ready: 'stopping', exited: 'stopping', unkillable: 'stopping' },
  'leader exited well, nobody left': { starting: 'exited', ready: 'exited' },
  'leader failed, nobody left': { starting: 'failed', ready: 'failed' },
  'leader exited, members to be killed': { starting: 'stopping', ready: 'stopping' },
  'leader exited, members kept': { starting: 'exited', ready: 'exited' },
  'gone, as asked': { stopping: 'exited', unkillable: 'exited' },
  'gone, failed': { stopping: 'failed', unkillable: 'failed', exited: 'failed' },
  'gone, by force': { stopping: 'killed', unkillable: 'killed' },
  stuck: { stopping: 'unkillable' },
};

describe('a tree in each state, at each event', () => {
  for (const [name, event] of Object.entries(events)) {
    for (const state of states) {
      const expected = transitions[name]?.[state];
      it(`${state}, ${name}: ${expected ?? 'ignored'}`, () => assert.equal(nextState(state, event), expected));
    }
  }
});
