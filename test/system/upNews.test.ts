/** What `up` makes of news that comes late, or of what comes in between. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import { socketPath } from '../../src/records/records.ts';
import { linesOf, writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

function startUp(run: Run): { readonly up: ReturnType<Run['start']>; readonly said: () => string } {
  const up = run.start(['up']);
  let said = '';
  for (const stream of [up.stdout, up.stderr])
    stream?.on('data', (data: Buffer) => {
      said += data;
    });
  return { up, said: () => said };
}

const endsOf = (run: Run): number => run.journal().filter(({ event }) => event === 'ended').length;

describe('up', () => {
  it('goes on with what another command starts again before it has told the end', async () => {
    await using run = new Run();
    const command = 'echo x >> runs; n=$(wc -l < runs); echo run $n; until test -e go$n; do sleep 0.02; done; exit $((n * 3 - 3))';
    writeProcesses(run.workFolder, { job: { command } });
    const { up, said } = startUp(run);
    await eventually('the first run is told', () => /^job \| run 1$/m.test(said()));
    up.kill('SIGSTOP');
    writeFileSync(join(run.workFolder, 'go1'), '');
    await eventually('it has ended', () => endsOf(run) === 1);
    const client = await connectToWarden(socketPath(join(run.runtimeFolder, run.wardenIds()[0] ?? '')), 'test');
    assert.equal((await client.names.start({ name: 'job' })).trees.length, 1);
    client.dispose();
    await eventually('it runs again', () => linesOf(run, 'runs').length === 2);
    up.kill('SIGCONT');
    await eventually('the second run is told, while it runs', () => /^job \| run 2$/m.test(said()));
    writeFileSync(join(run.workFolder, 'go2'), '');
    assert.equal(await exitOf(up), 3);
    assert.equal(
      said()
        .split('\n')
        .filter((line) => /run \d/.test(line)).length,
      2,
    );
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('says that its warden was killed also while nothing runs, but waits to be restarted', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'exit 3', restart: { when: 'on-failure', delay: '1h', maxDelay: '1h' } } });
    const { up, said } = startUp(run);
    await eventually('its end is told', () => /^job \| exited with code 3$/m.test(said()));
    process.kill(run.wardenPids()[0] ?? 0, 'SIGKILL');
    assert.equal(await exitOf(up), 125);
    assert.match(said(), /^tree-warden: The warden was killed; every process it guarded has been ended\.$/m);
  });
});
