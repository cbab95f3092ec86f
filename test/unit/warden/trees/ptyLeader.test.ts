import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { IPty } from 'node-pty';
import type { ProcessStat } from '../../../../src/platform/platform.ts';
import { spawnOnPty } from '../../../../src/warden/trees/ptyLeader.ts';
import { eventually } from '../../../support/run.ts';

const first: ProcessStat = {
  ...{ pid: process.pid, startTime: 1, parent: 1, group: 1, session: 1, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
};
const events = {
  ...{ onChild: () => undefined, onOutput: () => undefined, onOutputEnd: () => undefined },
  onExit: () => assert.fail('the library has told of no end'),
};

/** Whether this process has it open. */
function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // That of the listing itself.
    }
  });
}

it('a terminal is let go of when the number of its leader is another process’s', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-pty-leader-'));
  const terminal = join(folder, 'terminal');
  writeFileSync(terminal, '');
  let now = first;
  let looks = 0;
  const pty = { pid: process.pid, ptsName: terminal, onData: () => undefined, onExit: () => undefined } as unknown as IPty;
  const stat = (): ProcessStat => {
    looks++;
    return now;
  };
  try {
    spawnOnPty(() => pty, 'program', events, { stat });
    await eventually('it is compared', () => looks >= 2);
    assert.ok(isOpen(terminal), 'it is the same one');
    now = { ...first, startTime: 2 };
    await eventually('it is closed', () => !isOpen(terminal));
  } finally {
    // What watches it ends with that.
    now = { ...first, startTime: 2 };
    rmSync(folder, { recursive: true });
  }
});
