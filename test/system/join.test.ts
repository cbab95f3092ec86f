/** What joins a running tree belongs to its life, on the real kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { offersHere } from '../support/containments.ts';
import { cli, eventually, exitOf, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

const unlessHere = (containment: Containment) => ({
  skip: offersHere().some((offer) => offer.containment === containment && offer.available) ? false : `this machine has no ${containment}`,
});

for (const containment of ['group', 'cgroup', 'namespace'] as const)
  describe(`joining a tree in a ${containment}`, unlessHere(containment), () => {
    it('is a tree of its own, which ends with that one and leaves no daemon', async () => {
      await using warden = await TestWarden.start();
      const host = await warden.startShell('sleep 1000; :', { name: 'host', containment });
      const short = await warden.startShell('pwd; exit 7', { name: 'short', join: 'host' });
      assert.equal(await warden.output(short.id), `${warden.run.workFolder}\n`);
      assert.equal((await warden.ended(short.id)).exit?.code, 7);
      const side = await warden.startShell('setsid sh -c "sleep 1000; :" & sleep 1000; :', { name: 'side', join: 'host' });
      const members = await eventually('all are up', async () => {
        const found = (await warden.tree(side.id)).members;
        return found.filter(({ name }) => name === 'sleep').length === 2 ? found : undefined;
      });
      const own = (await warden.tree(host.id)).members.map(({ pid }) => pid);
      assert.ok(!members.some(({ pid }) => own.includes(pid)), 'no process is listed twice');
      if (containment === 'namespace') {
        const namespaceOf = (pid: number): string | undefined => /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        const sleeping = members.filter(({ name }) => name === 'sleep').map(({ pid }) => namespaceOf(pid));
        assert.ok(
          sleeping.every((pids) => pids?.includes('\t')),
          `not in another namespace: ${sleeping.join()}`,
        );
      }
      await warden.stop(host.id);
      const ended = await warden.ended(side.id);
      assert.match(ended.reason, /'host', which it had joined, has ended|ended|exited/);
      for (const { pid, name } of members) assert.ok(!isAlive(pid), `${name} ${pid} is alive`);
    });

    it('can be stopped by itself', async () => {
      await using warden = await TestWarden.start();
      const host = await warden.startShell('sleep 1000; :', { name: 'host', containment });
      const script = 'trap "exit 3" TERM; echo up; while :; do sleep 0.05; done';
      const side = await warden.startShell(script, { name: 'side', join: 'host', stop: patientStop });
      await warden.output(side.id, (text) => text.includes('up'));
      assert.equal((await warden.stop(side.id)).exit?.code, 3);
      assert.equal((await warden.tree(host.id)).state, 'ready');
    });
  });

describe('joining', () => {
  it('counts toward the limits of the tree that is joined', async () => {
    await using warden = await TestWarden.start();
    const limits = { processes: 4 };
    const host = await warden.startShell('sleep 1000; :', { name: 'host', containment: 'group', limits });
    await warden.startShell('sleep 1000 & sleep 1000 & sleep 1000 & wait', { name: 'side', join: 'host' });
    assert.match((await warden.ended(host.id)).limit ?? '', /its limit of 4 processes was reached/);
    assert.ok(
      await eventually('what has joined it has ended', async () =>
        (await warden.client.list()).every(({ endedAt }) => endedAt !== undefined),
      ),
    );
  });

  it('is refused with the reason where there is nothing to join, or no way to', async () => {
    await using warden = await TestWarden.start();
    const refused = (changes: Parameters<TestWarden['startShell']>[1]) => warden.startShell('sleep 100', { name: 'side', ...changes });
    await assert.rejects(refused({ join: 'host' }), /'side' was not started: there is no running 'host' that it could join/);
    await assert.rejects(refused({ join: 'side' }), /it cannot join itself/);
    await warden.startShell('sleep 1000', { name: 'host' });
    await assert.rejects(refused({ join: 'host', containment: 'group' }), /it has the containment of 'host'/);
    assert.equal((await warden.client.list()).length, 1);
  });

  it('from the command line joins the tree of another command, with its input and its exit status', async () => {
    await using run = new Run();
    run.start(['run', '-n', 'host', '--', 'sleep', '1000']);
    await eventually('it is up', () => run.ps().find(({ state }) => state === 'ready'));
    const { code, stdout } = run.call(['run', '--join', 'host', '--', 'sh', '-c', 'read line; echo "got $line"; exit 5'], {
      input: 'this\n',
    });
    assert.deepEqual({ code, stdout }, { code: 5, stdout: 'got this\n' });
    const missing = run.call(['run', '--join', 'missing', '--', 'true']);
    assert.match(missing.stderr, /There is no running tree 'missing'\. Running are: host\./);
    assert.notEqual(missing.code, 0);
  });

  it('from the command line has the output and the exit status of a command that ends while this one cannot look', async () => {
    await using run = new Run();
    run.start(['run', '-n', 'host', '--', 'sleep', '1000']);
    await eventually('it is up', () => run.ps().find(({ state }) => state === 'ready'));
    // The first that the command does is to stop its client, which may not even have been told that it has started.
    const line = `COMMAND_LINE=$$ exec "$0" "$1" run --join host -- sh -c 'kill -STOP $COMMAND_LINE; echo out; exit 5'`;
    for (let times = 1; times <= 3; times++) {
      const client = run.spawn('sh', ['-c', line, process.execPath, cli]);
      let output = '';
      client.stdout?.on('data', (data: Buffer) => {
        output += data;
      });
      const isEnd = ({ event, spec }: Record<string, unknown>): boolean => event === 'ended' && spec === 'sh';
      await eventually('it has ended', () => run.journal().filter(isEnd).length === times);
      client.kill('SIGCONT');
      assert.equal(await exitOf(client), 5);
      assert.equal(output, 'out\n');
    }
  });
});
