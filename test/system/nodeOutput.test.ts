/** A lot of output of processes on a node. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TreeId } from '../../src/protocol/identity.ts';
import { SshServer, whyNoSshServer } from '../support/sshServer.ts';
import { testScope } from '../support/testScope.ts';
import { TestWarden } from '../support/warden.ts';

const full = testScope() === 'full' ? false : 'TREE_WARDEN_TESTS=full';
const instances = 6;
const width = 15;
/** Of each instance: a hundred megabytes are of all of them together. */
const lines = Math.ceil((100 * 2 ** 20) / instances / (width + 1));
/** The reader rests for so long behind each of so many bytes. */
const rest = { everyBytes: 2 ** 20, millis: 20 };

describe('processes on a node that print a lot', { skip: whyNoSshServer() ?? full }, () => {
  it('have it read whole and in order by one slow reader, and hold nothing of it in memory', { timeout: 280_000 }, async () => {
    await using server = await SshServer.start();
    await using warden = await TestWarden.start();
    const { run, client } = warden;
    const extra = server.options({ folder: join(run.folder, 'node') });
    const runner = { type: 'ssh', host: '127.0.0.1', leaseMillis: 30_000, workspace: run.workFolder, extra } as const;
    const begun = performance.now();
    let bytes = 0;
    let resting = Promise.resolve();
    const readAll = async (tree: TreeId): Promise<void> => {
      await using output = client.output({ tree, from: 0, whenBehind: 'wait', follow: true });
      let number = 0;
      let left = '';
      for await (const { data, skipped } of output) {
        assert.equal(skipped, 0);
        const all = (left + data.toString('latin1')).split('\n');
        left = all.pop() ?? '';
        for (const line of all)
          if (Number(line) !== ++number || line.length !== width) assert.fail(`line ${number} of ${tree} is '${line}'`);
        if (Math.floor((bytes + data.length) / rest.everyBytes) > Math.floor(bytes / rest.everyBytes))
          resting = resting.then(() => sleep(rest.millis));
        bytes += data.length;
        await resting;
      }
      assert.equal(number, lines);
    };
    const trees = await Promise.all(
      Array.from({ length: instances }, (_, index) =>
        warden.startShell(`seq -f '%0${width}.0f' 1 ${lines}`, { name: `work#${index + 1}`, awaitReader: true, runner }),
      ),
    );
    await Promise.all(trees.map(({ id }) => readAll(id)));
    const seconds = (performance.now() - begun) / 1000;
    assert.equal(bytes, instances * lines * (width + 1));
    const [, peak = '0'] = readFileSync(`/proc/${warden.process.pid}/status`, 'utf8').match(/^VmHWM:\s+(\d+)/m) ?? [];
    console.log(
      `${(bytes / 2 ** 20).toFixed(0)} MB in ${seconds.toFixed(1)} s; the warden had ${(Number(peak) / 1024).toFixed(0)} MB at most`,
    );
    assert.ok(Number(peak) < 400 * 1024, `${peak} kB`);
  });
});
