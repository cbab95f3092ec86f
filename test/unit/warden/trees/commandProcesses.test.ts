import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessStat } from '../../../../src/platform/platform.ts';
import { startedByCommand } from '../../../../src/warden/trees/commandProcesses.ts';

const at = (pid: number, parent: number, startTime: number, session: number): ProcessStat => ({
  ...{ pid, parent, startTime, session, group: session, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
});
const command = { pid: 40, startTime: 100 };

describe('what a probe’s command has started', () => {
  const cases: readonly (readonly [string, readonly ProcessStat[], readonly number[]])[] = [
    ['where sessions are the kernel’s own, an orphan too', [at(40, 1, 100, 40), at(44, 1, 101, 40), at(48, 1, 50, 8)], [40, 44]],
    ['where they are not, by descent', [at(48, 44, 102, 1), at(44, 40, 101, 1), at(40, 8, 100, 1), at(8, 4, 50, 1)], [48, 44, 40]],
    ['where the command and a child of it have ended', [at(44, 40, 101, 1), at(8, 4, 50, 1)], [44]],
    ['never what is older: its parent had the same number', [at(12, 40, 60, 1), at(16, 12, 61, 1)], []],
  ];
  for (const [what, members, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        startedByCommand(command, members).map(({ pid }) => pid),
        expected,
      ),
    );
});
