/** Trees that are meant to survive: their window, their command line, and their warden. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { killAtOnce } from '../support/deaths.ts';
import { writeProcesses } from '../support/declared.ts';
import { eventually, Run, switchesOf } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

const counting = 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.05; done';

/** And others of its tree live. */
const leaderHasEnded = ({ leader, members }: ReturnType<Run['ps']>[number]): boolean =>
  members.length > 0 && members.every(({ pid }) => pid !== leader.pid);

function startDetached(run: Run, name: string, script: string): void {
  const { code, stdout, stderr } = run.call(['run', '--detached', '--name', name, '--', 'sh', '-c', script, 'sh', run.workFolder]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^[0-9a-f]{8}\n$/);
}

describe('a detached tree', () => {
  it('lives on when its command line has ended, is listed and logged as any other, and ends by one command', async () => {
    await using run = new Run();
    startDetached(run, 'web', `echo "in $PWD"; ${counting}`);
    const tree = await eventually('it is listed', () => run.ps()[0]);
    assert.equal((tree as unknown as { lifetime: string }).lifetime, 'detached');
    await eventually('its output is there', () => /line 2\n/.test(run.call(['logs', 'web']).stdout));
    assert.match(run.call(['logs', 'web']).stdout, new RegExp(`^in ${run.workFolder}\nline 0\nline 1\n`));
    assert.equal(run.call(['kill', 'web']).stdout, 'web: stopped\n');
    assert.deepEqual(run.ps(), []);
    await eventually('its warden has ended too, and took its records along', () => run.wardenIds().length === 0);
    await eventually('and is gone', () => !isAlive(tree.warden.pid));
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('is logged until no process of it is left, with what is run then', async () => {
    await using run = new Run();
    const command = '(echo begun; until [ -e go ]; do sleep 0.05; done; echo going on; exec sleep 600) &';
    writeProcesses(run.workFolder, {
      daemon: { command, whenLeaderExits: 'keep', onStop: [{ run: 'true' }, { run: 'echo "all gone"' }, { run: ': >> behind' }] },
    });
    assert.equal(run.call(['up', '--detach']).code, 0);
    await eventually('its first process has ended', () => run.ps().some(leaderHasEnded));
    writeFileSync(join(run.workFolder, 'go'), '');
    await eventually('what it has left is read', () => run.call(['logs', 'daemon']).stdout === 'begun\ngoing on\n');
    assert.equal(run.call(['down']).code, 0);
    const expected = 'begun\ngoing on\n> true\n> echo "all gone"\nall gone\n> : >> behind\n';
    assert.equal(run.call(['logs', 'daemon']).stdout, expected);
  });

  it('shares one warden with the others of its folder', async () => {
    await using run = new Run();
    startDetached(run, 'one', 'sleep 1000');
    startDetached(run, 'two', 'sleep 1000');
    assert.equal(run.wardenIds().length, 1);
    assert.match(run.call(['run', '--detached', '--name', 'one', '--', 'sleep', '1']).stderr, /'one' is already running/);
    assert.equal(run.call(['kill', '--all']).code, 0);
  });

  it('survives a SIGKILL of its warden, and is guarded again within moments', async () => {
    await using run = new Run();
    startDetached(run, 'web', `(env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); ${counting}`);
    const before = await eventually('leader and daemon are up', () =>
      run.ps().find(({ members }) => members.some(({ name }) => name === 'tail')),
    );
    process.kill(before.warden.pid, 'SIGKILL');
    const after = await eventually('another warden has it', () => run.ps().find(({ warden }) => warden.pid !== before.warden.pid));
    assert.deepEqual([after.id, after.leader.pid, after.state], [before.id, before.leader.pid, 'ready']);
    assert.ok(
      after.members.some(({ name }) => name === 'tail'),
      'the daemon is known',
    );
    const lines = (): number => run.call(['logs', 'web']).stdout.trim().split('\n').length;
    const then = lines();
    await eventually(
      'its output goes on, from the beginning',
      () => lines() > then + 3 && run.call(['logs', 'web']).stdout.startsWith('line 0\n'),
    );
    assert.match(run.call(['restart', 'web']).stderr, /was found again after a crash/);
    assert.equal(run.call(['doctor']).code, 0, run.call(['doctor']).stdout);
    assert.equal(run.call(['kill', 'web']).stdout, 'web: stopped\n');
    await eventually('nothing is on record', () => run.wardenIds().length === 0);
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('is found again by the next start when its warden and the switch were killed', async () => {
    await using run = new Run();
    startDetached(run, 'web', counting);
    const before = await eventually('it is up', () => run.ps()[0]);
    const all = [before.warden.pid, ...switchesOf(before.warden.pid)];
    killAtOnce(...all);
    await eventually('they are dead', () => all.every((pid) => !isAlive(pid)));
    assert.ok(isAlive(before.leader.pid));
    assert.equal(run.call(['sweep']).stdout, 'web: detached, and guarded again\n');
    const after = await eventually('it is listed again', () => run.ps()[0]);
    assert.equal(after.leader.pid, before.leader.pid);
    assert.equal(run.call(['kill', String(after.leader.pid)]).code, 0);
  });

  it('that ends by itself after its warden was killed is noticed', async () => {
    await using run = new Run();
    startDetached(run, 'short', 'echo on; while [ ! -e "$1/end" ]; do sleep 0.02; done');
    const before = await eventually('it is up', () => run.ps()[0]);
    process.kill(before.warden.pid, 'SIGKILL');
    await eventually('another warden has it', () => run.ps().find(({ warden }) => warden.pid !== before.warden.pid));
    writeFileSync(join(run.workFolder, 'end'), '');
    await eventually('it has ended', () => run.ps().length === 0);
    // Its warden, which would list it as ended, stays for some seconds only.
    const end = await eventually('its end is told', () => run.journal().find(({ event }) => event === 'ended'));
    assert.deepEqual([end['state'], end['reason']], ['exited', 'ended (exit status unknown)']);
  });

  it('is what processes.json may declare', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const processes = { db: { command: ['sleep', '1000'], lifetime: 'detached' } };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 0);
    assert.match(stderr, /db was started, detached \(pid \d+\); tree-warden kill db ends it/);
    assert.match(run.call(['up']).stderr, /db is running already, detached/);
    assert.equal(run.ps().length, 1);
    assert.equal(run.call(['kill', 'db']).code, 0);
  });

  it('has its command’s own environment', async () => {
    await using run = new Run();
    startDetached(run, 'first', 'sleep 1000');
    run.call(['run', '--detached', '--name', 'second', '--', 'sh', '-c', 'echo "got $COLOUR"; sleep 1000'], { env: { COLOUR: 'blue' } });
    await eventually('it has printed', () => run.call(['logs', 'second']).stdout === 'got blue\n');
    run.call(['kill', '--all']);
  });
});

describe('records of a detached warden', () => {
  it('without living processes are swept like others', async () => {
    await using run = new Run();
    startDetached(run, 'web', 'exec sleep 1000');
    const tree = await eventually('it is up', () => run.ps()[0]);
    const all = [tree.warden.pid, ...switchesOf(tree.warden.pid)];
    killAtOnce(...all, ...tree.members.map(({ pid }) => pid));
    await eventually('all are dead', () => !isAlive(tree.leader.pid) && !isAlive(tree.warden.pid));
    run.call(['sweep']);
    assert.deepEqual(readdirSync(run.runtimeFolder), []);
  });
});
