/** Secrets on command lines: where the warden writes or tells of a process, they are masked. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { filesBelow } from '../support/filesBelow.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const secrets = ['hunter2-in-name', 'q7Xw2Lp9Rt4Vb8Nz3Kd6', 'sk-abcdefghijklmnopqrst', 'hunter2-of-url', 'hunter2-of-probe'];
const [named = '', opaque = '', shaped = '', ofUrl = '', ofProbe = ''] = secrets;

describe('a secret on a command line', () => {
  it('is in no journal, no record, no list and no reason', async () => {
    await using warden = await TestWarden.start();
    const argv = [
      '/bin/sh',
      '-c',
      'exec sleep 1000',
      '--password',
      named,
      opaque,
      `--key=${shaped}`,
      `postgres://me:${ofUrl}@host/db`,
    ] as const;
    const check = { by: 'exec', argv: ['/bin/sleep', '1000', `--token=${ofProbe}`] } as const;
    const ready = { check, delayMillis: 0, periodMillis: 50, timeoutMillis: 100, failureThreshold: 1, successThreshold: 1 };
    const { id } = await warden.client.start(warden.request(argv, { ready }));
    const told = await eventually('the probe has failed', async () => {
      const tree = await warden.tree(id);
      return tree.illness !== undefined && tree;
    });
    // Its record changes with each process of the probe.
    const records = await eventually('all records are read', () => filesBelow(warden.run.runtimeFolder));
    assert.ok(records.size >= 2);
    const written = [...records.values(), readFileSync(warden.run.journalPath, 'utf8')].join('\n');
    const listed = `${JSON.stringify(told)}\n${warden.run.call(['ps', '--json']).stdout}\n${warden.run.call(['ps']).stdout}`;
    assert.match(listed, /•••/);
    for (const secret of secrets) assert.ok(!`${written}\n${listed}`.includes(secret), `${secret} is shown`);
    await warden.stop(id, true);
  });
});
