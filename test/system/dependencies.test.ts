/** Processes that depend on each other: they come up in order, go down in order, and leave nothing, whatever is killed meanwhile. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { linesOf, service, writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsOf } from '../support/survivors.ts';

const project = {
  web: { command: service('web'), dependsOn: { api: 'started' } },
  api: { command: service('api', 'test -e migrated || exit 9;'), dependsOn: { db: 'ready', migrate: 'succeeded' } },
  migrate: { command: 'echo migrate >> starts; test -e listening || exit 8; touch migrated', dependsOn: ['db'] },
  db: { command: service('db', 'sleep 0.3; touch listening;'), ready: { exec: 'test -e listening' } },
};

function declare(run: Run, processes: Record<string, object> = project): void {
  const plain = Object.entries(processes).map(([name, spec]) => [name, { pty: false, ...spec }]);
  writeProcesses(run.workFolder, Object.fromEntries(plain));
}

/** And others of its tree live. */
const leaderHasEnded = ({ leader, members }: ReturnType<Run['ps']>[number]): boolean =>
  members.length > 0 && members.every(({ pid }) => pid !== leader.pid);

const running = (run: Run): string[] =>
  run
    .ps()
    .filter(({ state }) => state === 'ready')
    .map(({ name }) => name)
    .sort();

function leaderOf(run: Run, wanted: string): number {
  return run.ps().find(({ name }) => name === wanted)?.leader.pid ?? assert.fail(`${wanted} is not listed`);
}

/** All that have said that they are up, when there are so many: a shell that was started is not yet at its first line. */
async function started(run: Run, count: number): Promise<string[]> {
  return await eventually('all of them are up', () => {
    const starts = linesOf(run, 'starts');
    return starts.length >= count && starts;
  });
}

/** In milliseconds, of a duration as it is written. */
function millisOf(text: string): number {
  const [, figure, unit] = /^([\d.]+) (ms|s)$/.exec(text) ?? assert.fail(`${text} is no duration`);
  return Number(figure) * (unit === 's' ? 1000 : 1);
}

/** Resolves when it has ended, which takes no longer than the grace. */
async function endsWithinGrace(up: ReturnType<Run['start']>): Promise<void> {
  await eventually('it ends within the grace', () => (up.exitCode ?? up.signalCode) !== null, 4000);
}

