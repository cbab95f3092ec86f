/** Settings of the warden that the environment has. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';

describe('the environment of a warden', () => {
  it('has limits, which are in the journal with where they come from', async () => {
    await using run = new Run({ TREE_WARDEN_MAX_TREES: '1', TREE_WARDEN_LOG_MAX_SIZE: '64k', TREE_WARDEN_LOG_MAX_FILES: '2' });
    // The second one is started while the first runs.
    writeProcesses(run.workFolder, {
      loud: { command: 'head -c 400000 /dev/zero | tr "\\0" x; until test -e refused; do sleep 0.05; done', pty: false },
      other: { command: 'true', pty: false, dependsOn: { loud: 'started' } },
    });
    const up = run.start(['up']);
    let stderr = '';
    up.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    await eventually('the second one is refused', () => stderr.includes('was not started'));
    writeFileSync(join(run.workFolder, 'refused'), '');
    assert.equal(await exitOf(up), 126);
    assert.match(
      stderr,
      /'other' was not started: 1 trees are running, which is the limit \(treeWarden\.maxTrees, or TREE_WARDEN_MAX_TREES/,
    );
    const logs = readdirSync(join(run.folder, 'state', 'tree-warden', 'logs')).filter((name) => /^loud-.*\.log(\.\d)?$/.test(name));
    assert.equal(logs.length, 3, logs.join());
    const [configured, ...others] = run.journal().filter(({ event }) => event === 'configured');
    assert.deepEqual(others, []);
    const settings = configured?.['settings'] as Record<string, unknown>;
    assert.deepEqual(settings['maxTrees'], { value: 1, from: 'TREE_WARDEN_MAX_TREES' });
    assert.deepEqual(settings['timeLimit'], { value: 0, from: 'default' });
  });

  it('has a time limit for what declares none', async () => {
    await using run = new Run({ TREE_WARDEN_TIME_LIMIT: '300ms' });
    assert.equal(run.call(['run', '--', 'sleep', '1000']).code, 124);
  });

  it('starts nothing with a value that cannot be used, in the background neither, and still lists and ends what runs', async () => {
    await using run = new Run();
    const env = { TREE_WARDEN_MAX_TREES: 'lots' };
    const said = /TREE_WARDEN_MAX_TREES is 'lots': it has to be a whole number from 1 to 100000\./;
    const foreground = run.call(['run', '--', 'touch', 'started'], { env });
    assert.equal(foreground.code, 125);
    assert.match(foreground.stderr, said);
    const background = run.call(['run', '--detached', '--', 'touch', 'started'], { env });
    assert.equal(background.code, 125);
    assert.match(background.stderr, said);
    assert.equal(readdirSync(run.workFolder).includes('started'), false);
    const id = run.call(['run', '--detached', '--', 'sleep', '1000']).stdout.trim();
    assert.match(run.call(['ps'], { env }).stdout, /sleep/);
    const doctor = run.call(['doctor'], { env });
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, said);
    assert.equal(run.call(['kill', id], { env }).code, 0);
    assert.equal(run.call(['doctor']).code, 0);
  });

  it('says in a line what is nearly a variable and no one reads, once a command, and in the background, too', async () => {
    await using run = new Run({
      TREE_WARDEN_MAX_TREE: '1',
      TREE_WARDEN_MAX_TREES: '50',
      TREE_WARDEN_SEED: '7',
      TREE_WARDEN_SECRET_MAX_TREE: 'x',
    });
    const line =
      'tree-warden: TREE_WARDEN_MAX_TREE is set, and nothing reads a variable of this name: did you mean TREE_WARDEN_MAX_TREES?\n';
    assert.deepEqual(run.call(['run', '--', 'true']), { code: 0, stdout: '', stderr: line });
    writeProcesses(run.workFolder, { one: { command: 'true', pty: false }, two: { command: 'sleep 100', lifetime: 'detached' } });
    assert.equal(run.call(['up']).stderr.split(line).length, 2);
    assert.equal(run.call(['ps']).stderr, '');
    const doctor = run.call(['doctor']);
    assert.match(doctor.stdout, /^ {2}! TREE_WARDEN_MAX_TREE is set/m);
    assert.equal(doctor.code, 0);
    run.call(['kill', '--all']);
  });

  it('hands the port of its metrics on to nothing that it starts', async () => {
    await using run = new Run({ TREE_WARDEN_METRICS_PORT: '0', TREE_WARDEN_MAX_PROCESSES: '500' });
    const { stdout } = run.call(['run', '--', 'env']);
    assert.match(stdout, /^TREE_WARDEN_MAX_PROCESSES=500$/m);
    assert.doesNotMatch(stdout, /METRICS_PORT/);
  });
});
