/** What is ended with a process that was left behind, where numbers of processes and sessions pass to others meanwhile. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endTree } from '../../../src/leftBehind/endTree.ts';
import type { ProcessIdentity, ProcessStat } from '../../../src/platform/platform.ts';
import { descendantsIn } from '../../../src/platform/walk.ts';
import { inertPlatform } from '../../support/inertPlatform.ts';

const figures = { alive: true, stopped: false, name: 'x', threads: 1, cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 };

function process(pid: number, parent: number, session: number, startTime = pid): ProcessStat {
  return { pid, parent, session, group: session, startTime, ...figures };
}

/** The root leads session 50; it ends at SIGTERM, and its child in another session ends at SIGKILL. `after` runs in its place when `looks` have been taken since. */
async function signalled(after: readonly ProcessStat[], looks = 0): Promise<[number, number][]> {
  const root = process(50, 1, 50);
  const deaf = process(60, 50, 60);
  const signals: [number, number][] = [];
  let table: ProcessStat[] = [root, deaf];
  let left = Number.POSITIVE_INFINITY;
  const look = (): readonly ProcessStat[] => {
    if (left-- === 0) table = [...table, ...after];
    return table;
  };
  const platform = {
    ...inertPlatform,
    allProcesses: () => [...look()],
    descendants: (roots: Iterable<ProcessIdentity>) => descendantsIn(table, roots),
    signal: ({ pid, startTime }: ProcessIdentity, signal: NodeJS.Signals) => {
      signals.push([pid, startTime]);
      if (pid === root.pid && startTime === root.startTime) left = looks;
      if (signal === 'SIGKILL' || pid === root.pid) table = table.filter((one) => one.pid !== pid || one.startTime !== startTime);
      else table = table.map((one) => (one.parent === root.pid ? { ...one, parent: 1 } : one));
      return 'sent' as const;
    },
  };
  await endTree(platform, root, [root, deaf]);
  return signals.filter(([pid, startTime]) => ![root, deaf].some((one) => one.pid === pid && one.startTime === startTime));
}

describe('the end of a process that was left behind', { concurrency: true }, () => {
  it('takes in what is left of its session, though nothing that is known leads there', async () => {
    assert.deepEqual([...new Set((await signalled([process(70, 1, 50)])).map(([pid]) => pid))], [70]);
  });

  it('takes in nothing of another session that has its number by now', async () => {
    assert.deepEqual(await signalled([process(50, 2, 50, 900), process(901, 50, 50), process(902, 1, 50)]), []);
  });

  it('takes in nothing of another session whose first process has ended, too', async () => {
    assert.deepEqual(await signalled([process(902, 1, 50)], 2), []);
  });
});
