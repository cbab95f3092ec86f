import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { uncontained } from '../../../../src/platform/container.ts';
import { type ProcessStat, ProcessTableError } from '../../../../src/platform/platform.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { StartRequest } from '../../../../src/protocol/startRequest.ts';
import type { TreeOutput } from '../../../../src/warden/output/treeOutput.ts';
import { Tree } from '../../../../src/warden/trees/tree.ts';
import type { TreeContext } from '../../../../src/warden/trees/treeContext.ts';
import type { TreeEvents } from '../../../../src/warden/trees/treeEvents.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';
import { eventually } from '../../../support/run.ts';

const leader: ProcessStat = {
  ...{ pid: 7, startTime: 1, parent: 1, group: 7, session: 7, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
};
const request: StartRequest = {
  ...{ name: 'it', argv: ['it'], cwd: '/', env: {}, stdio: 'file', stop: [] },
  ...{ whenLeaderExits: 'kill', containment: 'group', onLimit: 'warn' },
};

/** One that lives already; what is seen of it is `look`. */
function treeSeenBy(look: () => ProcessStat[]): Tree {
  const context: TreeContext = {
    platform: inertPlatform,
    lifetime: 'managed',
    output: { finish: () => undefined, attach: () => undefined, write: () => undefined } as unknown as TreeOutput,
    rawSocket: '',
    contain: () => uncontained,
    alive: look,
    limitReached: () => undefined,
    remoteFailure: () => undefined,
    cleared: Promise.resolve(),
    events: new EventEmitter<TreeEvents>(),
  };
  const tree = new Tree('11111111-1111-4111-8111-111111111111' as TreeId, request, context, { startedAt: 0, commandLine: 'it' });
  tree.adopt(leader, uncontained);
  return tree;
}

describe('a tree whose processes cannot be seen while it is ended', () => {
  it('says so, can be stopped again, and ends when it is seen that none is left', async () => {
    let look = (): ProcessStat[] => {
      throw new ProcessTableError('blind');
    };
    const tree = treeSeenBy(() => look());
    for (let stops = 0; stops < 2; stops++) {
      await tree.stop('asked to', [], true);
      assert.deepEqual([tree.state, tree.ended], ['unkillable', false]);
      assert.match(String(tree.reason), /cannot be seen/);
    }
    look = () => [];
    tree.observe(0);
    await eventually('it has ended', () => tree.ended);
    assert.deepEqual([tree.state, String(tree.reason)], ['exited', 'asked to']);
  });
});
