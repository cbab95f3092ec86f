/** Never a wrong kill, where pids are scarce and go from hand to hand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { offersHere } from '../support/containments.ts';
import { Run } from '../support/run.ts';

const script = fileURLToPath(new URL('../fixtures/pidReuse.ts', import.meta.url));
const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const few = 'echo 500 > /proc/sys/kernel/pid_max && [ "$(cat /proc/sys/kernel/pid_max)" = 500 ]';

function inNamespace(argv: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync('unshare', [...user, '--pid', '--fork', '--kill-child', '--mount-proc', ...argv], {
    encoding: 'utf8',
    env,
    timeout: 100_000,
  });
}

function missing(): string | false {
  if (!offersHere().some(({ containment, available }) => containment === 'namespace' && available))
    return 'there are no PID namespaces here';
  const before = spawnSync('cat', ['/proc/sys/kernel/pid_max'], { encoding: 'utf8' }).stdout;
  const { status } = inNamespace(['sh', '-c', few]);
  const after = spawnSync('cat', ['/proc/sys/kernel/pid_max'], { encoding: 'utf8' }).stdout;
  // Older kernels have one for the whole machine; that is none of a test's business.
  if (before !== after) spawnSync('sh', ['-c', `echo ${before.trim()} > /proc/sys/kernel/pid_max`]);
  return status === 0 && before === after ? false : 'this kernel has no pid_max of a namespace’s own (Linux 6.14 has)';
}

describe('among strangers that are given the pids of members', { skip: missing() }, () => {
  it('only members ever get a signal', async () => {
    await using run = new Run();
    const { stdout, stderr } = inNamespace([process.execPath, script, run.workFolder, '12'], run.env);
    assert.notEqual(stdout, '', stderr);
    const outcome = JSON.parse(stdout) as { trees: number; wardens: number; born: number; pidMax: number; problems: string[] };
    console.log(
      `${outcome.trees} trees of ${outcome.wardens} wardens among ${outcome.born} strangers, with ${outcome.pidMax} pids for all`,
    );
    assert.deepEqual(outcome.problems, []);
    assert.ok(outcome.born > 5 * outcome.pidMax, 'every pid was given out several times');
    assert.ok(outcome.trees > 50 && outcome.wardens > 2);
  });
});
