import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { killAtOnce } from '../support/deaths.ts';
import { randomFrom } from '../support/random.ts';
import { eventually, Run, removeCgroups, switchesOf } from '../support/run.ts';
import { clearAway, isAlive, isStopped, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

/** Warden, switch and CLI killed in one go: nothing is left that could clean up. */
async function orphan(run: Run, script: string): Promise<string> {
  const cli = run.start(['run', '--name', 'orphaned', '--when-leader-exits', 'keep', '--', 'sh', '-c', script, 'sh', run.workFolder]);
  const { warden, tails } = await eventually('leader and daemon run', () => {
    const [found] = run.ps();
    const tails = found?.members.filter(({ name }) => name === 'tail') ?? [];
    return found && tails.length === 2 ? { warden: found.warden.pid, tails } : undefined;
  });
  await eventually('both are on record', () => tails.every(({ pid }) => run.recordedMembers().has(pid)));
  const switches = switchesOf(warden);
  assert.equal(switches.length, 1);
  const all = [cli.pid, warden, ...switches];
  killAtOnce(...all);
  await eventually('they are dead', () => all.every((pid) => !isAlive(pid)));
  return join(run.runtimeFolder, readdirSync(run.runtimeFolder)[0] ?? '');
}

const daemon = '(env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); tail -f "$1/idle"';

describe('after everything was killed at once', () => {
  it('a sweep ends what was left, daemons without environment too', async () => {
    await using run = new Run();
    await orphan(run, daemon);
    assert.ok(survivorsOf(run.workFolder).length >= 2);
    const { stdout, code } = run.call(['sweep']);
    assert.equal(code, 0);
    assert.match(stdout, /^orphaned: \d+ processes ended\n$/);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
    assert.equal(run.call(['sweep']).stdout, 'Nothing was left behind.\n');
  });

  it('the next start does the same by itself, and journals it', async () => {
    await using run = new Run();
    await orphan(run, daemon);
    run.call(['run', '--', 'sleep', '0.3']);
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
    await eventually('it is in the journal', () =>
      run.journal().some((record) => record['event'] === 'swept' && record['spec'] === 'orphaned'),
    );
  });

  it('a process that was given a recorded pid is left alone', async () => {
    await using run = new Run();
    const folder = await orphan(run, daemon);
    run.call(['sweep']);
    const stranger = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
    assert.ok(stranger.pid !== undefined);
    try {
      forgeRecord(run, folder, stranger.pid);
      assert.equal(run.call(['sweep']).code, 0);
      assert.ok(isAlive(stranger.pid));
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('records of an earlier boot are forgotten without a signal', async () => {
    await using run = new Run();
    const folder = await orphan(run, daemon);
    const survivors = survivorsOf(run.workFolder).length;
    const homes = run.cgroupRootPaths();
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
      const path = join(folder, name);
      writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), bootId: 'another boot' }));
    }
    run.call(['sweep']);
    assert.equal(survivorsOf(run.workFolder).length, survivors);
    assert.deepEqual(readdirSync(run.runtimeFolder), []);
    // No record names them any more.
    await clearAway(run.workFolder);
    await removeCgroups(homes);
  });

  const damages: [string, (text: string) => string][] = [
    ['cut short', (text) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of a newer format', (text) => text.replace('"format":1', '"format":2')],
    ['with pid 1', (text) => text.replace(/"leader":\{"pid":\d+/, '"leader":{"pid":1')],
    ['with a negative pid', (text) => text.replace(/"members":\[\{"pid":\d+/, '"members":[{"pid":-1')],
    ['of another tree', (text) => text.replace(/"tree":"[0-9a-f]{8}/, '"tree":"00000000')],
  ];
  for (const [what, damage] of damages) {
    it(`a record ${what} is set aside, said so, and never acted upon`, async () => {
      await using run = new Run();
      const folder = await orphan(run, daemon);
      const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.tree.json')) ?? '');
      writeFileSync(path, damage(readFileSync(path, 'utf8')));
      const alive = survivorsOf(run.workFolder).length;
      const { code, stderr } = run.call(['sweep']);
      assert.equal(code, 1);
      assert.match(stderr, /a record was left alone because it cannot be trusted: .*tree\.json: /);
      assert.equal(survivorsOf(run.workFolder).length, alive);
    });
  }

  it('a folder of rubbish hinders no sweep', async () => {
    await using run = new Run();
    assert.equal(run.call(['run', '--', 'true']).code, 0);
    mkdirSync(join(run.runtimeFolder, 'rubbish'), { recursive: true });
    writeFileSync(join(run.runtimeFolder, 'rubbish', 'warden.json'), 'not json');
    writeFileSync(join(run.runtimeFolder, 'stray-file'), '');
    assert.equal(run.call(['run', '--', 'true']).code, 0);
  });
});

function forgeRecord(run: Run, folder: string, pid: number): void {
  const tree = '11111111-1111-4111-8111-111111111111';
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const identity = { pid, startTime: 1 };
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'warden.json'),
    JSON.stringify({
      format: 1,
      warden: 'forged',
      bootId,
      process: identity,
      version: '0',
      workspace: run.folder,
      window: '',
      lifetime: 'managed',
      startedAt: 0,
      homes: [],
    }),
  );
  writeFileSync(
    join(folder, `${tree}.tree.json`),
    JSON.stringify({
      format: 1,
      tree,
      name: 'forged',
      bootId,
      leader: identity,
      group: pid,
      session: pid,
      startedAt: 0,
      containment: 'group',
      container: null,
      detached: null,
      members: [identity],
    }),
  );
}

describe('a SIGKILL of everything at a random moment of a start', () => {
  const seed = Date.now() % 1_000_000;
  for (let number = 0; number < 30; number++) {
    it(`leaves no process after the next sweep: seed ${seed + number}`, async () => {
      await using run = new Run();
      const cli = run.start(['run', '--', 'sh', '-c', daemon, 'sh', run.workFolder]);
      const warden = await eventually('the warden is there', () => run.wardenPids()[0]);
      // The start itself takes some tens of milliseconds from here.
      const until = performance.now() + randomFrom(seed + number)() * 60;
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
      // Held, the warden gives birth to no further switch, and the command line does not clean up behind it.
      for (const pid of [cli.pid, warden]) process.kill(pid, 'SIGSTOP');
      await eventually('they are held', () => [cli.pid, warden].every(isStopped));
      killAtOnce(cli.pid, warden, ...switchesOf(warden));
      await eventually('they are dead', () => ![cli.pid, warden].some(isAlive));
      run.call(['sweep']);
      assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
      assert.deepEqual(run.wardenIds(), [], 'records');
    });
  }
});
