import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RemoteFigures } from '../../../src/protocol/remoteRequests.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import type { LocalWarden } from '../../../src/remote/localWarden.ts';
import { Reporter } from '../../../src/remote/reporter.ts';

describe('what a connector reports', () => {
  it('has figures where these have changed', () => {
    const told: (readonly [string, number | undefined])[] = [];
    const local = {
      report: ({ phase }: { phase: string }, figures?: RemoteFigures) => void told.push([phase, figures?.memoryBytes]),
    } as unknown as LocalWarden;
    const reporter = new Reporter(local, { runner: 'ssh', lease: 'lease' });
    const treeWith = (memoryBytes: number, ...ports: readonly number[]): TreeSnapshot => {
      const found = ports.map((port) => ({ protocol: 'tcp', port, address: '127.0.0.1', inode: Math.random() }));
      const member = { pid: 1, memoryBytes, ports: found } as unknown as MemberSnapshot;
      return { members: [member], cpuPercent: 0, memoryBytes, readRate: 0, writeRate: 0, zombies: 0 } as unknown as TreeSnapshot;
    };
    reporter.tell({ phase: 'running' });
    for (const tree of [treeWith(1, 80), treeWith(1, 80), treeWith(2, 80), treeWith(2, 80, 81), treeWith(2, 80, 81)])
      reporter.figures(tree);
    reporter.tell({ phase: 'lost' });
    reporter.figures(treeWith(1, 80));
    assert.deepEqual(told, [
      ['running', undefined],
      ['running', 1],
      ['running', 2],
      ['running', 2],
      ['lost', undefined],
      ['lost', 1],
    ]);
  });
});
