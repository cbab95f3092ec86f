/** A warden that is killed when the kernel has a new leader already, and neither the switch nor a census has seen it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { eventually } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const script = fileURLToPath(new URL('../fixtures/killedWarden.cjs', import.meta.url));
const reason = 'the test says so';
/** Its own session is what a switch would miss that knew groups only. */
const doomed = ': doomed; setsid sleep 1000 & sleep 1000';

const moments: [string, number, (warden: TestWarden, containment: StartRequest['containment']) => Promise<unknown>][] = [
  ['a start', 1, (warden, containment) => warden.startShell(doomed, { containment })],
  [
    'a restart',
    2,
    async (warden, containment) => {
      const { id } = await warden.startShell(doomed, { containment });
      return await warden.client.restart({ tree: id, now: true, reason });
    },
  ],
  [
    'a scale',
    3,
    async (warden, containment) => {
      const { names } = warden.client;
      const { name, ...template } = warden.request(['/bin/sh', '-c', doomed, warden.run.workFolder], { containment });
      await names.declare({ origin: 'file', processes: [{ name, instances: 1, template }] });
      await names.start({ name });
      return await names.scale({ name, instances: 4, reason });
    },
  ],
];

describe('a SIGKILL of the warden in the turn of a spawn', () => {
  for (const containment of ['group', 'auto'] as const)
    for (const [what, at, act] of moments)
      it(`leaves no process and no record: ${what} (${containment})`, async () => {
        await using warden = await TestWarden.start({ TREE_WARDEN_TEST_KILL_AT: String(at) }, undefined, {}, { script });
        await assert.rejects(act(warden, containment), { message: 'The warden has ended.' });
        assert.equal((await warden.process.ended).orderly, false);
        await eventually('nothing of it is left', async () => (await survivorsAfterLooking(warden.run.workFolder)).length === 0);
        // Its record goes when what it names is gone.
        await eventually('nothing of it is on record', () => warden.run.wardenIds().length === 0);
      });
});
