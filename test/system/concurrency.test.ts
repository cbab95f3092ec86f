/** Many clients at once, in random order: at the end, registry, records and kernel tell the same story. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { connectToWarden, type WardenClient } from '../../src/client/wardenClient.ts';
import { socketPath } from '../../src/records/records.ts';
import { randomFrom } from '../support/random.ts';
import { eventually } from '../support/run.ts';
import { survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const actions = 200;
const scripts = [
  'sleep 1000',
  '(setsid sleep 1000 &) ; sleep 1000',
  'trap "" TERM; sleep 1000 & sleep 1000',
  'exit 3',
  'for n in 1 2 3 4; do sleep 1000 & done; wait',
];

describe('three clients', () => {
  it(`that start and stop ${actions} times in random order leave everything in agreement`, async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    await using warden = await TestWarden.start();
    const socket = socketPath(warden.client.welcome.folder);
    const clients = await Promise.all([1, 2, 3].map((number) => connectToWarden(socket, `client ${number}`)));
    const names = Array.from({ length: 12 }, (_, number) => `tree ${number}`);
    const refused: string[] = [];

    async function act(client: WardenClient): Promise<void> {
      const name = names[Math.floor(random() * names.length)] ?? '';
      const script = scripts[Math.floor(random() * scripts.length)] ?? '';
      const containment = random() < 0.5 ? 'group' : 'auto';
      const running = (await client.list()).find((tree) => tree.name === name && tree.endedAt === undefined);
      try {
        if (!running) await client.start(warden.request(['/bin/sh', '-c', script], { name, containment }));
        else if (random() < 0.3) await client.restart({ tree: running.id, now: random() < 0.5, reason: 'the test says so' });
        else await client.stop({ tree: running.id, now: random() < 0.5, reason: 'the test says so' });
      } catch (error) {
        // Another client was faster: that has to be said, in words that name the tree.
        refused.push((error as Error).message);
      }
    }

    const work = async (client: WardenClient, count: number): Promise<void> => {
      for (let number = 0; number < count; number++) await act(client);
    };
    await Promise.all(clients.map((client) => work(client, Math.ceil(actions / clients.length))));
    for (const message of refused)
      assert.match(message, /is already running|There is no tree|was stopped (before|meanwhile)/, `seed ${seed}: ${message}`);

    // Commands that end by themselves may still be on their way out.
    await eventually('those that end by themselves have ended', async () =>
      (await warden.client.list()).every((tree) => tree.endedAt !== undefined || !tree.commandLine.includes('exit 3')),
    );
    const living = (await warden.client.list()).filter((tree) => tree.endedAt === undefined);
    const records = readdirSync(warden.client.welcome.folder).filter((name) => name.endsWith('.tree.json'));
    assert.deepEqual(records.sort(), living.map(({ id }) => `${id}.tree.json`).sort(), `seed ${seed}: records`);
    assert.deepEqual(await warden.client.selfCheck(), [], `seed ${seed}: self-check`);
    // A shell is there before what it starts: both lists are taken until they are of the same moment.
    await eventually(`seed ${seed}: members and the kernel agree`, async () => {
      const now = (await warden.client.list()).filter((tree) => tree.endedAt === undefined);
      const members = now.flatMap((tree) => tree.members.filter(({ zombie }) => !zombie).map(({ pid }) => pid));
      const alive = survivorsOf(warden.run.workFolder).map(({ pid }) => pid);
      return isDeepStrictEqual(alive.sort(), members.sort());
    });
    for (const client of clients) client.dispose();
  });
});
