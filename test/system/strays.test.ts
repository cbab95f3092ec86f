/** Processes that have shed every mark before hasTrees saw them: shown, on record, killable, and gone with their window. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, Run } from '../support/run.ts';
import { isAlive, type Survivor, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const script = join(fileURLToPath(new URL('../fixtures/adversaries', import.meta.url)), 'takes-back.sh');

const whenTold = 'while [ ! -e "$1/go" ]; do sleep 0.01; done; exec sh "$0" "$1"';

describe('a process that nothing ties to a tree', () => {
  it('is listed under strays, with figures, and can be ended there', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.client.start(warden.request(['sh', '-c', whenTold, script, warden.run.workFolder], { containment: 'group' }));
    await shed(warden.run, warden.process.pid);
    // One that has just become another program has no memory of its own for a moment.
    const strays = await eventually('it is listed with its memory', async () =>
      (await warden.client.list()).find(
        ({ name, members, memoryBytes }) => name === 'strays' && members[0]?.name === 'tail' && memoryBytes > 0,
      ),
    );
    assert.deepEqual(
      strays.members.map(({ name }) => name),
      ['tail'],
    );
    await eventually('the journal says so', () =>
      warden.run.journal().some((record) => record['event'] === 'strays' && /\(pid \d+\): nothing says/.test(String(record['reason']))),
    );
    const ended = await warden.client.stop({ tree: strays.id, now: false, reason: 'the test says so' });
    assert.equal(ended.state, 'killed');
    assert.ok(!isAlive(strays.members[0]?.pid ?? 0));
    assert.ok((await warden.client.list()).every(({ name }) => name !== 'strays'));
    assert.equal((await warden.tree(tree.id)).state, 'ready');
    await eventually('the self-check finds nothing', async () => (await warden.client.selfCheck()).length === 0);
  });

  it('is a member, not a failure, where its environment says that it is of a tree that cannot be', async () => {
    await using warden = await TestWarden.start();
    const noTree = '-'.repeat(36);
    const leaves = `(env TREE_WARDEN_TREE=${noTree} setsid tail -f "$0/idle" >/dev/null 2>&1 &); exec tail -f "$0/idle"`;
    writeFileSync(join(warden.run.workFolder, 'idle'), '');
    const tree = await warden.startShell(leaves, { containment: 'group' });
    await eventually('both are members', async () => (await warden.tree(tree.id)).members.length === 2);
    await warden.client.stop({ tree: tree.id, now: false, reason: 'the test says so' });
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('goes with its warden, and is said by doctor while it is there', async () => {
    await using run = new Run();
    const cli = run.start(['run', '-c', 'group', '--', 'sh', '-c', whenTold, script, run.workFolder]);
    await shed(run, await eventually('the warden is there', () => run.wardenPids()[0]));
    await eventually('it is listed', () => run.ps().find(({ name }) => name === 'strays'));
    assert.match(run.call(['doctor']).stdout, /tail \(pid \d+\) descends from the warden and belongs to no tree/);
    cli.kill('SIGTERM');
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });
});

/** Has it shed its marks while the warden cannot see it. */
async function shed(run: Run, warden: number): Promise<void> {
  const orphans = (): Survivor[] =>
    survivorsOf(run.workFolder).filter(({ pid, command }) => command.startsWith('tail') && parentOf(pid) === warden);
  await eventually('its leader waits', () => survivorsOf(run.workFolder).some(({ command }) => command.startsWith('sh -c')));
  process.kill(warden, 'SIGSTOP');
  try {
    writeFileSync(join(run.workFolder, 'go'), '');
    await eventually('it has shed its marks', () => orphans().length > 0);
  } finally {
    process.kill(warden, 'SIGCONT');
  }
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
}
