/** The runs of processes, kept over everything that ends a warden, with real processes. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runFilesOf } from '../../src/records/runFiles.ts';
import { writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsOf } from '../support/survivors.ts';

interface Listed {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly exit?: { readonly code: number | null; readonly signal: string | null };
  readonly stopped?: true;
  readonly lastLines?: readonly string[];
}

const fileOf = (run: Run): string => join(run.workFolder, '.vscode', 'processes.json');
const folderOf = (run: Run): string => join(run.folder, 'state', 'tree-warden', 'runs');
const newestFile = (run: Run, name: string): string => runFilesOf({ origin: fileOf(run), name }, folderOf(run))[0];

function listed(run: Run, name: string): readonly Listed[] {
  const { stdout, stderr, code } = run.call(['runs', name, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as readonly Listed[];
}

/** The pid of the warden, once this process runs and its run is on the disk: its warden writes that down a moment after the start. */
async function wardenOf(run: Run, name: string): Promise<number> {
  await eventually('its run is on record', () => listed(run, name)[0]?.state === 'running');
  return await eventually('it runs', () => run.ps().find((tree) => tree.name === name && tree.state === 'ready')?.warden.pid);
}

describe('the runs of a process', () => {
  it('are kept with when, how long, how and why each has ended, and with what it printed last', async () => {
    await using run = new Run();
    const before = Date.now();
    writeProcesses(run.workFolder, {
      job: { command: 'test -e well && exit 3; printf "1\\n2\\n"; sleep 0.2; echo out of luck >&2; exit 7', successExitCodes: [0, 3] },
    });
    run.call(['up']);
    writeFileSync(join(run.workFolder, 'well'), '');
    run.call(['up']);
    const [second, first, ...others] = listed(run, 'job');
    assert.deepEqual(others, []);
    assert.deepEqual(
      [first?.state, first?.reason, first?.exit, first?.stopped, first?.lastLines],
      ['failed', 'exited with code 7', { code: 7, signal: null }, undefined, ['1', '2', 'out of luck']],
    );
    assert.ok((first?.startedAt ?? 0) >= before && (first?.endedAt ?? 0) - (first?.startedAt ?? 0) >= 200);
    assert.deepEqual([second?.state, second?.exit?.code, second?.lastLines], ['succeeded', 3, []]);
    const { stdout } = run.call(['runs', 'job']);
    assert.match(
      stdout,
      // What was not sampled has no figures.
      /^STARTED +TIME {2}(?: +CPU +MEMORY {2})?STATE +REASON\n\d{4}-\d\d-\d\d [\d:]{8} +[\d.]+ m?s {2}(?: *\S[^a-z]*(?:ms|s) +\S+ [KM]B {2}| +- +- {2})?succeeded {2}exited with code 3\n.*failed +exited with code 7\n$/,
    );
    assert.equal(run.call(['runs', 'job', '-n', '1']).stdout.trim().split('\n').length, 2);
  });

  it('are there after the warden was killed, and the one that it had is known to be lost', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'echo done; exit 0' }, server: { command: 'echo up; sleep 100' } });
    run.call(['up', 'job']);
    const up = run.start(['up', 'server']);
    process.kill(await wardenOf(run, 'server'), 'SIGKILL');
    await exitOf(up);
    await eventually('the switch has ended it', () => survivorsOf(run.workFolder).length === 0);
    run.call(['up', 'job']);
    assert.deepEqual(
      listed(run, 'job').map(({ state }) => state),
      ['succeeded', 'succeeded'],
    );
    // Until the record of its tree is gone, too, it counts as running.
    const lost = await eventually('it is lost', () => listed(run, 'server').find(({ state }) => state !== 'running'));
    assert.deepEqual([lost.state, lost.endedAt], ['unknown', undefined]);
    assert.match(lost.reason, /not recorded/);
    const again = run.start(['up', 'server']);
    await wardenOf(run, 'server');
    assert.deepEqual(
      listed(run, 'server').map(({ state }) => state),
      ['running', 'unknown'],
    );
    again.kill('SIGTERM');
    await exitOf(again);
    assert.deepEqual(
      listed(run, 'server').map(({ state, stopped }) => [state, stopped]),
      [
        ['exited', true],
        ['unknown', undefined],
      ],
    );
  });

  it('of a detached process go on with the warden that takes it over', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { daemon: { command: 'while ! test -e enough; do sleep 0.05; done', lifetime: 'detached' } });
    run.call(['up']);
    const first = await wardenOf(run, 'daemon');
    process.kill(first, 'SIGKILL');
    await eventually('another warden has it', () => run.ps().some(({ name, warden }) => name === 'daemon' && warden.pid !== first));
    assert.deepEqual(
      listed(run, 'daemon').map(({ state }) => state),
      ['running'],
    );
    writeFileSync(join(run.workFolder, 'enough'), '');
    await eventually('its end is kept', () => listed(run, 'daemon')[0]?.endedAt);
    assert.deepEqual(
      listed(run, 'daemon').map(({ state, reason }) => [state, reason]),
      [['exited', 'ended (exit status unknown)']],
    );
  });

  it('of which one could not be started have the reason', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: ['./missing'] } });
    run.call(['up']);
    const [only] = listed(run, 'job');
    assert.deepEqual([only?.state, only?.exit], ['failed', undefined]);
    assert.match(only?.reason ?? '', /missing/);
  });

  it('of several instances are one list, or one for each', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: ['sh', '-c', 'exit $0', '${instance}'], instances: 2, successExitCodes: [1, 2] } });
    run.call(['up']);
    assert.deepEqual(
      listed(run, 'job')
        .map(({ name, exit }) => `${name} ${exit?.code}`)
        .sort(),
      ['job 1', 'job#2 2'],
    );
    assert.deepEqual(
      listed(run, 'job#2').map(({ exit }) => exit?.code),
      [2],
    );
    assert.match(run.call(['runs', 'job']).stdout, /^NAME +STARTED.*\n(?:.*\n)*job#1 /);
  });

  it('lose the torn line alone', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'exit 0' } });
    for (let count = 0; count < 2; count++) run.call(['up']);
    const path = newestFile(run, 'job');
    truncateSync(path, readFileSync(path).length - 20);
    run.call(['up']);
    assert.deepEqual(
      listed(run, 'job').map(({ state }) => state),
      ['succeeded', 'unknown', 'succeeded'],
    );
  });

  it('cost nothing else where they cannot be written, which the journal says', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'echo works; exit 3' } });
    // Also for root, whom no mode keeps from writing.
    mkdirSync(join(run.folder, 'state', 'tree-warden'), { recursive: true });
    writeFileSync(folderOf(run), '');
    const { stdout, code } = run.call(['up']);
    assert.deepEqual([code, stdout], [3, 'job | works\njob | exited with code 3\n']);
    const failures = run.journal().filter(({ event }) => event === 'observer-failed');
    assert.equal(failures.length, 1);
    assert.match(String(failures[0]?.['reason']), /^Keeping the runs of processes failed: /);
    rmSync(folderOf(run));
    run.call(['up']);
    assert.equal(listed(run, 'job').length, 1);
  });

  it('cost nothing else where there is something else in their place, which the list says', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'exit 3' } });
    run.call(['up']);
    const path = newestFile(run, 'job');
    rmSync(path);
    mkdirSync(path);
    assert.equal(run.call(['up']).code, 3);
    const { stderr, code } = run.call(['runs', 'job']);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be read: it is not a plain file\./);
  });

  it('are not kept of what is not declared', async () => {
    await using run = new Run();
    run.call(['run', 'true']);
    assert.equal(existsSync(folderOf(run)), false);
  });
});

describe('tree-warden runs', () => {
  const wrong: [string, string[], RegExp][] = [
    ['a process that is not declared', ['other'], /declares no process 'other'; it declares job\./],
    ['a number that is none', ['job', '-n', 'many'], /^tree-warden: --number wants a whole number from 1 to 50, not 'many'\.$/m],
    ['a number beyond what is kept', ['job', '-n', '51'], /from 1 to 50, not '51'/],
    ['no number', ['job', '-n', '0'], /from 1 to 50, not '0'/],
  ];
  for (const [what, args, message] of wrong)
    it(`refuses ${what}`, async () => {
      await using run = new Run();
      writeProcesses(run.workFolder, { job: { command: 'true' } });
      const { code, stderr } = run.call(['runs', ...args]);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    });

  it('says that nothing has run yet', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { command: 'true' } });
    assert.deepEqual([run.call(['runs', 'job']).stdout, run.call(['runs', 'job', '--json']).stdout], ["'job' has not run yet.\n", '[]\n']);
    assert.deepEqual(existsSync(folderOf(run)) ? readdirSync(folderOf(run)) : [], []);
  });
});
