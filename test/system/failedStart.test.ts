import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { uncontained } from '../../src/platform/container.ts';
import { type Platform, ProcessTableError } from '../../src/platform/platform.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { TreeOutput } from '../../src/warden/output/treeOutput.ts';
import { Tree } from '../../src/warden/trees/tree.ts';
import type { TreeEvents } from '../../src/warden/trees/treeEvents.ts';
import { inertPlatform } from '../support/inertPlatform.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const folder = mkdtempSync(join(tmpdir(), 'tw-failed-start-'));
const children: number[] = [];
after(() => {
  for (const pid of children) if (isAlive(pid)) process.kill(-pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts `sleep` below a shell; answers with the child's pid and why the start has failed. */
async function start(
  platform: Platform,
  stdio: StartRequest['stdio'],
  fail?: () => void,
): Promise<{ pid: number; error: Error; tree: Tree }> {
  const events = new EventEmitter<TreeEvents>();
  const spawned = once(events, 'childSpawned');
  events.on('childSpawned', (pid) => children.push(pid));
  if (fail) events.on('spawned', fail);
  const request: StartRequest = {
    ...{ name: 'it', argv: ['/bin/sh', '-c', 'sleep 300 & wait'], cwd: '/', env: {}, stdio, stop: [] },
    ...{ whenLeaderExits: 'kill', containment: 'group', onLimit: 'warn' },
  };
  const output = new TreeOutput(stdio === 'file' ? join(folder, 'log') : undefined);
  const context = {
    platform,
    lifetime: 'managed',
    output,
    events,
    rawSocket: '',
    contain: () => uncontained,
    alive: () => [],
    limitReached: () => undefined,
    remoteFailure: () => undefined,
    cleared: Promise.resolve(),
  } as const;
  const tree = new Tree('11111111-1111-4111-8111-111111111111' as TreeId, request, context);
  const error = await tree.start().then(
    () => assert.fail('it has started'),
    (reason: Error) => reason,
  );
  const [pid] = (await spawned) as [number];
  return { pid, error, tree };
}

describe('a start that fails behind the spawn leaves no process', () => {
  const blind: Platform = {
    ...inertPlatform,
    stat: () => {
      throw new ProcessTableError('EMFILE: too many open files');
    },
  };
  for (const stdio of ['pipes', 'file'] as const)
    it(`where the process table cannot be read, with its output to ${stdio}`, async () => {
      const { pid, error, tree } = await start(blind, stdio);
      assert.match(error.message, /EMFILE/);
      await eventually('the child has ended', () => !isAlive(pid));
      assert.deepEqual([tree.state, tree.ended, tree.leader], ['failed', true, undefined]);
    });

  it('where it cannot be guarded', async () => {
    const self = { pid: 1, startTime: 1, parent: 0, group: 1, session: 1, alive: true, stopped: false, name: 'p', threads: 1 };
    const seeing: Platform = { ...inertPlatform, stat: (pid) => ({ ...self, pid, cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 }) };
    const { pid, error } = await start(seeing, 'pipes', () => {
      throw new Error('no record of it can be made');
    });
    assert.match(error.message, /no record/);
    await eventually('the child has ended', () => !isAlive(pid));
  });

  it('where its terminal cannot be read', async () => {
    const open: number[] = [];
    const terminals: Platform = {
      ...inertPlatform,
      opensTerminals: true,
      openTerminal: () => {
        const [master, slave] = [openSync('/dev/null', 'r+'), openSync('/dev/null', 'r+')];
        open.push(master, slave);
        return { master, slave, path: '/dev/null', resize: () => undefined, inputWait: () => undefined };
      },
    };
    const { pid, error } = await start(terminals, 'pty');
    assert.match(error.message, /in a terminal/);
    await eventually('the child has ended', () => !isAlive(pid));
    for (const fd of open) assert.throws(() => closeSync(fd), /EBADF/);
  });
});
