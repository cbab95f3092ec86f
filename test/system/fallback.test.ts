/** Where native calls, or even /proc, cannot be had: less is promised, and that is said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../src/build/paths.ts';
import { adversaries } from '../support/adversaries.ts';
import { deaths, survivorsOfDeath } from '../support/deaths.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

const modes = [
  { name: 'without native calls', env: { TREE_WARDEN_NATIVE: 'off' }, says: /Native calls are not available .* can escape/ },
  { name: 'on a portable Unix', env: { TREE_WARDEN_PLATFORM: 'portable' }, says: /only process groups and parent links are used/ },
];
/** What parent links and the environment are enough for. */
const held = ['twelve shells deep', 'two hundred children', 'deaf to TERM', 'own session', 'stopped members', 'zombies'];

for (const { name, env, says } of modes) {
  describe(name, () => {
    it('runs a command, and says what it cannot promise', async () => {
      await using run = new Run(env);
      const { code, stdout, stderr } = run.call(['run', '--', 'sh', '-c', 'echo hello; exit 3']);
      assert.deepEqual({ code, stdout }, { code: 3, stdout: 'hello\n' });
      assert.match(stderr, says);
    });

    for (const adversary of adversaries.filter((candidate) => held.includes(candidate.name))) {
      for (const death of deaths.slice(0, 2)) {
        it(`leaves no process of ${adversary.name} on ${death.name}`, async () => {
          const { survivors } = await survivorsOfDeath(adversary, death, { containment: 'group', env });
          assert.deepEqual(survivors, []);
        });
      }
    }
  });
}

describe('where no cgroup is shown, as in some containers', () => {
  /** In a mount namespace in which the cgroups are covered. */
  const covered = (run: Run, command: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync('unshare', ['-Urm', 'sh', '-c', `mount -t tmpfs none /sys/fs/cgroup && ${command}`], {
      ...{ cwd: run.workFolder, env: run.env, encoding: 'utf8', input: '' },
    });
  const program = `${process.execPath} ${cli}`;

  it('doctor says so, by what processes are held, and what to do', async () => {
    await using run = new Run();
    const { status, stdout, stderr } = covered(run, `${program} doctor`);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /✘ cgroup {5}there is no cgroup at \/sys\/fs\/cgroup\S*, where this process should be in one\n.*devcontainer\.json/,
    );
    assert.match(stdout, /By default, processes are held by group: /);
  });

  it('a command and what strays from it are held by group', async () => {
    await using run = new Run();
    const command = `(setsid sleep 1000 &); ${program} ps --json`;
    const { status, stdout } = covered(run, `${program} run -- sh -c '${command}'`);
    assert.equal(status, 0);
    assert.deepEqual(
      (JSON.parse(stdout) as { containment: string }[]).map(({ containment }) => containment),
      ['group'],
    );
    // The switch, which is of the run's folder, too, ends a moment after its warden.
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.folder)).length === 0);
  });
});

describe('a command on a terminal', () => {
  it('keeps it where the warden has none to lend, and says so', async () => {
    await using run = new Run({ TREE_WARDEN_NATIVE: 'off' });
    const { code, output } = run.onTerminal(['run', '--', 'sh', '-c', `'tty; read line; echo "read $line"; exit 3'`], 'typed\n');
    assert.equal(code, 3);
    assert.match(output, /Terminals are not available \(TREE_WARDEN_NATIVE=off\)/);
    assert.match(output, /\/dev\/pts\/\d+\r\n[\s\S]*read typed/);
  });

  it('has one of the system where only node-pty is missing, as on Alpine', async () => {
    await using run = new Run();
    const program = join(run.folder, 'program');
    mkdirSync(program);
    cpSync(join(root, 'package.json'), join(program, 'package.json'));
    cpSync(join(root, 'dist'), join(program, 'dist'), { recursive: true });
    for (const name of ['koffi', '@koromix'])
      cpSync(join(root, 'node_modules', name), join(program, 'dist', 'node_modules', name), { recursive: true });
    // With a name that a shell without bash drops, for which node-pty is there otherwise.
    const line = `${process.execPath} ${join(program, 'dist', 'cli.js')} run -- sh -c 'tty; ps -o tty= -p $$'`;
    const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      ...{ cwd: run.workFolder, env: { ...run.env, 'a.b': 'c' }, encoding: 'utf8', input: '' },
    });
    assert.equal(status, 0, stdout);
    // Between the two, the terminal may echo the end of its input.
    const [own, controlling] = stdout.match(/pts\/\d+/g) ?? [];
    assert.ok(own);
    assert.equal(controlling, own);
    assert.doesNotMatch(stdout, /not available/);
  });
});