describe('processes that depend on each other', () => {
  it('come up in order, and go down in the reverse order', async () => {
    await using run = new Run();
    declare(run);
    const up = run.start(['up']);
    await eventually('all of them run', () => running(run).join() === 'api,db,web');
    const starts = await started(run, 4);
    assert.deepEqual(starts.slice(0, 2), ['db', 'migrate']);
    // The shells of these two write in any order.
    assert.deepEqual(starts.slice(2).sort(), ['api', 'web']);
    up.kill('SIGTERM');
    await exitOf(up);
    assert.deepEqual(linesOf(run, 'ends'), ['web', 'api', 'db']);
    assert.deepEqual(survivorsOf(run.workFolder), []);
  });

  it('wait for a process that goes into the background until its probe says so, as what is run after that does', async () => {
    await using run = new Run();
    const daemon = {
      command: '(echo begun; until [ -e go ]; do sleep 0.05; done; echo serving; exec sleep 600) &',
      whenLeaderExits: 'keep',
    };
    declare(run, {
      daemon: { ...daemon, ready: { log: 'serving' }, afterReady: 'echo prepared >> starts' },
      user: { command: service('user'), dependsOn: ['daemon'] },
    });
    const up = run.start(['up', '--detach']);
    await eventually('its first process has ended', () => run.ps().some(leaderHasEnded));
    assert.deepEqual([run.ps().map(({ name, state }) => [name, state]), linesOf(run, 'starts')], [[['daemon', 'starting']], []]);
    assert.equal(run.call(['is-ready', 'daemon']).code, 1);
    writeFileSync(join(run.workFolder, 'go'), '');
    assert.equal(await exitOf(up), 0);
    assert.equal(run.call(['is-ready', 'daemon']).code, 0);
    await eventually('both have begun', () => linesOf(run, 'starts').toSorted().join() === 'prepared,user');
    assert.equal(run.call(['down']).code, 0);
  });

  it('are shown as a graph, with what their start had to wait for', async () => {
    await using run = new Run();
    declare(run, { ...project, other: { command: service('other') } });
    const graph = (...args: string[]): string => run.call(['graph', ...args], { cwd: run.workFolder }).stdout;
    assert.match(
      graph(),
      /^NAME +NEEDED +STATE +TOOK\nweb +-\n└─ api +started +-\n {3}├─ db +ready +-\n {3}└─ migrate +succeeded +-\n {6}└─ db +ready +-\nother +-\n$/,
    );
    const up = run.start(['up', 'web']);
    await eventually('all of them run', () => running(run).join() === 'api,db,web');
    assert.match(graph('web'), /^web +ready +[\d.]+ m?s$/m);
    assert.match(graph('web'), /^ {3}└─ migrate +succeeded +succeeded +[\d.]+ m?s$/m);
    const path = /^Critical path of the last start, [\d.]+ m?s: db (.*) → migrate [\d.]+ m?s → api [\d.]+ m?s → web [\d.]+ m?s$/m;
    const [, ofDatabase = ''] = path.exec(graph('web')) ?? assert.fail(graph('web'));
    assert.ok(millisOf(ofDatabase) >= 300, ofDatabase);
    const { processes, criticalPath } = JSON.parse(graph('web', '--json'));
    assert.deepEqual(
      processes.map(({ name }: { name: string }) => name),
      ['db', 'migrate', 'api', 'web'],
    );
    assert.equal(criticalPath.length, 4);
    assert.match(graph('--mermaid', 'api'), /^flowchart TD\n {2}p0\["db"\]\n/);
    up.kill('SIGTERM');
    await exitOf(up);
  });

  it('are started with the one that needs them, and no others are', async () => {
    await using run = new Run();
    declare(run, { ...project, other: { command: service('other') } });
    const up = run.start(['up', 'migrate']);
    await eventually('the migration is done', () => existsSync(join(run.workFolder, 'migrated')));
    await eventually('only the database runs', () => running(run).join() === 'db');
    up.kill('SIGTERM');
    await exitOf(up);
    assert.deepEqual(linesOf(run, 'starts'), ['db', 'migrate']);
  });

  it('fail with the one that they need, and say which', async () => {
    await using run = new Run();
    declare(run, { ...project, migrate: { ...project.migrate, command: 'exit 3' } });
    const up = run.start(['up']);
    let told = '';
    up.stderr?.on('data', (chunk: Buffer) => {
      told += chunk;
    });
    await eventually('both are given up', () => told.includes("'web' was not started") && told.includes("'api' was not started"));
    assert.match(told, /'api' was not started: it needs 'migrate' \(exited with code 3\)\./);
    assert.match(told, /'web' was not started: it needs 'migrate' \(exited with code 3\)\./);
    up.kill('SIGTERM');
    assert.equal(await exitOf(up), 3);
    assert.deepEqual(linesOf(run, 'starts'), ['db']);
  });

  it('that wait say so, and can be stopped at once', async () => {
    await using run = new Run();
    declare(run, { ...project, db: { ...project.db, ready: { exec: 'false' } } });
    const up = run.start(['up', 'api']);
    let told = '';
    up.stderr?.on('data', (chunk: Buffer) => {
      told += chunk;
    });
    await eventually(
      'it is said what is waited for',
      () => /api +\| waits for db and migrate/.test(told) && /migrate \| waits for db/.test(told),
    );
    up.kill('SIGTERM');
    await endsWithinGrace(up);
    assert.deepEqual(survivorsOf(run.workFolder), []);
  });

  it('that wait are called off by tree-warden kill, by their name and with everything', async () => {
    await using run = new Run();
    declare(run, { ...project, db: { ...project.db, ready: { exec: 'false' } } });
    const up = run.start(['up']);
    let told = '';
    up.stderr?.on('data', (chunk: Buffer) => {
      told += chunk;
    });
    await eventually('the database runs', () => linesOf(run, 'starts').length === 1);
    // Each is asked for by itself: the database may run before the last of them waits.
    await eventually('the others wait', () => ['migrate', 'api', 'web'].every((name) => new RegExp(`${name} +\\| waits for `).test(told)));
    const { code, stdout } = run.call(['kill', 'api']);
    assert.deepEqual([code, stdout], [0, 'api: no longer waits to be started\n']);
    assert.match(run.call(['kill', 'api']).stderr, /api/);
    assert.equal(run.call(['kill', '--all']).code, 0);
    // Of all four, nothing runs or waits.
    await exitOf(up);
    assert.deepEqual(linesOf(run, 'starts'), ['db']);
  });

  for (const victim of ['the command line', 'the warden', 'both'] as const)
    it(`leave nothing where ${victim} is killed while some wait`, async () => {
      await using run = new Run();
      declare(run, { ...project, db: { ...project.db, ready: { exec: 'false' } } });
      const up = run.start(['up']);
      let told = '';
      up.stderr?.on('data', (chunk: Buffer) => {
        told += chunk;
      });
      await eventually('the database runs', () => linesOf(run, 'starts').length === 1);
      const [warden = assert.fail('it is not on record')] = run.wardenPids();
      if (victim !== 'the command line') process.kill(warden, 'SIGKILL');
      if (victim !== 'the warden') up.kill('SIGKILL');
      const status = await exitOf(up);
      await eventually('nothing is left', () => survivorsOf(run.workFolder).length === 0 && !isAlive(warden));
      if (victim === 'the warden') {
        assert.match(told, /^tree-warden: The warden was killed; every process it guarded has been ended\.\n/m);
        assert.equal(status, 125);
      }
      assert.deepEqual(linesOf(run, 'starts'), ['db'], 'nothing was started that waited');
    });

  it('are restarted with the one that they need, where that is declared', async () => {
    await using run = new Run();
    const restart = 'on-failure';
    declare(run, {
      api: { command: service('api'), dependsOn: { db: { restart: true } } },
      log: { command: service('log'), dependsOn: ['db'] },
      db: { command: service('db'), restart: { when: restart, delay: '50ms' } },
    });
    const up = run.start(['up']);
    await eventually('all of them run', () => running(run).length === 3);
    await started(run, 3);
    process.kill(leaderOf(run, 'db'), 'SIGKILL');
    await eventually('the api is restarted', () => linesOf(run, 'starts').filter((name) => name === 'api').length === 2);
    await eventually('all of them run again', () => running(run).length === 3);
    assert.deepEqual((await started(run, 5)).toSorted(), ['api', 'api', 'db', 'db', 'log']);
    up.kill('SIGTERM');
    await exitOf(up);
  });

  it('end while a restart is about to be passed on, and nothing is started meanwhile', async () => {
    await using run = new Run();
    declare(run, {
      api: { command: service('api').replace('sleep 0.1', 'touch ending; sleep 1'), dependsOn: { db: { restart: true } } },
      db: {
        command: service('db'),
        ready: { exec: 'test -e first' },
        restart: { when: 'on-failure', delay: '50ms' },
      },
    });
    writeFileSync(join(run.workFolder, 'first'), '');
    const up = run.start(['up']);
    await eventually('both run', () => running(run).length === 2);
    await started(run, 2);
    rmSync(join(run.workFolder, 'first'));
    process.kill(leaderOf(run, 'db'), 'SIGKILL');
    await eventually('the database is started again', () => linesOf(run, 'starts').filter((name) => name === 'db').length === 2);
    up.kill('SIGTERM');
    await eventually('the api is ending', () => existsSync(join(run.workFolder, 'ending')));
    writeFileSync(join(run.workFolder, 'first'), '');
    await endsWithinGrace(up);
    assert.deepEqual(linesOf(run, 'starts').toSorted(), ['api', 'db', 'db']);
    assert.deepEqual(survivorsOf(run.workFolder), []);
  });

  describe('and on a model', () => {
    const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));
    const write = (run: Run, serverArguments: readonly string[], web: object = {}): void => {
      const command = [process.execPath, server, '--port', '${port}', '--name', 'coder', '--log', 'log', ...serverArguments];
      const coder = { runtime: 'custom', command, ready: { http: 'http://127.0.0.1:${port}/health' } };
      const processes = {
        web: { command: 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY" > reached; sleep 600', pty: false, dependsOn: ['model:coder'], ...web },
      };
      mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
      writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes, models: { coder } }));
    };

    it('have it loaded first, and are told where it answers', async () => {
      await using run = new Run();
      write(run, ['--load', '300', '--hold', 'loaded']);
      const up = run.start(['up']);
      let stderr = '';
      up.stderr?.on('data', (chunk: Buffer) => (stderr += chunk));
      await eventually('its server is being started', () => run.ps().some(({ name }) => name === 'coder'));
      await eventually('it says what it waits for', () => /web.*waits for model:coder/.test(stderr));
      assert.equal(existsSync(join(run.workFolder, 'reached')), false);
      writeFileSync(join(run.workFolder, 'loaded'), '');
      const [url = '', token = ''] = await eventually('it was started', () => {
        const [line = ''] = linesOf(run, 'reached');
        return line.includes(' ') && line.split(' ');
      });
      const answer = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'coder', messages: [{ role: 'user', content: 'say 2' }] }),
      });
      assert.match(await answer.text(), /coder-0 coder-1/);
      const graph = run.call(['graph']).stdout;
      assert.match(graph, /^└─ model:coder +ready +ready +\d/m);
      assert.match(graph, /^Critical path of the last start, .*: model:coder .* → web /m);
      up.kill('SIGTERM');
      await exitOf(up);
      assert.deepEqual(survivorsOf(run.workFolder), []);
    });

    it('are not started where it cannot be loaded', async () => {
      await using run = new Run();
      write(run, ['--fail-load']);
      const { code, stderr } = run.call(['up']);
      assert.equal(code, 126, stderr);
      assert.match(stderr, /'web' was not started: it needs 'model:coder' \(.+\)\./);
      assert.equal(existsSync(join(run.workFolder, 'reached')), false);
      assert.deepEqual(survivorsOf(run.workFolder), []);
    });
  });
});
