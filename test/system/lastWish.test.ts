/** The last request of a user wins, whatever other requests come at the same time. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectToWarden, type WardenClient } from '../../src/client/wardenClient.ts';
import { errorCodes } from '../../src/protocol/errorCodes.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { isLive } from '../../src/protocol/trees.ts';
import { socketPath } from '../../src/records/records.ts';
import { randomFrom } from '../support/random.ts';
import { eventually } from '../support/run.ts';
import { survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

const reason = 'the test says so';
/** Takes a moment to end, as most servers do. */
const slow = 'trap "sleep 0.2; exit 0" TERM; while :; do sleep 0.05; done';
const stubborn = 'trap "" TERM; echo up; while :; do sleep 0.05; done';
/** Takes until there is a file `go`. */
const held = 'trap "until [ -e go ]; do sleep 0.02; done; exit 0" TERM; echo up; while :; do sleep 0.05; done';

async function live(warden: TestWarden): Promise<TreeSnapshot[]> {
  return (await warden.client.list()).filter(isLive);
}

/** Starts what ends when it is asked to and {@link letGo}. */
async function startHeld(warden: TestWarden): Promise<TreeId> {
  const { id } = await warden.startShell(held, { stop: patientStop });
  await warden.output(id, (text) => text.includes('up'));
  return id;
}

/** When all that was asked before has come. */
async function letGo(warden: TestWarden): Promise<void> {
  // Its answer says that the requests in front of it have come, too.
  await warden.client.list();
  writeFileSync(join(warden.run.workFolder, 'go'), '');
}

function superseded(error: { code?: number; message: string }): boolean {
  assert.deepEqual([error.code, error.message], [errorCodes.superseded, "'test' was stopped meanwhile."]);
  return true;
}

describe('a restart', () => {
  for (const now of [false, true])
    it(`that is stopped${now ? ' now' : ''} while the old tree ends starts nothing, and says so`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell(now ? stubborn : held, { stop: patientStop });
      await warden.output(id, (text) => text.includes('up'));
      const restarted = warden.client.restart({ tree: id, now: false, reason });
      const refused = assert.rejects(restarted, superseded);
      await eventually('it is being restarted', async () => (await warden.tree(id)).restarting);
      const stopping = warden.stop(id, now);
      await letGo(warden);
      const stopped = await stopping;
      await refused;
      assert.equal(stopped.restarting, undefined);
      assert.deepEqual(await live(warden), []);
      assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
    });

  it('at the same time as another one is one restart: both get the new tree', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(slow);
    const restart = (): Promise<TreeSnapshot> => warden.client.restart({ tree: id, now: false, reason });
    const trees = await Promise.all([restart(), restart(), restart()]);
    const [next] = await live(warden);
    assert.deepEqual(new Set(trees.map((tree) => tree.id)), new Set([next?.id]));
    assert.equal((await warden.tree(id)).successor, next?.id);
    // One that comes a moment too late asks for what has happened already.
    assert.equal((await restart()).id, next?.id);
    assert.equal((await warden.journal()).filter(({ event }) => event === 'spawned').length, 2);
  });

  it('is joined by a start', async () => {
    await using warden = await TestWarden.start();
    const id = await startHeld(warden);
    const restarted = warden.client.restart({ tree: id, now: false, reason });
    const started = warden.startShell(slow);
    await letGo(warden);
    assert.equal((await restarted).id, (await started).id);
  });

  it('takes another request where one is given', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(slow);
    const request = warden.request(['/bin/sh', '-c', 'echo changed; sleep 1000', warden.run.workFolder]);
    const next = await warden.client.restart({ tree: id, now: false, reason, request });
    assert.equal(await warden.output(next.id, (text) => text.includes('\n')), 'changed\n');
  });

  it('that cannot start the new one says why, and leaves nothing to wait for', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(slow);
    const request = warden.request(['/no/such/program']);
    await assert.rejects(warden.client.restart({ tree: id, now: false, reason, request }), /no such file|no command/);
    assert.equal((await warden.tree(id)).restarting, undefined);
    assert.equal((await warden.startShell(slow)).state, 'ready');
  });
});

describe('a stop', () => {
  it('of a tree whose place another one has taken ends that one', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(slow);
    const next = await warden.client.restart({ tree: id, now: false, reason });
    assert.equal((await warden.stop(id)).id, next.id);
    assert.deepEqual(await live(warden), []);
  });

  it('of a tree that has ended leaves another one of its name alone', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('exit 3');
    await warden.ended(id);
    const other = await warden.startShell(slow);
    await warden.stop(id).catch(() => undefined);
    assert.deepEqual(
      (await live(warden)).map((tree) => tree.id),
      [other.id],
    );
  });

  it('is followed by a start that comes while the tree ends', async () => {
    await using warden = await TestWarden.start();
    const id = await startHeld(warden);
    const stopped = warden.stop(id);
    const started = warden.startShell(slow);
    await letGo(warden);
    assert.equal((await stopped).id, id);
    const { id: next } = await started;
    assert.deepEqual(
      (await live(warden)).map((tree) => tree.id),
      [next],
    );
  });
});

