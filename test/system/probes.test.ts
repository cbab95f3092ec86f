/** Readiness and liveness of real trees: what probes see, what they leave behind, and when they give up. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { formatDuration } from '../../src/protocol/format.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { Check, Probe } from '../../src/protocol/policies.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

/** Its time is only over where something hangs: on a busy machine, a command may take seconds to start. */
function probe(check: Check, changes: Partial<Probe> = {}): Probe {
  return { check, delayMillis: 0, periodMillis: 20, timeoutMillis: 60_000, failureThreshold: 2, successThreshold: 1, ...changes };
}

/** Listens when a file `open` is there, answers with the status that a file `status` holds. */
const server = `
  const { existsSync, readFileSync } = require('node:fs');
  const server = require('node:http').createServer((_request, response) => {
    response.writeHead(existsSync('status') ? Number(readFileSync('status', 'utf8')) : 200).end();
  });
  const wait = setInterval(() => existsSync('open') && (clearInterval(wait), server.listen(Number(process.argv[1]), '127.0.0.1')), 10);`;

async function inState(
  warden: TestWarden,
  id: TreeId,
  wanted: (tree: TreeSnapshot) => boolean,
  deadlineMillis?: number,
): Promise<TreeSnapshot> {
  const look = async (): Promise<TreeSnapshot | false> => {
    const tree = await warden.tree(id);
    return wanted(tree) && tree;
  };
  return await eventually('it is in that state', look, deadlineMillis);
}

describe('a tree is ready', () => {
  for (const by of ['http', 'tcp'] as const) {
    it(`when it answers (${by})`, async () => {
      await using warden = await TestWarden.start();
      const port = await new NamedPorts().portFor(by);
      const check: Check = by === 'http' ? { by, url: `http://127.0.0.1:${port}/` } : { by, host: '127.0.0.1', port };
      const tree = await warden.client.start(warden.request([process.execPath, '-e', server, String(port)], { ready: probe(check) }));
      assert.deepEqual([tree.state, tree.reason, tree.health], ['starting', 'not ready yet', 'unknown']);
      await inState(warden, tree.id, ({ illness }) => /ECONNREFUSED/.test(illness ?? ''));
      writeFileSync(join(warden.run.workFolder, 'open'), '');
      const ready = await inState(warden, tree.id, ({ state }) => state === 'ready');
      assert.deepEqual([ready.reason, ready.health, ready.illness], ['ready', 'healthy', undefined]);
    });
  }

  for (const address of ['127.0.0.1', '::1', '0.0.0.0', '::'])
    for (const [by, checkOf] of [
      ['a bare port', (port: number): Check => ({ by: 'tcp', host: 'localhost', port })],
      ['http://localhost', (port: number): Check => ({ by: 'http', url: `http://localhost:${port}/` })],
    ] as const)
      it(`when it listens on ${address} only, and is asked by ${by}`, async () => {
        await using warden = await TestWarden.start();
        const port = await new NamedPorts().portFor('web');
        const script = `require('node:http').createServer((_, response) => response.end()).listen({ port: ${port}, host: '${address}', ipv6Only: ${address === '::'} })`;
        const { id } = await warden.client.start(warden.request([process.execPath, '-e', script], { ready: probe(checkOf(port)) }));
        await inState(warden, id, ({ state }) => state === 'ready');
      });

  it('says of both addresses why it is not', async () => {
    await using warden = await TestWarden.start();
    const port = await new NamedPorts().portFor('web');
    const { id } = await warden.startShell('sleep 100', { ready: probe({ by: 'tcp', host: 'localhost', port }) });
    const { illness } = await inState(warden, id, (tree) => tree.illness !== undefined);
    // Said once, though both addresses were asked.
    assert.equal(illness, `localhost:${port}: connection refused (ECONNREFUSED)`);
  });

  it('when it has printed it, in colours, in pieces, without the end of the line', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(
      'echo nothing; until [ -e go ]; do sleep 0.02; done; printf "listen\\033[32ming"; sleep 0.05; printf " on 80"; sleep 100',
      {
        ready: probe({ by: 'log', pattern: '^listening on \\d+' }),
      },
    );
    await warden.output(id, (text) => text.includes('nothing'));
    assert.equal((await warden.tree(id)).state, 'starting');
    writeFileSync(join(warden.run.workFolder, 'go'), '');
    await inState(warden, id, ({ state }) => state === 'ready');
  });

  it('when a command of its own says so, in its directory and its environment', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100', {
      env: { FLAG: 'go' },
      ready: probe({ by: 'exec', argv: ['/bin/sh', '-c', 'test -e "$FLAG" || { echo "no $FLAG yet" >&2; exit 3; }'] }),
    });
    await inState(warden, id, ({ illness }) => illness === '/bin/sh exited with code 3: no go yet');
    writeFileSync(join(warden.run.workFolder, 'go'), '');
    await inState(warden, id, ({ state }) => state === 'ready');
  });

  it('only after so many good answers in a row', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100', {
      ready: probe({ by: 'exec', argv: ['/bin/sh', '-c', 'echo >> asked'] }, { successThreshold: 3 }),
    });
    await inState(warden, id, ({ state }) => state === 'ready');
    const asked = readFileSync(join(warden.run.workFolder, 'asked'), 'utf8').length;
    assert.ok(asked >= 3, `asked ${asked} times`);
  });
});

