/** What has ended by itself comes back, by its policy; what a user or client has ended does not. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RestartPolicy } from '../../src/protocol/policies.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

const onFailure: RestartPolicy = { when: 'on-failure', maxRestarts: 3, windowMillis: 60_000, delayMillis: 20, maxDelayMillis: 100 };
const patient: RestartPolicy = { ...onFailure, delayMillis: 60_000, maxDelayMillis: 60_000 };

/** Fails until a file `well` is there. */
const moody = 'sleep 0.15; [ -e well ] || { echo "not well"; exit 3; }; sleep 100';

async function newest(warden: TestWarden, wanted: (tree: TreeSnapshot) => boolean): Promise<TreeSnapshot> {
  return await eventually('it is there', async () => (await warden.client.list()).findLast(wanted));
}

describe('what has failed', () => {
  it('comes back until it is well, with its children each time', async () => {
    await using warden = await TestWarden.start();
    const third = 'echo >> starts; [ $(wc -l < starts) -lt 3 ] || touch well;';
    await warden.startShell(`sleep 1000 & ${third} ${moody}`, { restart: onFailure });
    await eventually('it is well', () => existsSync(join(warden.run.workFolder, 'well')));
    // Its shell, and two that sleep; the first look at a new tree may come before they are born.
    const well = await newest(warden, ({ state, restarts, members }) => state === 'ready' && restarts === 2 && members.length === 3);
    assert.deepEqual(warden.alerts, []);
    const told = (await warden.journal()).filter(({ event }) => event === 'restart');
    assert.match(
      String(told[0]?.['reason']),
      /^exited with code 3, \d members? left; attempt 1 of 3$|^exited with code 3; attempt 1 of 3$/,
    );
    await warden.stop(well.id);
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('too often is given up, and its last lines are told', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell(moody, { restart: onFailure });
    const message = await eventually('it is told', () => warden.alerts[0]);
    assert.match(
      message,
      /^'test' exited with code 3, and will not be restarted: it was restarted 3 times in 1 min\. Last output:\nnot well$/,
    );
    const last = await newest(warden, ({ state }) => state === 'failed');
    assert.deepEqual([last.restarts, last.restarting, last.lastLines], [3, undefined, ['not well']]);
    assert.equal((await warden.journal()).filter(({ event }) => event === 'spawned').length, 4);
  });

  it('is not started a second time when a client starts it meanwhile', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(moody, { restart: patient });
    const waiting = await eventually('it waits', async () => {
      const tree = await warden.tree(id);
      return tree.nextStartAt !== undefined && tree;
    });
    assert.deepEqual([waiting.state, waiting.restarting], ['failed', true]);
    assert.ok((waiting.nextStartAt ?? 0) - Date.now() > 40_000);
    writeFileSync(join(warden.run.workFolder, 'well'), '');
    const well = await warden.startShell(moody, { restart: patient });
    assert.equal(well.restarts, undefined);
    assert.deepEqual(
      (await warden.client.list()).filter((tree) => tree.nextStartAt !== undefined),
      [],
    );
  });

  it('does not come back when it is stopped while it waits', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(moody, { restart: patient });
    await eventually('it waits', async () => (await warden.tree(id)).nextStartAt);
    const stopped = await warden.stop(id);
    assert.deepEqual([stopped.state, stopped.restarting, stopped.nextStartAt], ['failed', undefined, undefined]);
  });

  it('within 100 ms has not started, even with exit code 0', async () => {
    await using warden = await TestWarden.start();
    // On a busy machine, a shell may take longer than that to end; such a run has started, and ends well.
    const message = await eventually('one ends so soon, twice', async () => {
      await warden.startShell('exit 0', { restart: { ...onFailure, maxRestarts: 1 } });
      const state = await eventually('it has ended for good', async () => {
        const tree = (await warden.client.list()).at(-1);
        return tree?.endedAt !== undefined && tree.restarting === undefined && tree.state;
      });
      return state === 'failed' && (await eventually('it is told', () => warden.alerts[0]));
    });
    assert.match(message, /^'test' exited with code 0 after \d{1,2} ms, which is no start, and/);
  });
});

describe('what has ended well', () => {
  it('stays so, on failure', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 0.2', { restart: onFailure });
    const ended = await warden.ended(id);
    assert.deepEqual([ended.state, ended.restarting], ['succeeded', undefined]);
  });

  it('comes back, always', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('sleep 0.2', { restart: { ...onFailure, when: 'always' } });
    // One look in each of its short lives may be missed.
    const again = await newest(warden, ({ restarts = 0 }) => restarts >= 1);
    assert.equal(again.name, 'test');
  });

  it('does not come back after a stop', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100', { restart: { ...onFailure, when: 'always' }, stop: patientStop });
    const stopped = await warden.stop(id);
    assert.deepEqual([stopped.state, stopped.restarting], ['exited', undefined]);
  });

  it('does not come back when its warden ends', async () => {
    let folder = '';
    {
      await using warden = await TestWarden.start();
      folder = warden.run.workFolder;
      await warden.startShell(moody, { name: 'moody', restart: onFailure });
      await warden.startShell('sleep 0.2', { name: 'steady', restart: { ...onFailure, when: 'always', maxRestarts: 1000 } });
      await newest(warden, ({ restarts = 0 }) => restarts >= 1);
    }
    assert.deepEqual(await survivorsAfterLooking(folder), []);
  });
});

describe('what is not alive any more', () => {
  it('comes back', async () => {
    await using warden = await TestWarden.start();
    const inItsSecondRun = { by: 'exec', argv: ['/bin/sh', '-c', '[ $(wc -l < starts) -ge 2 ]'] } as const;
    await warden.startShell('echo >> starts; sleep 100', {
      restart: onFailure,
      alive: { check: inItsSecondRun, delayMillis: 200, periodMillis: 20, timeoutMillis: 60_000, failureThreshold: 1, successThreshold: 1 },
    });
    await newest(warden, ({ restarts = 0, health }) => restarts > 0 && health === 'healthy');
  });
});
