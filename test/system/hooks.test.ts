/** Commands that belong to the life of a process: before its start, when it is ready, and at its end, whichever way that comes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatDuration } from '../../src/protocol/format.ts';
import { type Death, deaths, killAtOnce } from '../support/deaths.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { HookProject as Project, until } from '../support/hookProject.ts';
import { eventually, exitOf, switchesOf } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const atStop = [{ run: 'echo "stop $WHO" >> ends' }, 'SIGTERM', '300ms'];

async function assertRunOnce({ strike, nextStart }: Death): Promise<void> {
  await using project = new Project({ stop: atStop, onStop: 'echo gone >> ends' });
  const { run } = project;
  const { owner, warden } = await project.up();
  const exited = exitOf(owner);
  await strike({ run, timeLimit: 0, owner: owner.pid, warden });
  await exited;
  if (nextStart) {
    assert.equal(project.written(), '');
    assert.equal(run.call(['sweep']).code, 0);
  }
  await eventually('they have been run', () => project.written().includes('gone'));
  await project.noneIsLeft();
  assert.equal(run.call(['sweep']).code, 0);
  assert.equal(project.written(), 'stop me\ngone\n');
}

describe('the commands of a stop', () => {
  for (const death of deaths.filter(({ owner, timed }) => owner === undefined && !timed)) {
    // The one in which nothing of ours is left but the next start is tried more often in a full run.
    const rounds = death.nextStart && testScope() === 'full' ? 50 : 1;
    for (let round = 1; round <= rounds; round++)
      it(`are run once: ${death.name}${rounds > 1 ? `, ${round}` : ''}`, async () => await assertRunOnce(death));
  }

  for (const [what, command] of [
    ['its own end', 'sleep 0.3'],
    ['its failure', 'sleep 0.3; exit 3'],
    ['a kill by itself', 'kill -KILL $$'],
  ] as const)
    it(`are run once: ${what}`, async () => {
      await using project = new Project({ command, stop: atStop, onStop: 'echo gone >> ends' });
      await exitOf(project.run.start(['up']));
      assert.equal(project.written(), 'stop me\ngone\n');
      await project.noneIsLeft();
    });

  it('are run behind a kill, which waits for nothing', async () => {
    const command = 'trap "" TERM; tail -f idle & while :; do wait; done';
    await using project = new Project({ command, stop: [{ run: 'echo stop >> ends' }, 'SIGTERM', '1h'], containment: 'group' });
    const { owner, leader } = await project.up();
    assert.equal(project.run.call(['kill', '--now', 'it']).code, 0);
    assert.deepEqual([isAlive(leader), project.written()], [false, 'stop\n']);
    await exitOf(owner);
  });

  it('are run once by whichever of several starts comes first, and a start of the same process waits for them', async () => {
    await using project = new Project({
      command: 'echo up >> ends; exec tail -f idle',
      stop: [{ run: 'sleep 1; echo stop >> ends' }, 'SIGTERM'],
    });
    const { run } = project;
    const { owner, warden } = await project.up();
    await eventually('it is up', () => project.written() === 'up\n');
    killAtOnce(owner.pid, warden, ...switchesOf(warden));
    const sweeps = [run.start(['sweep']), run.start(['sweep'])].map(exitOf);
    const again = await project.up();
    await eventually('it is up again', () => project.written().match(/up/g)?.length === 2);
    assert.equal(project.written(), 'up\nstop\nup\n');
    assert.deepEqual(await Promise.all(sweeps), [0, 0]);
    again.owner.kill('SIGTERM');
    await exitOf(again.owner);
    assert.equal(project.written(), 'up\nstop\nup\nstop\n');
    await project.noneIsLeft();
  });

  it('are run by the next one where the process that runs them is killed', async () => {
    const command = `echo begun >> ends; tail -f idle & ${until('go')}; echo done >> ends`;
    await using project = new Project({ stop: [{ run: command, timeout: '5m' }] });
    const { run } = project;
    const { owner, warden } = await project.up();
    killAtOnce(owner.pid, warden, ...switchesOf(warden));
    run.start(['sweep']);
    await eventually('it has begun', () => project.written() !== '');
    killAtOnce(project.claimant());
    const next = run.start(['sweep']);
    await eventually('it has begun again', () => project.written() === 'begun\nbegun\n');
    project.letGo('go');
    assert.equal(await exitOf(next), 0);
    assert.equal(project.written(), 'begun\nbegun\ndone\n');
    await project.noneIsLeft();
  });

  it('are killed with all that they have started when their time is over, and that is told', async () => {
    const hanging = 'trap "" TERM; setsid tail -f idle & echo hanging >> ends; tail -f idle';
    await withTimeEnough(async (millis) => {
      await using project = new Project({ stop: [{ run: hanging, timeout: `${millis}ms` }], onStop: 'echo gone >> ends' });
      const { owner } = await project.up();
      let told = '';
      owner.stderr?.on('data', (text: Buffer) => {
        told += String(text);
      });
      owner.kill('SIGTERM');
      await exitOf(owner);
      const after = `it had not ended after ${formatDuration(millis)}, and was killed.`;
      assert.ok(told.includes(after) && /'it': its command “trap .*” has failed: /.test(told), told);
      await project.noneIsLeft();
      if (project.written() === 'gone\n') return 'too early';
      assert.equal(project.written(), 'hanging\ngone\n');
      return undefined;
    });
  });

  it('print into the log of the process, also after a crash, and have no secret on record', async () => {
    const env = { WHO: 'me', API_TOKEN: 'q7Xw2Lp9Rt4Vb8Nz3Kd6' };
    await using project = new Project({ env, stop: [{ run: 'echo "ends for $WHO ${API_TOKEN:-without}"' }] });
    const { run } = project;
    const { owner, warden } = await project.up();
    const records = readdirSync(run.runtimeFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tree.json'));
    assert.equal(records.length, 1);
    for (const name of records) {
      const text = readFileSync(join(run.runtimeFolder, name), 'utf8');
      assert.ok(text.includes('"WHO":"me"') && !text.includes('q7Xw'), text);
    }
    killAtOnce(owner.pid, warden, ...switchesOf(warden));
    assert.equal(run.call(['sweep']).code, 0);
    assert.match(run.call(['logs', 'it']).stdout, /^ends for me without$/m);
  });

  it('of a detached process are run by the warden that has taken it over', async () => {
    await using project = new Project({ lifetime: 'detached', stop: atStop });
    const { run } = project;
    assert.equal(run.call(['up', '--detach']).code, 0);
    const before = await eventually('it is ready', () => run.ps().find(({ state }) => state === 'ready'));
    killAtOnce(before.warden.pid);
    await eventually('another warden has it', () => run.ps().find(({ warden }) => warden.pid !== before.warden.pid));
    assert.equal(project.written(), '');
    assert.equal(run.call(['down']).code, 0);
    assert.equal(project.written(), 'stop me\n');
    await project.noneIsLeft();
  });
});

describe('the commands before a start', () => {
  it('are over before it, and what they leave running is ended', async () => {
    await using project = new Project({
      beforeStart: [{ run: 'setsid tail -f idle & echo "first $WHO" >> starts' }, { run: 'echo second >> starts' }],
    });
    const { owner, leader } = await project.up();
    assert.equal(project.written('starts'), 'first me\nsecond\nup\n');
    await eventually('its shell has become tail', () => readFileSync(`/proc/${leader}/comm`, 'latin1') === 'tail\n');
    assert.equal((await survivorsAfterLooking(project.run.workFolder)).filter(({ command }) => command.startsWith('tail')).length, 1);
    owner.kill('SIGTERM');
    await exitOf(owner);
  });

  /** Long enough that clients see the process while it is being started. */
  for (const pause of ['', 'sleep 0.5; '])
    it(`fail the start with their reason${pause === '' ? '' : ', also when they take their time'}`, async () => {
      await using project = new Project({ beforeStart: `${pause}echo no table >&2; exit 4` });
      const owner = project.run.start(['up']);
      let told = '';
      owner.stderr?.on('data', (text: Buffer) => {
        told += String(text);
      });
      assert.notEqual(await exitOf(owner), 0);
      assert.match(
        told,
        /'it' was not started: the command “.*echo no table >&2; exit 4” of its "beforeStart" has failed: .*exited with code 4: no table/,
      );
      assert.equal(project.written('starts'), '');
      await project.noneIsLeft();
    });

  it('may fail at a restart, which is told, and is the end of it', async () => {
    const beforeStart = 'if test -e ran; then sleep 0.5; echo no table >&2; exit 4; fi; touch ran';
    await using project = new Project({ command: 'exit 3', beforeStart, restart: { when: 'always', maxRestarts: 1, delay: '10ms' } });
    const { code, stderr } = project.run.call(['up']);
    assert.equal(code, 3);
    assert.match(stderr, /it.* could not be restarted.*exited with code 4: no table/s);
    await project.noneIsLeft();
  });

  for (const kill of ['SIGTERM', 'SIGKILL'] as const)
    it(`are ended with all that they have started by a ${kill} of their owner`, async () => {
      await using project = new Project({ beforeStart: 'setsid tail -f idle & echo begun >> ends; tail -f idle' });
      const owner = project.run.start(['up']);
      await eventually('they have begun', () => project.written() !== '');
      owner.kill(kill);
      await exitOf(owner);
      await project.noneIsLeft();
      assert.equal(project.written('starts'), '');
    });

  it('are ended by a SIGKILL of the warden', async () => {
    await using project = new Project({ beforeStart: '(env -i setsid /usr/bin/tail -f "$PWD/idle" &) ; echo begun >> ends; tail -f idle' });
    const owner = project.run.start(['up']);
    await eventually('they have begun', () => project.written() !== '');
    killAtOnce(...project.run.wardenPids());
    await exitOf(owner);
    await project.noneIsLeft();
  });
});

