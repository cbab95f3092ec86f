import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';

/** Pids that are shown at a time, in seconds; a member is its pid, or its pid and its parent's. */
function membersAt(): { readonly shown: ShownMembers; at(seconds: number, ...members: (number | [number, number])[]): number[] } {
  let now = 0;
  const shown = new ShownMembers(() => now);
  return {
    shown,
    at: (seconds, ...members) => {
      now = seconds * 1000;
      const snapshots = members.map((member) => {
        const [pid, parent] = Array.isArray(member) ? member : [member, 1];
        return { pid, parent, name: 'p', threads: 1, cpuPercent: 0, memoryBytes: 0, zombie: false, stray: false };
      });
      return shown.of({ id: 'one' as TreeId, members: snapshots } as unknown as TreeSnapshot).map(({ pid }) => pid);
    },
  };
}

describe('the members that are shown', () => {
  it('are all at first', () => {
    const { at } = membersAt();
    assert.deepEqual(at(0, 10), [10]);
    assert.deepEqual(at(1, 10, 11, 12), [10, 11, 12]);
  });

  it('are later those who stay', () => {
    const { at } = membersAt();
    at(0, 10);
    assert.deepEqual(at(10, 10, 20), [10]);
    assert.deepEqual(at(11, 10, 21), [10]);
    assert.deepEqual(at(12, 10, 21, 22), [10]);
    assert.deepEqual(at(13, 10, 21), [10, 21]);
    assert.deepEqual(at(14, 10), [10]);
  });

  it('stand below whom they descend from', () => {
    const { at } = membersAt();
    at(0, 10);
    // A process that was there slips a new parent in between.
    at(10, 10, [30, 10]);
    assert.deepEqual(at(12, 10, [40, 10], [30, 40]), [10, 40, 30]);
  });
});
