/** What `up --detach` starts lives on when it has ended, and ends by `down`, all of it. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOf, service, writeProcesses } from '../support/declared.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

const project = {
  web: { command: service('web'), dependsOn: { api: 'started' } },
  api: { command: service('api'), dependsOn: { db: 'ready', migrate: 'succeeded' } },
  migrate: { command: 'echo migrate >> starts', dependsOn: ['db'] },
  db: { command: service('db', 'sleep 0.3; touch listening;'), ready: { exec: 'test -e listening' } },
};

const declare = (run: Run, processes: object = project): void => writeProcesses(run.workFolder, processes);

const running = (run: Run): string[] =>
  run
    .ps()
    .map(({ name }) => name)
    .sort();

/** Of a table: the first cells of each row. */
function cells(stdout: string, count: number): string[] {
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/).slice(0, count).join(' '));
}

describe('up --detach', () => {
  it('returns when all is ready or has succeeded, and down ends all of it in the reverse order', async () => {
    await using run = new Run();
    declare(run);
    const { code, stdout, stderr } = run.call(['up', '--detach']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^NAME +STATE +PID +PORTS +NOTE\n/);
    assert.deepEqual(cells(stdout, 2).sort(), ['api ready', 'db ready', 'migrate succeeded', 'web ready']);
    const trees = run.ps();
    assert.deepEqual(running(run), ['api', 'db', 'web']);
    // Each of them, and the migration; web and api are ready when they are started, which is before they have done anything.
    await eventually('all have begun', () => linesOf(run, 'starts').length === 4);
    const down = run.call(['down']);
    assert.deepEqual([down.code, down.stderr], [0, '']);
    assert.equal(down.stdout, 'web: stopped\napi: stopped\ndb: stopped\n');
    assert.deepEqual(linesOf(run, 'ends'), ['web', 'api', 'db']);
    assert.deepEqual(run.ps(), []);
    await eventually('its warden has ended too', () => run.wardenIds().length === 0 && !isAlive(trees[0]?.warden.pid ?? 0));
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
    assert.deepEqual(run.call(['down']).stdout, 'Nothing runs in the background of this folder.\n');
  });

  it('knows how each has ended, however many have ended since', async () => {
    await using run = new Run();
    const names = Array.from({ length: 24 }, (_, index) => `step ${index}`);
    const steps = Object.fromEntries(names.map((name) => [name, { command: 'exit 0' }]));
    // One that goes on, so that the warden does.
    declare(run, {
      ...steps,
      other: { command: service('other') },
      last: { command: 'exit 0', dependsOn: Object.fromEntries(names.map((name) => [name, 'succeeded'])) },
    });
    const { code, stdout, stderr } = run.call(['up', '--detach']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(
      cells(stdout, 2).filter((row) => row.startsWith('step')),
      names.map((name) => `${name} succeeded`),
    );
    assert.equal(
      run.call(['wait', 'step 0', 'last', '--until', 'succeeded']).stdout,
      'step 0: exited with code 0\nlast: exited with code 0\n',
    );
    assert.equal(run.call(['down']).code, 0);
  });

  it('is in the graph, and in the runs of each process, with what runs in the foreground', async () => {
    await using run = new Run();
    declare(run, { web: { ...project.db, dependsOn: ['db'] }, db: project.db });
    assert.equal(run.call(['up', '--detach']).code, 0);
    // They are ready by a file, which the first of them makes; each ends in its own way once it has begun.
    await eventually('both have begun', () => linesOf(run, 'starts').length === 2);
    assert.match(
      run.call(['graph']).stdout,
      /^web +ready .*\n└─ db +ready +ready .*\n\nCritical path of the last start, .*: db .* → web /m,
    );
    assert.equal(run.call(['down']).code, 0);
    declare(run, { web: { command: 'exit 3' } });
    assert.equal(run.call(['up']).code, 3);
    // The end of each is written a moment after that.
    const runs = await eventually('both ends are kept', () => {
      const found = JSON.parse(run.call(['runs', 'web', '--json']).stdout) as { exit?: { code: number }; stopped?: true }[];
      return found.every(({ exit }) => exit !== undefined) && found;
    });
    assert.deepEqual(
      runs.map(({ exit, stopped }) => [exit?.code, stopped]),
      [
        [3, undefined],
        [0, true],
      ],
    );
  });

  it('leaves what runs as it is, and starts what is missing', async () => {
    await using run = new Run();
    declare(run);
    assert.equal(run.call(['up', '-d', 'db']).code, 0);
    const [db] = run.ps();
    const { code, stdout } = run.call(['up', '-d', '--json', 'web']);
    assert.equal(code, 0);
    const found = JSON.parse(stdout) as { name: string; state: string; tree: { leader: { pid: number } } }[];
    assert.deepEqual(
      found.map(({ name, state }) => `${name} ${state}`),
      ['db ready', 'migrate succeeded', 'api ready', 'web ready'],
    );
    assert.equal(found[0]?.tree.leader.pid, db?.leader.pid);
    assert.match(run.call(['up', '-d']).stdout, /^db +ready +\d+ +- +ran already$/m);
    declare(run, { ...project, db: { ...project.db, command: service('other') } });
    assert.match(run.call(['up', '-d']).stdout, /^db +ready +\d+ +- +runs with an older declaration: tree-warden restart/m);
    assert.equal(run.call(['down']).code, 0);
  });

  it('says what has failed and with what, and leaves what runs for a look', async () => {
    await using run = new Run();
    declare(run, { ...project, migrate: { ...project.migrate, command: 'echo no such table; exit 3' } });
    const { code, stdout, stderr } = run.call(['up', '-d']);
    assert.equal(code, 1);
    assert.match(stdout, /^db +ready/m);
    assert.match(stdout, /^migrate +failed +- +- +failed, exited with code 3$/m);
    assert.match(stdout, /^api +not started +- +- +'api' was not started: it needs 'migrate' \(exited with code 3\)\.$/m);
    assert.equal(stderr, 'tree-warden: migrate has failed; its last output:\n  no such table\n');
    assert.deepEqual(running(run), ['db']);
    assert.equal(run.call(['down']).stdout, 'db: stopped\n');
  });

  it('gives up waiting when the time is over, and down calls off what still waits', async () => {
    await using run = new Run();
    declare(run, { ...project, db: { ...project.db, ready: { exec: 'test -e never' } } });
    await withTimeEnough(async (millis) => {
      const { code, stdout, stderr } = run.call(['up', '-d', '--timeout', `${millis}ms`]);
      assert.equal(code, 124);
      assert.match(stderr, /The time is over, .*; tree-warden down ends it\./);
      const down = run.call(['down']).stdout;
      assert.deepEqual(run.ps(), []);
      // The last one that is started waits when all of them are known.
      if (!/^db +starting +\d+/m.test(stdout) || !/^web +waiting/m.test(stdout)) return 'too early';
      assert.match(stdout, /^web +waiting +- +- +waits for api$/m);
      assert.equal(
        down,
        'web: no longer waits to be started\napi: no longer waits to be started\nmigrate: no longer waits to be started\ndb: stopped\n',
      );
      return undefined;
    });
  });

  it('ends what it has started where it is interrupted, and nothing else', async () => {
    await using run = new Run();
    declare(run, { ...project, other: { command: service('other') }, migrate: { command: 'sleep 1000', dependsOn: ['db'] } });
    assert.equal(run.call(['up', '-d', 'other']).code, 0);
    const up = run.start(['up', '-d']);
    await eventually('the migration runs', () => running(run).join() === 'db,migrate,other');
    up.kill('SIGINT');
    assert.equal(await exitOf(up), 130);
    assert.deepEqual(running(run), ['other']);
    assert.equal(run.call(['down']).code, 0);
  });

  it('can be killed: what it has started goes on, and down ends it', async () => {
    await using run = new Run();
    declare(run, { ...project, migrate: { command: 'until test -e go; do sleep 0.02; done', dependsOn: ['db'] } });
    const up = run.start(['up', '-d']);
    await eventually('the migration runs', () => running(run).join() === 'db,migrate');
    up.kill('SIGKILL');
    await exitOf(up);
    writeFileSync(join(run.workFolder, 'go'), '');
    await eventually('the others come up', () => running(run).join() === 'api,db,web');
    assert.equal(run.call(['down']).code, 0);
    assert.deepEqual(run.ps(), []);
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('starts nothing that needs a model, which no background process serves', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const processes = { web: { command: 'sleep 1000', dependsOn: ['model:small'] }, db: { command: 'sleep 1000' } };
    const models = { small: { runtime: 'vllm', model: 'x' } };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes, models }));
    const { code, stderr } = run.call(['up', '-d']);
    assert.equal(code, 2);
    assert.match(stderr, /'web' cannot be started in the background: it depends on the model 'small'/);
    assert.deepEqual(run.ps(), []);
    assert.equal(run.call(['up', '-d', 'db']).code, 0);
    assert.equal(run.call(['down']).code, 0);
  });

  it('wants its options by themselves', async () => {
    await using run = new Run();
    declare(run);
    assert.match(run.call(['up', '--timeout', '5s']).stderr, /--timeout is for up --detach/);
    assert.match(run.call(['up', '-d', '--timeout', 'soon']).stderr, /--timeout: 'soon' is not a duration/);
    assert.equal(run.call(['up', '-d', 'nothing']).code, 2);
    assert.deepEqual(run.ps(), []);
  });
});

