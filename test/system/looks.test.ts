/** One look has to be enough: a process that forks and leaves every few milliseconds is there at every one of them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { uncontained } from '../../src/platform/container.ts';
import type { Platform, ProcessStat } from '../../src/platform/platform.ts';
import { selectPlatform } from '../../src/platform/select.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { TreeRecord } from '../../src/records/records.ts';
import { MemberFinder } from '../../src/warden/ending/memberFinder.ts';
import { terminate } from '../../src/warden/ending/termination.ts';
import { limitMarkOf } from '../../src/warden/marks.ts';
import { Membership } from '../../src/warden/trees/membership.ts';
import { eventually, Run } from '../support/run.ts';

const hopper = fileURLToPath(new URL('../fixtures/adversaries/hopper.pl', import.meta.url));
const looks = 200;

describe('a process that forks and leaves, on a machine that has no time', () => {
  const busy: ChildProcess[] = [];

  before(() => {
    for (let n = 0; n < availableParallelism(); n++) busy.push(spawn('perl', ['-e', 'alarm 60; 1 while 1'], { stdio: 'ignore' }));
  });
  after(() => busy.forEach((child) => void child.kill('SIGKILL')));

  it('is found by every look of a reaper', async () => {
    await using run = new Run();
    const { platform, tree, leader } = await hop(run);
    const finder = new MemberFinder(platform, recordOf(tree));
    leader.kill('SIGKILL');
    await eventually('only it is left', () => finder.find().every(({ pid }) => pid !== leader.pid));
    for (let look = 0; look < looks; look++) assert.notDeepEqual(finder.find(), [], `look ${look}`);
    await end(platform, () => finder.find());
  });

  it('is found by every look of a warden', async () => {
    await using run = new Run();
    const { platform, tree, leader } = await hop(run, true);
    const membership = new Membership(platform, platform.stat(process.pid) ?? assert.fail());
    for (const { pid } of busy) membership.addHelper(pid ?? assert.fail());
    membership.addLeader(tree, platform.stat(leader.pid) ?? assert.fail(), uncontained);
    leader.kill('SIGKILL');
    await new Promise((resolve) => leader.once('exit', resolve));
    membership.forgetSpawned(leader.pid);
    for (let look = 0; look < looks; look++) {
      const { members, strays } = membership.census(true);
      assert.ok(
        members.get(tree)?.some(({ alive }) => alive),
        `look ${look}`,
      );
      assert.deepEqual(strays, []);
    }
    await end(platform, () => (membership.census(true).members.get(tree) ?? []).filter(({ alive }) => alive));
  });
});

async function end(platform: Platform, alive: () => ProcessStat[]): Promise<void> {
  const target = { alive, signal: platform.signal.bind(platform) };
  const { survivors } = await terminate(target, [{ signal: 'SIGKILL' }], new AbortController().signal);
  assert.deepEqual(survivors, []);
}

/** Starts it, with its mark; `adopt`: its orphans come to this process. */
async function hop(run: Run, adopt = false) {
  const platform = await selectPlatform();
  if (adopt) platform.adoptOrphans();
  const tree = randomUUID() as TreeId;
  const leader = platform.withSpawnAttributes({ mark: limitMarkOf(tree), oomScore: 0 }, () =>
    // So many looks take a minute and more where other tests want the processors, too.
    spawn('perl', [hopper, run.workFolder, '600'], { stdio: 'ignore', detached: true }),
  );
  const { pid = assert.fail() } = leader;
  const identity = platform.stat(pid) ?? assert.fail();
  await eventually(
    'it has left its leader',
    () => platform.stat(pid)?.name === 'tail' && platform.descendants([identity], true).filter(({ alive }) => alive).length === 1,
  );
  return { platform, tree, leader: Object.assign(leader, { pid }) };
}

function recordOf(tree: TreeId): TreeRecord {
  return {
    format: 1,
    tree,
    bootId: '',
    name: 'hopper',
    startedAt: 0,
    leader: null,
    group: null,
    session: null,
    members: [],
    containment: 'group',
    container: null,
    detached: null,
  };
}
