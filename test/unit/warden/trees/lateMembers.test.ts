import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessStat, SignalOutcome } from '../../../../src/platform/platform.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { StartRequest } from '../../../../src/protocol/startRequest.ts';
import type { Journal, JournalRecord } from '../../../../src/warden/journal.ts';
import { LateMembers } from '../../../../src/warden/trees/lateMembers.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';

const tree = { id: '11111111-1111-4111-8111-111111111111' as TreeId, request: { name: 'it' } as StartRequest };
const member: ProcessStat = {
  ...{ pid: 7, startTime: 1, parent: 1, group: 7, session: 7, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
};

function late(answer: SignalOutcome): { readonly late: LateMembers; readonly events: string[]; readonly kills: () => number } {
  const events: string[] = [];
  let kills = 0;
  let lives = true;
  const signal = (_target: unknown, name: string): SignalOutcome => {
    if (name === 'SIGKILL') {
      kills++;
      if (answer === 'sent') lives = false;
    }
    return answer;
  };
  const journal = { write: ({ event }: JournalRecord) => void events.push(event) } as unknown as Journal;
  const parts = { platform: { ...inertPlatform, signal }, journal };
  return { late: new LateMembers(parts, () => (lives ? [member] : [])), events, kills: () => kills };
}

describe('members that turn up when their tree has ended', () => {
  it('are killed by one attempt, however many looks see them', async () => {
    const { late: lateMembers, events, kills } = late('sent');
    for (let look = 0; look < 100; look++) lateMembers.kill(tree);
    await lateMembers.settled();
    assert.deepEqual(events, ['late-member']);
    assert.equal(kills(), 1);
    lateMembers.kill(tree);
    assert.deepEqual(events, ['late-member', 'late-member'], 'the next one is another attempt');
    await lateMembers.settled();
  });

  it('that cannot be killed are not tried again at once', async () => {
    const { late: lateMembers, events } = late('denied');
    for (let look = 0; look < 3; look++) {
      lateMembers.kill(tree);
      await lateMembers.settled();
    }
    assert.deepEqual(events, ['late-member', 'cleanup-failed']);
  });
});
