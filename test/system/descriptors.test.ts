/** A warden whose descriptors are used up by others sees and kills as ever. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { socketPath } from '../../src/records/records.ts';
import { eventually, isInPath, Run, switchesOf } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

/** How many more descriptors a warden gets than it has; idle connections take them. */
const more = 12;

/** Deaf to everything gentle, with a daemon that has shed its environment and its session. */
const script = `trap '' TERM INT HUP; (env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); tail -f "$1/idle"; sleep 1000`;

interface Guarded extends AsyncDisposable {
  readonly run: Run;
  readonly owner: ChildProcess & { readonly pid: number };
  readonly warden: number;
}

/** A tree whose warden has no descriptor left: connections hold all that it may have, and come again as soon as they are closed. */
async function guardedWithout(containment: string): Promise<Guarded> {
  const run = new Run();
  const owner = run.start(['run', '-c', containment, '--name', 'it', '--', 'sh', '-c', script, 'sh', run.workFolder]);
  await eventually('leader and daemon run', () => run.ps()[0]?.members.filter(({ name }) => name === 'tail').length === 2);
  const warden = run.wardenPids()[0] ?? assert.fail();
  const path = socketPath(join(run.runtimeFolder, run.wardenIds()[0] ?? ''));
  const most = lowestFree(warden) + more;
  const { status } = spawnSync('prlimit', [`--pid=${warden}`, `--nofile=${most}:${most}`]);
  assert.equal(status, 0);
  const sockets = new Set<Socket>();
  let isOver = false;
  const connect = (): void => {
    if (isOver) return;
    const socket = createConnection(path).on('error', () => undefined);
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(connect, 10);
    });
  };
  for (let count = 0; count < most; count++) connect();
  await eventually('no descriptor is left', () => lowestFree(warden) >= most);
  return {
    ...{ run, owner, warden },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      for (const socket of sockets) socket.destroy();
      if (isAlive(owner.pid)) owner.kill('SIGKILL');
      await run[Symbol.asyncDispose]();
    },
  };
}

/** The number that it would be given next; the limit is on these numbers. */
function lowestFree(pid: number): number {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (taken.has(free)) free++;
  return free;
}

describe('with no descriptor left', { skip: isInPath('prlimit') ? false : 'there is no prlimit(1)' }, () => {
  for (const containment of ['group', 'auto'])
    it(`the owner's SIGKILL leaves nothing, in seconds: ${containment}`, async () => {
      await using guarded = await guardedWithout(containment);
      assert.ok(survivorsOf(guarded.run.workFolder).length >= 2);
      process.kill(guarded.owner.pid, 'SIGKILL');
      await eventually('the warden has ended', () => !isAlive(guarded.warden), 15_000);
      assert.deepEqual(await survivorsAfterLooking(guarded.run.workFolder), []);
      assert.ok(
        guarded.run.journal().some(({ event }) => event === 'warden-ended'),
        'it ended in order',
      );
    });

  it('a switch that was killed is replaced later, and the warden goes on meanwhile', async () => {
    await using guarded = await guardedWithout('group');
    const [before] = switchesOf(guarded.warden);
    process.kill(before ?? assert.fail(), 'SIGKILL');
    await eventually('it is noticed', () => guarded.run.journal().some(({ event }) => event === 'switch-lost'));
    process.kill(guarded.owner.pid, 'SIGKILL');
    await eventually('the warden has ended', () => !isAlive(guarded.warden), 15_000);
    assert.deepEqual(await survivorsAfterLooking(guarded.run.workFolder), []);
  });
});