describe('the commands when it is ready', () => {
  it('are run once, though what goes into the background is ready a second time when its first process has ended', async () => {
    const command = '(setsid tail -f idle >/dev/null 2>&1 &); while test ! -e ends; do sleep 0.05; done';
    await using project = new Project({ command, whenLeaderExits: 'keep', afterReady: 'echo ready >> ends' });
    const owner = project.run.start(['up']);
    await eventually('its first process has ended', () => project.run.ps().some(({ state }) => state === 'exited'));
    assert.equal(project.run.call(['kill', 'it']).code, 0);
    await exitOf(owner);
    assert.equal(project.written(), 'ready\n');
    await project.noneIsLeft();
  });

  it('are run at each time that it has become ready, and their failure is told', async () => {
    await using project = new Project({ ready: { exec: 'test -e starts' }, afterReady: 'echo ready >> ends; exit 7' });
    const { owner } = await project.up();
    let told = '';
    owner.stderr?.on('data', (text: Buffer) => {
      told += String(text);
    });
    await eventually('they have been run', () => project.written() === 'ready\n');
    assert.equal(project.run.call(['restart', 'it']).code, 0);
    await eventually('they have been run again', () => project.written() === 'ready\nready\n');
    await eventually('that is told', () => /its command “echo ready >> ends; exit 7” has failed: .* exited with code 7/.test(told));
    owner.kill('SIGTERM');
    await exitOf(owner);
  });
});
