import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually, Run } from '../support/run.ts';
import { isAlive, isStopped, survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const bytes = 9_000_000;

describe('the end of a warden', () => {
  it('has all output on disk, to the last byte', async () => {
    await using warden = await TestWarden.start();
    const script = `head -c ${bytes - 4} /dev/zero; printf 'end\\n'; sleep 1000`;
    const { id } = await warden.startShell(script, { awaitReader: false });
    await warden.output(id, (text) => text.endsWith('end\n'));
    await warden.client.shutdown('the test is over', true);
    await warden.process.ended;
    const folder = dirname(warden.run.journalPath);
    const [log = ''] = readdirSync(folder).filter((name) => name.endsWith('.log'));
    const written = readFileSync(join(folder, log));
    assert.equal(written.length, bytes);
    assert.equal(written.toString('latin1', bytes - 4), 'end\n');
    assert.match(readFileSync(warden.run.journalPath, 'utf8'), /"event":"warden-ended"/);
  });

  it('comes with its owner’s, also where it was stopped before', async () => {
    await using run = new Run();
    const owner = run.start(['run', '--', 'sh', '-c', 'setsid sleep 1000 & touch up; exec sleep 1000']);
    await eventually('it is up', () => existsSync(join(run.workFolder, 'up')));
    const [warden = assert.fail('it is not on record')] = run.wardenPids();
    process.kill(warden, 'SIGSTOP');
    await eventually('it is stopped', () => isStopped(warden));
    owner.kill('SIGKILL');
    await eventually('the warden has ended', () => !isAlive(warden));
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });
});
