/** Several instances of one spec, from the command line: each with its port and number, ended as one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOf, writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

describe('tree-warden up, of a pool', () => {
  it('starts each instance with a port and a number of its own, and kill ends them as one', async () => {
    await using run = new Run();
    const script =
      'echo "hello ${instance}"; echo "$TREE_WARDEN_INSTANCE ${instance} ${port:api} ${port:other}" > out-${instance}; sleep 1000 & wait';
    writeProcesses(run.workFolder, {
      api: { command: script, instances: 3 },
      other: { command: 'echo ${port:other} > other; exec sleep 1000' },
    });
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
    // The port of another process is what that one listens on.
    const other = await eventually('that one has written', () => linesOf(run, 'other')[0] || undefined);
    assert.deepEqual(
      outs.map((line) => line.split(' ')[3]),
      [other, other, other],
    );
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

describe('tree-warden scale', () => {
  it('starts what is missing and ends the surplus, and up prints what all of them print', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { web: { command: 'echo "hello $0-${instance}"; sleep 1000' }, db: { command: 'sleep 1000' } });
    const up = run.start(['up']);
    let printed = '';
    up.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    await eventually('both run', () => run.ps().length === 2);
    const scale = (...args: string[]): string[] => {
      const { code, stdout, stderr } = run.call(['scale', ...args]);
      assert.deepEqual([code, stderr], [0, '']);
      return stdout
        .trim()
        .replaceAll(/pid \d+/g, 'pid')
        .split('\n')
        .sort();
    };
    assert.deepEqual(scale('web', '3'), ['web#2: started (pid)', 'web#3: started (pid)']);
    await eventually(
      'each has a line of its own',
      () => /^web *\| hello .*-1$/m.test(printed) && /^web#2 *\| hello .*-2$/m.test(printed) && /^web#3 *\| hello .*-3$/m.test(printed),
    );
    assert.deepEqual(scale('web', '3'), ['web: 3 instances run already']);
    assert.equal(run.call(['restart', 'web']).code, 0);
    await eventually('they have been started again', () => printed.match(/hello/g)?.length === 6);
    assert.deepEqual(scale('web', '1'), ['web#2: stopped', 'web#3: stopped']);
    assert.deepEqual(scale('web', '2'), ['web#2: started (pid)']);
    await eventually('it is followed again', () => printed.match(/^web#2 *\| hello/gm)?.length === 3);
    assert.equal(run.call(['kill', 'db', 'web']).code, 0);
    assert.equal(await exitOf(up), 0);
    assert.equal(printed.match(/hello/g)?.length, 7);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('wants a name that runs and a number that there can be', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { web: { command: 'sleep 1000' } });
    assert.match(run.call(['scale', 'web', '2']).stderr, /No process 'web' runs/);
    for (const count of ['0', '1.5', 'two', '-1', '1000000']) assert.equal(run.call(['scale', 'web', count]).code, 2, count);
  });
});

describe('tree-warden restart, of a pool', () => {
  it('restarts one after the other, each when the one before it is ready', async () => {
    await using run = new Run();
    // Each takes a moment to be ready, and says so in a file that all of them write to.
    const command = 'echo "start ${instance}" >> turns; sleep 0.3; echo "ready ${instance}" >> turns; echo up; exec sleep 1000';
    writeProcesses(run.workFolder, { api: { command, instances: 3, ready: { log: '^up$' }, stop: ['SIGTERM', '1s'] } });
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
    writeProcesses(run.workFolder, { moody: { command: 'echo begun; sleep 0.2; exit 3', restart } });
    const up = run.start(['up']);
    await eventually('it waits', () => /moody +restarting/.test(run.call(['ps']).stdout));
    assert.equal(up.exitCode, null);
    assert.equal(run.call(['kill', 'moody']).code, 0);
    assert.equal(await exitOf(up), 3);
  });

  it('ends with its exit code when it is given up', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      moody: { command: 'echo begun; sleep 0.2; exit 4', restart: { when: 'on-failure', maxRestarts: 1, delay: '10ms' } },
    });
    const { code, stdout, stderr } = run.call(['up']);
    assert.equal(code, 4);
    assert.equal(stdout.match(/begun/g)?.length, 2);
    assert.match(stderr, /'moody' exited with code 4, and will not be restarted: it was restarted once in 10 min\. Last output:/);
  });
});
