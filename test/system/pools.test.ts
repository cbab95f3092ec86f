/** Several instances of one spec, from the command line: each with its port and number, ended as one. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

function declare(run: Run, processes: object): void {
  mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
}

describe('tree-warden up, of a pool', () => {
  it('starts each instance with a port and a number of its own, and kill ends them as one', async () => {
    await using run = new Run();
    const script = 'echo "hello ${instance}"; echo "$TREE_WARDEN_INSTANCE ${instance} ${port:api}" > out-${instance}; sleep 1000 & wait';
    declare(run, { api: { command: script, instances: 3 }, other: { command: 'sleep 1000' } });
    const up = run.start(['up']);
    let printed = '';
    up.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const names = (): string[] =>
      run
        .ps()
        .map(({ name }) => name)
        .sort();
    await eventually('all are there', () => names().length === 4);
    assert.deepEqual(names(), ['api', 'api#2', 'api#3', 'other']);
    const said = (name: string): string[] => run.call(['logs', name]).stdout.split('\n').filter(Boolean).sort();
    await eventually('all have printed', () => said('api').length === 3);
    assert.deepEqual(said('api'), ['api#1 | hello 1', 'api#2 | hello 2', 'api#3 | hello 3']);
    assert.deepEqual(said('api#2'), ['hello 2']);
    const outs = await eventually('all have written', () => {
      const { stdout } = run.call(['run', '--', '/bin/sh', '-c', 'cat out-*']);
      return stdout.trim().split('\n').length === 3 && stdout.trim().split('\n');
    });
    assert.deepEqual(
      outs.map((line) => line.split(' ').slice(0, 2)),
      [
        ['1', '1'],
        ['2', '2'],
        ['3', '3'],
      ],
    );
    assert.equal(new Set(outs.map((line) => line.split(' ')[2])).size, 3);
    assert.equal(run.call(['kill', 'api#2']).stdout, 'api#2: stopped\n');
    assert.equal(run.call(['kill', 'api#1']).stdout, 'api#1: stopped\n');
    assert.equal(run.call(['kill', 'api']).stdout, 'api#3: stopped\n');
    assert.deepEqual(names(), ['other']);
    const mixed = run.call(['kill', '--all', 'api']);
    assert.equal(mixed.code, 2, mixed.stderr);
    assert.deepEqual(names(), ['other'], 'a request that contradicts itself stops nothing');
    await eventually('each line names its instance as ps and kill do', () => /^api#1 +\| stopped by tree-warden kill$/m.test(printed));
    up.kill('SIGTERM');
    await exitOf(up);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });
});

describe('tree-warden restart, of a pool', () => {
  it('restarts one after the other, each when the one before it is ready', async () => {
    await using run = new Run();
    // Each takes a moment to be ready, and says so in a file that all of them write to.
    const command = 'echo "start ${instance}" >> turns; sleep 0.3; echo "ready ${instance}" >> turns; echo up; exec sleep 1000';
    declare(run, { api: { command, instances: 3, ready: { log: '^up$' }, stop: ['SIGTERM', '1s'] } });
    const up = run.start(['up']);
    const turns = (): string[] => readFileSync(join(run.workFolder, 'turns'), 'utf8').trim().split('\n');
    await eventually('all are ready', () => run.ps().filter(({ state }) => state === 'ready').length === 3);
    const before = turns().length;
    const { code, stdout } = run.call(['restart', 'api']);
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/pid \d+/, 'pid')),
      ['api#1', 'api#2', 'api#3'].map((name) => `${name}: restarted (pid)`),
    );
    await eventually('the last one is ready', () => turns().length === before + 6);
    assert.deepEqual(turns().slice(before), ['start 1', 'ready 1', 'start 2', 'ready 2', 'start 3', 'ready 3']);
    up.kill('SIGTERM');
    await exitOf(up);
  });
});

describe('tree-warden up, of what fails', () => {
  it('goes on with what is started again, and ps says that it waits', async () => {
    await using run = new Run();
    const restart = { when: 'on-failure', delay: '1h', maxDelay: '1h' };
    declare(run, { moody: { command: 'echo begun; sleep 0.2; exit 3', restart } });
    const up = run.start(['up']);
    await eventually('it waits', () => /moody +restarting/.test(run.call(['ps']).stdout));
    assert.equal(up.exitCode, null);
    assert.equal(run.call(['kill', 'moody']).code, 0);
    assert.equal(await exitOf(up), 3);
  });

  it('ends with its exit code when it is given up', async () => {
    await using run = new Run();
    declare(run, { moody: { command: 'echo begun; sleep 0.2; exit 4', restart: { when: 'on-failure', maxRestarts: 1, delay: '10ms' } } });
    const { code, stdout, stderr } = run.call(['up']);
    assert.equal(code, 4);
    assert.equal(stdout.match(/begun/g)?.length, 2);
    assert.match(stderr, /'moody' exited with code 4, and will not be restarted: it was restarted once in 10 min\. Last output:/);
  });
});