describe('a limit that restarts', () => {
  const limits = { timeMillis: 150 };

  it('does so by the policy, with its delays, until that gives up', async () => {
    await using warden = await TestWarden.start();
    const restart = { when: 'on-failure', maxRestarts: 2, windowMillis: 60_000, delayMillis: 40, maxDelayMillis: 60 } as const;
    await warden.startShell('sleep 1000', { limits, onLimit: 'restart', restart });
    const message = await eventually('it is told', () => warden.alerts[0]);
    assert.match(
      message,
      /^'test' was ended \(its time limit of .* was reached\), and will not be restarted: it was restarted 2 times in 1 min\.$/,
    );
    assert.equal(warden.alerts.length, 1);
    assert.deepEqual(await live(warden), []);
    const journal = await warden.journal();
    const delays = journal.flatMap((record) => (record['event'] === 'restart' ? [Number(record['durationMillis'])] : []));
    assert.equal(delays.length, 2);
    assert.ok(Math.min(...delays) >= 30, String(delays));
    assert.equal(journal.filter(({ event }) => event === 'spawned').length, 3);
  });

  it('has a policy of its own where none is declared, and waits a second and more', async () => {
    await using warden = await TestWarden.start();
    const seen = await warden.recordSnapshots();
    const { id } = await warden.startShell('sleep 1000', { limits, onLimit: 'restart' });
    const waiting = await eventually('it waits', () => seen.find((tree) => tree.id === id && tree.nextStartAt !== undefined));
    assert.ok((waiting.nextStartAt ?? 0) - (waiting.endedAt ?? 0) > 700);
    await warden.stop(id);
    assert.deepEqual(await live(warden), []);
  });
});

describe('several clients', () => {
  const operations = 150;

  it(`that wish ${operations} things in random order have their last wish fulfilled`, async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] ?? assert.fail();
    await using warden = await TestWarden.start();
    const socket = socketPath(warden.client.welcome.folder);
    const clients = await Promise.all([1, 2, 3].map((number) => connectToWarden(socket, `client ${number}`)));
    const names = ['a', 'b', 'c', 'd'];
    const scripts = [slow, 'sleep 1000', 'sleep 1000 & sleep 1000', 'trap "" TERM; sleep 1000'];
    const expected = /is already running|There is no tree|was stopped (before|meanwhile)/;
    const pending: Promise<unknown>[] = [];
    const refused: string[] = [];

    function wish(client: WardenClient, name: string, what: string, tree: TreeSnapshot | undefined): Promise<unknown> {
      const request = warden.request(['/bin/sh', '-c', one(scripts), warden.run.workFolder], { name });
      if (what === 'start' || tree === undefined) return client.start(request);
      if (what === 'restart') return client.restart({ tree: tree.id, now: random() < 0.3, reason });
      return client.stop({ tree: tree.id, now: what === 'kill', reason });
    }

    for (let count = 0; count < operations; count++) {
      const name = one(names);
      const client = one(clients);
      const tree = (await client.list()).findLast((candidate) => candidate.name === name);
      const doing = wish(client, name, one(['start', 'restart', 'restart', 'stop', 'kill']), tree);
      pending.push(doing.catch((error: Error) => refused.push(error.message)));
    }
    // One last wish each, while the others are still under way.
    const last = await Promise.all(
      names.map(async (name) => {
        const tree = (await warden.client.list()).findLast((candidate) => candidate.name === name);
        const what = tree === undefined ? 'start' : one(['restart', 'stop', 'kill']);
        pending.push(wish(warden.client, name, what, tree).catch((error: Error) => refused.push(`last: ${error.message}`)));
        return [name, what === 'start' || what === 'restart'] as const;
      }),
    );
    await Promise.all(pending);
    for (const message of refused) assert.match(message, expected, `seed ${seed}`);
    const runs = (await live(warden)).map((tree) => tree.name).sort();
    assert.deepEqual(runs, last.flatMap(([name, isRunning]) => (isRunning ? [name] : [])).sort(), `seed ${seed}: ${JSON.stringify(last)}`);
    await eventually(`seed ${seed}: nothing else runs`, async () => {
      const members = (await live(warden)).flatMap((tree) => tree.members.map(({ pid }) => pid));
      return survivorsOf(warden.run.workFolder).every(({ pid }) => members.includes(pid));
    });
    assert.deepEqual(await warden.client.selfCheck(), [], `seed ${seed}`);
    for (const client of clients) client.dispose();
  });
});