describe('a tree that is not ready', () => {
  it('in time has failed, and says what was wrong', async () => {
    await withTimeEnough(async (deadlineMillis) => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell('echo loading; sleep 100', {
        ready: { ...probe({ by: 'exec', argv: ['/bin/false'] }), deadlineMillis },
      });
      const { state, reason, lastLines } = await warden.ended(id);
      // Neither the process nor its probe.
      if (lastLines === undefined || !reason.includes('/bin/false')) return 'too early';
      assert.deepEqual([state, reason], ['failed', `not ready after ${formatDuration(deadlineMillis)}: /bin/false exited with code 1`]);
      assert.deepEqual(lastLines, ['loading']);
      return undefined;
    });
  });

  it('when it ends has failed, whatever its exit status', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 0.2', { ready: probe({ by: 'exec', argv: ['/bin/false'] }) });
    const ended = await warden.ended(id);
    assert.deepEqual([ended.state, ended.reason], ['failed', 'exited with code 0 before it was ready']);
  });

  it('can be stopped', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100 & wait', {
      ready: probe({ by: 'exec', argv: ['/bin/sleep', '100'] }),
      stop: patientStop,
    });
    await eventually('it is asked', async () => (await warden.tree(id)).members.length >= 3);
    assert.deepEqual([(await warden.stop(id)).state, await survivorsAfterLooking(warden.run.workFolder)], ['exited', []]);
  });
});

describe('a tree that is ready', () => {
  it('is unhealthy for as long as it answers otherwise, and runs on', async () => {
    await using warden = await TestWarden.start();
    const port = await new NamedPorts().portFor('http');
    const [open, status] = [join(warden.run.workFolder, 'open'), join(warden.run.workFolder, 'status')];
    writeFileSync(open, '');
    const ready = probe({ by: 'http', url: `http://127.0.0.1:${port}/` });
    const { id } = await warden.client.start(warden.request([process.execPath, '-e', server, String(port)], { ready }));
    await inState(warden, id, ({ state }) => state === 'ready');
    writeFileSync(status, '503');
    const ill = await inState(warden, id, ({ health }) => health === 'unhealthy');
    assert.deepEqual([ill.state, ill.illness], ['ready', `http://127.0.0.1:${port}/ answers 503`]);
    rmSync(status);
    await inState(warden, id, ({ health, illness }) => health === 'healthy' && illness === undefined);
    const told = (await warden.journal()).filter(({ event }) => event === 'health');
    assert.deepEqual(
      told.map(({ state }) => state),
      ['healthy', 'unhealthy', 'healthy'],
    );
  });

  it('and not alive any more is ended, and has failed', async () => {
    await using warden = await TestWarden.start();
    writeFileSync(join(warden.run.workFolder, 'life'), '');
    const { id } = await warden.startShell('sleep 100 & sleep 100', { alive: probe({ by: 'exec', argv: ['/bin/test', '-e', 'life'] }) });
    await inState(warden, id, ({ health, state }) => state === 'ready' && health === 'healthy');
    rmSync(join(warden.run.workFolder, 'life'));
    const ended = await warden.ended(id);
    assert.deepEqual([ended.state, ended.reason], ['failed', 'not alive: /bin/test exited with code 1']);
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('and does not print its heartbeat any more is ended', async () => {
    await withTimeEnough(async (periodMillis) => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell('for n in 1 2 3 4 5 6 7 8; do echo beat; sleep 0.1; done; sleep 1000', {
        alive: probe({ by: 'log', pattern: '^beat$' }, { periodMillis }),
      });
      const ended = await inState(warden, id, ({ endedAt }) => endedAt !== undefined, 4 * periodMillis + 20_000);
      assert.deepEqual([ended.state, ended.reason], ['failed', 'not alive: no line of its output has had ^beat$']);
      const beats = (await warden.output(id)).match(/beat/g)?.length ?? 0;
      // Its shell had no processor for so long that it missed its beats.
      return beats < 8 ? 'too early' : undefined;
    });
  });
});

describe('the command of a probe', () => {
  it('that takes too long is killed with all that it has started', async () => {
    const command = 'sleep 1000 & echo $$ $! > pids; sleep 1000';
    await withTimeEnough(async (timeoutMillis) => {
      await using warden = await TestWarden.start();
      const pids = join(warden.run.workFolder, 'pids');
      const { id } = await warden.startShell('sleep 100', {
        ready: probe({ by: 'exec', argv: ['/bin/sh', '-c', command] }, { timeoutMillis, periodMillis: 60_000 }),
      });
      const { illness } = await inState(warden, id, (tree) => tree.illness !== undefined, timeoutMillis + 20_000);
      assert.equal(illness, `${command} has not answered in ${formatDuration(timeoutMillis)}`);
      const written = existsSync(pids) ? readFileSync(pids, 'utf8') : '';
      if (written === '') return 'too early';
      const left = written.trim().split(' ').map(Number);
      await eventually('they are gone', () => !left.some(isAlive));
      return undefined;
    });
  });

  it('that leaves a process behind has it ended with the tree', async () => {
    await using warden = await TestWarden.start();
    const script = 'setsid sleep 1000 > /dev/null 2>&1 < /dev/null & echo $! > left';
    const { id } = await warden.startShell('sleep 100', {
      ready: probe({ by: 'exec', argv: ['/bin/sh', '-c', script] }, { periodMillis: 60_000 }),
    });
    await inState(warden, id, ({ state }) => state === 'ready');
    const left = Number(readFileSync(join(warden.run.workFolder, 'left'), 'utf8'));
    assert.ok(isAlive(left));
    await warden.stop(id);
    assert.ok(!isAlive(left));
  });

  it('that does not exist is said, and nothing else happens', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100', { ready: probe({ by: 'exec', argv: ['no-such-probe'] }) });
    const { illness } = await inState(warden, id, (tree) => tree.illness !== undefined);
    assert.match(illness ?? '', /^no-such-probe: There is no command 'no-such-probe' in the PATH/);
    assert.equal((await warden.tree(id)).state, 'starting');
  });
});
