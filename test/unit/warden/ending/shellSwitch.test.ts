import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ShellSwitch } from '../../../../src/warden/ending/deadMansSwitch.ts';
import { eventually } from '../../../support/run.ts';

/** Every switch is killed as soon as it runs. */
function endedAtOnce(): { readonly guard: ShellSwitch; readonly pids: number[]; readonly problems: string[] } {
  const pids: number[] = [];
  const problems: string[] = [];
  const guard = new ShellSwitch({
    reaper: ['true'],
    onSpawn: (pid) => {
      pids.push(pid);
      process.kill(pid, 'SIGKILL');
    },
    onLost: () => undefined,
    onGivenUp: (problem) => void problems.push(String(problem)),
  });
  return { guard, pids, problems };
}

describe('the dead man’s switch', () => {
  it('is started again five times, then given up with a sentence, until a user wants it', async () => {
    const { guard, pids, problems } = endedAtOnce();
    await eventually('it is given up', () => problems.length === 1);
    assert.equal(pids.length, 6);
    assert.equal(guard.pid, null);
    assert.match(
      String(guard.problem),
      /^The dead man’s switch was ended by another process, after it was restarted 5 times in 3 minutes\./,
    );
    guard.startAgain();
    assert.equal(guard.problem, undefined);
    await eventually('it is given up again', () => problems.length === 2);
    assert.equal(pids.length, 12);
    assert.equal(new Set(problems).size, 1);
  });

  it('that is not needed any more is not started again', async () => {
    const { guard, pids, problems } = endedAtOnce();
    await eventually('it is given up', () => problems.length === 1);
    guard.standDown();
    guard.startAgain();
    assert.equal(guard.pid, null);
    assert.equal(pids.length, 6);
  });
});
