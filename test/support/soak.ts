/** Random work on one warden for a long time: what it takes up may not grow. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adversaries, skipReason } from './adversaries.ts';
import { eventually, switchesOf } from './run.ts';
import { killIfThere, survivorsAfterLooking } from './survivors.ts';
import { TestWarden } from './warden.ts';

export interface SoakReport {
  readonly seconds: number;
  readonly trees: number;
  readonly switchesKilled: number;
  readonly membersKilled: number;
  readonly descriptors: readonly [before: number, after: number];
  /** Resident memory of the warden, in megabytes: when it was warm, and after every sixth of the time. */
  readonly megabytes: readonly number[];
}

/** @throws AssertionError where a process survived, or descriptors, records or findings were left. */
export async function soak(seconds: number, random: () => number, workers = 3): Promise<SoakReport> {
  await using warden = await TestWarden.start();
  const { pid } = warden.process;
  const usable = adversaries.filter((adversary) => skipReason(adversary) === false && adversary.processes < 100);
  const counts = { trees: 0, switchesKilled: 0, membersKilled: 0 };

  async function round(): Promise<void> {
    const adversary = usable[Math.floor(random() * usable.length)] ?? assert.fail();
    const tree = await warden.client.start(
      warden.request(adversary.argv(warden.run.workFolder), {
        name: `tree ${counts.trees++}`,
        whenLeaderExits: adversary.leaderLeaves ? 'keep' : 'kill',
        stdio: random() < 0.5 ? 'pty' : 'pipes',
        containment: random() < 0.5 ? 'group' : 'auto',
      }),
    );
    await sleep(random() * 150);
    const what = random();
    if (what < 0.15) {
      const [guard] = switchesOf(pid);
      // Another worker may have killed it just now.
      if (guard !== undefined) killIfThere(guard, 'SIGKILL');
      counts.switchesKilled++;
      // More often than it is restarted automatically.
      await warden.client.startHelper('switch');
    } else if (what < 0.4) {
      const { members } = await warden.tree(tree.id);
      const victim = members[Math.floor(random() * members.length)];
      if (victim) await warden.client.signal({ tree: tree.id, signal: 'SIGKILL', pid: victim.pid }).catch(() => undefined);
      counts.membersKilled++;
    }
    await warden.stop(tree.id, random() < 0.3).catch(() => undefined);
    await endStrays(warden);
  }

  const begun = Date.now();
  const worker = async (end: number): Promise<void> => {
    while (Date.now() < end) await round();
  };
  const run = (end: number): Promise<unknown> => Promise.all(Array.from({ length: workers }, () => worker(end)));
  // What is loaded and kept once is not growth.
  await run(Date.now() + Math.min(seconds * 300, 30_000));
  const before = descriptorsOf(pid);
  const megabytes = [megabytesOf(pid)];
  for (let sixth = 1; sixth <= 6; sixth++) {
    await run(begun + (seconds * 1000 * sixth) / 6);
    megabytes.push(megabytesOf(pid));
  }
  await eventually('all trees have ended', async () => {
    // Some are found after the last round.
    await endStrays(warden);
    return (await warden.client.list()).every((tree) => tree.endedAt !== undefined);
  });
  assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), [], 'survivors');
  const records = readdirSync(join(warden.run.runtimeFolder, warden.client.welcome.warden)).filter((name) => name.endsWith('.tree.json'));
  assert.deepEqual(records, [], 'records');
  await eventually('the self-check finds nothing', async () => (await warden.client.selfCheck()).length === 0, 5000);
  // Logs of the newest ended trees are closed a moment after their end.
  await eventually('no descriptor is left', () => descriptorsOf(pid) <= before + 2, 5000).catch(() => undefined);
  const after = descriptorsOf(pid);
  assert.ok(after <= before + 2, `descriptors: ${before} before, ${after} after`);
  return { seconds, ...counts, descriptors: [before, after], megabytes };
}

/** Some of the programs shed every mark: those live as long as their warden, or until they are told. */
async function endStrays(warden: TestWarden): Promise<void> {
  for (const strays of (await warden.client.list()).filter(({ name }) => name === 'strays')) {
    // Another worker may have been faster.
    await warden.stop(strays.id).catch(() => undefined);
  }
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function megabytesOf(pid: number): number {
  return Math.round(Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)?.[1]) / 1024);
}