describe('down', () => {
  it('ends what is named, and only that', async () => {
    await using run = new Run();
    declare(run);
    run.call(['up', '-d']);
    assert.equal(run.call(['down', 'web']).stdout, 'web: stopped\n');
    assert.deepEqual(running(run), ['api', 'db']);
    const wrong = run.call(['down', 'wbe']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /No process 'wbe' is declared; there are web, api, migrate, db\./);
    assert.equal(run.call(['down', 'web']).stdout, 'Nothing of it runs in the background of this folder.\n');
    assert.equal(run.call(['down']).code, 0);
  });

  it('needs no file', async () => {
    await using run = new Run();
    declare(run);
    run.call(['up', '-d', 'db']);
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), '{ "processes": {');
    assert.equal(run.call(['down']).stdout, 'db: stopped\n');
    declare(run);
    run.call(['up', '-d', 'db']);
    rmSync(join(run.workFolder, '.vscode', 'processes.json'));
    assert.equal(run.call(['down', 'db']).stdout, 'db: stopped\n');
  });

  it('ends what was found again after its warden was killed', async () => {
    await using run = new Run();
    declare(run);
    run.call(['up', '-d', 'db']);
    const [before] = run.ps();
    process.kill(before?.warden.pid ?? assert.fail('it is not listed'), 'SIGKILL');
    await eventually('another warden has it', () => run.ps().some(({ warden }) => warden.pid !== before?.warden.pid));
    assert.equal(run.call(['down']).stdout, 'db: stopped\n');
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('leaves alone what no file declares', async () => {
    await using run = new Run();
    declare(run);
    run.call(['run', '-d', '--name', 'own', '--', 'sleep', '1000']);
    run.call(['up', '-d', 'db']);
    assert.equal(run.call(['down']).stdout, 'db: stopped\n');
    assert.deepEqual(running(run), ['own']);
    assert.equal(run.call(['kill', 'own']).code, 0);
  });
});
