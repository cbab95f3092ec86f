import assert from 'node:assert/strict';
import { ChildProcess } from 'node:child_process';
import { it } from 'node:test';
import { uncontained } from '../../../../src/platform/container.ts';
import { selectPlatform } from '../../../../src/platform/select.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import { runHook } from '../../../../src/warden/trees/treeHooks.ts';
import { eventually } from '../../../support/run.ts';
import { isAlive } from '../../../support/survivors.ts';

it('a command that has become another user’s, and cannot be killed, is given up, and that is told', async (t) => {
  const platform = await selectPlatform();
  const pids: number[] = [];
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { mock: kill } = t.mock.method(ChildProcess.prototype, 'kill', () => false);
  const cancelled = new AbortController();
  const problem = runHook(
    { run: ['sleep', '60'], timeoutMillis: 3_600_000 },
    cancelled.signal,
    {
      ...{ platform, container: uncontained, request: { cwd: '/', env: {} }, alive: () => [] },
      ...{ tree: '11111111-1111-4111-8111-111111111111' as TreeId, onSpawned: (pid) => pids.push(pid), onCollected: () => undefined },
    },
    () => undefined,
  );
  const [pid = 0] = pids;
  try {
    cancelled.abort();
    assert.equal(kill.callCount(), 1);
    t.mock.timers.tick(10_000);
    assert.equal(String(await problem), 'its time was over, and it could not be killed');
    assert.ok(isAlive(pid));
  } finally {
    process.kill(pid, 'SIGKILL');
    t.mock.timers.reset();
    await eventually('it has ended', () => !isAlive(pid));
  }
});
