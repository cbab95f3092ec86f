/** Where native calls, or even /proc, cannot be had: less is promised, and that is said. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adversaries } from '../support/adversaries.ts';
import { deaths, survivorsOfDeath } from '../support/deaths.ts';
import { Run } from '../support/run.ts';

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
