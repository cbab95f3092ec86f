import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { Platform } from '../../../src/platform/platform.ts';
import { HelperProcess } from '../../../src/warden/helperProcess.ts';

/** It has a real process, which is this test's own child until its exit status is collected. */
const platform: Pick<Platform, 'stat' | 'signal'> = {
  stat: (pid) => ({ pid, startTime: 1, cpuMillis: 0 }) as ReturnType<Platform['stat']>,
  signal: ({ pid }, signal) => {
    process.kill(pid, signal);
    return 'sent';
  },
};

/** Stdout has closed, and the process lives on. */
async function withoutStdout(): Promise<HelperProcess> {
  let closed: Promise<unknown> = Promise.resolve();
  const helper = new HelperProcess({
    platform,
    args: ['-e', "require('node:fs').closeSync(1); setInterval(() => {}, 1000)"],
    onSpawned: () => undefined,
    onCollected: () => undefined,
    handle: (connection: MessageConnection) => {
      closed = new Promise((resolve) => connection.onClose(() => resolve(undefined)));
    },
  });
  await closed;
  return helper;
}

describe('a helper process whose connection has closed before its end is known', () => {
  it('is asked whether it answers, and that fails without an exception', async () => {
    const helper = await withoutStdout();
    const failure = new AbortController();
    const failed = once(process, 'uncaughtException', { signal: failure.signal }).then(([error]) => assert.fail(String(error)));
    try {
      await Promise.race([failed, wait(1500)]);
      await assert.rejects(helper.request({ method: 'any' } as never), /closed/i);
    } finally {
      failure.abort();
      await failed.catch(() => undefined);
      await helper.close();
    }
  });

  it('can be closed', async () => {
    const helper = await withoutStdout();
    await helper.close();
    assert.match(await helper.ended, /SIGKILL/);
  });
});
