/** A processes.json that several files and people share, on the command line and with real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { Run } from '../support/run.ts';

/** Writes files below the work folder of a run, whose workspace is `web` in it. */
function write(run: Run, files: Record<string, object | string>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(run.workFolder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 1));
  }
  return join(run.workFolder, 'web');
}

const project = {
  'web/.vscode/processes.json': {
    include: ['../api/.vscode/processes.json'],
    env: { WHO: 'all', LEVEL: 'info' },
    defaults: { pty: false },
    processes: {
      base: { disabled: true, command: 'echo $WHO $LEVEL $OWN in $(basename $PWD)' },
      web: { extends: 'base', env: { OWN: 'web' }, dependsOn: { api: 'ended' } },
      db: { command: 'touch ../db-was-started' },
    },
  },
  'web/.vscode/processes.local.json': { env: { LEVEL: 'debug' }, processes: { db: { disabled: true } } },
  'api/.vscode/processes.json': {
    envFile: '.env',
    defaults: { pty: false },
    processes: { api: { command: 'echo $FROM in $(basename $PWD)', linux: { cwd: 'src' } } },
  },
  'api/.env': 'FROM=file',
  'api/src/empty': '',
};

describe('a configuration of a team', () => {
  it('starts what the files declare together, each process in its own folder', async () => {
    await using run = new Run();
    const cwd = write(run, project);
    const { code, stdout, stderr } = run.call(['up'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^api \| file in src$/m);
    assert.match(stdout, /^web \| all debug web in web$/m);
    assert.doesNotMatch(stdout + stderr, /db|base/);
  });

  it('says of a process that is turned off where that is', async () => {
    await using run = new Run();
    const cwd = write(run, project);
    const { code, stderr } = run.call(['up', 'db'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /'db' is disabled at .*\/web\/\.vscode\/processes\.local\.json:7\./);
  });

  it('is refused with the place of a mistake in an included file', async () => {
    await using run = new Run();
    const cwd = write(run, { ...project, 'api/.vscode/processes.json': { processes: { api: { command: 5 }, web: { command: 'x' } } } });
    const { code, stderr } = run.call(['up'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /\/api\/\.vscode\/processes\.json:4:\d+: processes\.api\.command: must be a line/);
    assert.match(
      stderr,
      /\/web\/\.vscode\/processes\.json:\d+:\d+: processes\.web: this name is also declared at .*\/api\/\.vscode\/processes\.json:6/,
    );
  });

  it('follows a symbolic link to the folder of the file that it leads to', async () => {
    await using run = new Run();
    const cwd = write(run, {
      ...project,
      'web/.vscode/processes.json': { include: ['shared.json'] },
      'web/.vscode/processes.local.json': {},
    });
    symlinkSync('../api/.vscode/processes.json', join(cwd, 'shared.json'));
    assert.match(run.call(['up'], { cwd }).stdout, /^api \| file in src$/m);
  });

  it('can be a person’s own file alone', async () => {
    await using run = new Run();
    const cwd = write(run, { 'web/.vscode/processes.local.json': { processes: { mine: { command: 'echo mine', pty: false } } } });
    assert.match(run.call(['up'], { cwd }).stdout, /^mine \| mine$/m);
  });
});

describe('profiles', () => {
  const say = (name: string, more: object = {}): object => ({ command: `echo ${name}`, pty: false, ...more });
  const files = {
    'web/.vscode/processes.json': {
      processes: {
        plain: say('plain'),
        shop: say('shop', { profiles: ['shop', 'all'], dependsOn: { store: 'ended' } }),
        store: say('store', { profiles: ['storage'] }),
        debug: say('debug', { profiles: ['debug'] }),
      },
    },
  };
  /** The names of what was started, in alphabetical order. */
  const started = (output: string): string =>
    [...new Set(Array.from(output.matchAll(/^(\w+) +\| \1$/gm), ([, name]) => name))].sort().join();

  const cases: readonly (readonly [readonly string[], NodeJS.ProcessEnv, string])[] = [
    [[], {}, 'plain'],
    [['--profile', 'debug'], {}, 'debug,plain'],
    [['--profile', 'debug', '--profile', 'all'], {}, 'debug,plain,shop,store'],
    [[], { TREE_WARDEN_PROFILES: 'debug, of-another-project' }, 'debug,plain'],
    [['shop'], {}, 'shop,store'],
    [['shop', '--profile', 'debug'], {}, 'debug,shop,store'],
    [['shop'], { TREE_WARDEN_PROFILES: 'debug' }, 'shop,store'],
  ];
  for (const [args, env, expected] of cases)
    it(`up ${[...args, ...Object.values(env)].join(' ')} starts ${expected}`, async () => {
      await using run = new Run(env);
      const { code, stdout, stderr } = run.call(['up', ...args], { cwd: write(run, files) });
      assert.equal(code, 0, stderr);
      assert.equal(started(stdout), expected);
    });

  it('up --until tests --profile debug starts what has the profile beside it', async () => {
    await using run = new Run();
    const processes = {
      // It ends when the other one has been seen, since everything else is ended with it.
      tests: { command: 'until [ -e seen ]; do sleep 0.05; done', pty: false },
      debug: { command: 'echo debug; touch seen', pty: false, profiles: ['debug'] },
    };
    const cwd = write(run, { 'web/.vscode/processes.json': { processes } });
    const { code, stdout, stderr } = run.call(['up', '--until', 'tests', '--profile', 'debug'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^debug +\| debug$/m);
  });

  it('that no process has are refused', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['up', '--profile', 'debgu'], { cwd: write(run, files) });
    assert.equal(code, 2);
    assert.match(stderr, /--profile: no process has the profile 'debgu'; there are all, debug, shop, storage\./);
  });

  it('are asked for where every process has one', async () => {
    await using run = new Run();
    const cwd = write(run, { 'web/.vscode/processes.json': { processes: { debug: say('debug', { profiles: ['debug'] }) } } });
    const { code, stderr } = run.call(['up'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /every process has a profile, and none of them is active; name a profile or a process\./);
  });
});

describe('processes that are disabled', () => {
  it('are told from those that no file declares, by each command', async () => {
    await using run = new Run();
    const cwd = write(run, {
      'web/.vscode/processes.json': { processes: { web: { command: 'x', dependsOn: ['db'] }, db: { command: 'x' } } },
      'web/.vscode/processes.local.json': { processes: { web: { disabled: true }, db: { disabled: true } } },
    });
    const none = /processes\.json declares only processes that are disabled: web, db \('web' at .*\/processes\.local\.json:4\)\.$/m;
    for (const args of [['up'], ['up', '--detach'], ['graph']]) {
      const { code, stderr } = run.call(args, { cwd });
      assert.deepEqual([code, none.test(stderr)], [2, true], `${args}: ${stderr}`);
    }
    assert.deepEqual(run.call(['runs', 'db'], { cwd }).stdout, "'db' has not run yet.\n");
    const { web } = JSON.parse(run.call(['config', '--json', 'web'], { cwd }).stdout) as { web: { key: string; without?: string[] }[] };
    assert.deepEqual(web.find(({ key }) => key === 'dependsOn')?.without, ['db']);
  });
});

describe('tree-warden config', () => {
  it('prints what each value of a process is, and where it comes from', async () => {
    await using run = new Run();
    const cwd = write(run, project);
    const { code, stdout } = run.call(['config', 'web'], { cwd });
    assert.equal(code, 0);
    const lines = stdout.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
    assert.deepEqual(lines, [
      '// web',
      '{',
      '"command": "echo $WHO $LEVEL $OWN in $(basename $PWD)", // .vscode/processes.json:15',
      '"env": {',
      '"WHO": "all", // .vscode/processes.json:6',
      '"LEVEL": "debug", // .vscode/processes.local.json:3',
      '"OWN": "web" // .vscode/processes.json:20',
      '},',
      '"dependsOn": {"api":"ended"}, // .vscode/processes.json:22',
      '"pty": false // .vscode/processes.json:10',
      '}',
      '',
    ]);
    assert.match(run.call(['config'], { cwd }).stdout, /"cwd": "src", +\/\/ \.\.\/api\/\.vscode\/processes\.json:10 \(.*\/api\/src\)/);
  });

  it('masks what looks like a secret, and has everything in its JSON', async () => {
    await using run = new Run();
    const cwd = write(run, { 'web/.vscode/processes.json': { processes: { web: { command: 'x', env: { DB_PASSWORD: 'hunter22' } } } } });
    const { stdout } = run.call(['config', 'web'], { cwd });
    assert.match(stdout, /"DB_PASSWORD": "•••"/);
    const json = JSON.parse(run.call(['config', '--json'], { cwd }).stdout) as Record<string, object[]>;
    assert.deepEqual(json, {
      web: [
        { key: 'command', value: 'x', file: join(cwd, '.vscode/processes.json'), line: 4 },
        { key: 'env.DB_PASSWORD', value: 'hunter22', file: join(cwd, '.vscode/processes.json'), line: 6 },
      ],
    });
  });

  it('prints models, also where nothing else is declared', async () => {
    await using run = new Run();
    const coder = { model: 'org/coder', runtime: 'vllm', env: { HF_TOKEN: 'hf_abcdefghijklmnop' } };
    const file = '.vscode/processes.json';
    const cwd = write(run, { [`web/${file}`]: { models: { coder } } });
    const { code, stdout } = run.call(['config'], { cwd });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^\/\/ coder\n\/\/ a model\n\{\n {2}"runtime": "vllm", +\/\/ \.vscode\/processes\.json:\d+\n {2}"model": "org\/coder",/,
    );
    assert.match(stdout, /"HF_TOKEN": "•••"/);
    const json = JSON.parse(run.call(['config', 'coder', '--json'], { cwd }).stdout) as Record<string, { key: string; value: unknown }[]>;
    assert.deepEqual(
      json['coder']?.map(({ key, value }) => [key, value]),
      [
        ['model', 'org/coder'],
        ['runtime', 'vllm'],
        ['env.HF_TOKEN', 'hf_abcdefghijklmnop'],
      ],
    );
  });

  it('says where there is nothing to print', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['config'], { cwd: write(run, { 'web/.vscode/processes.json': { processes: {} } }) });
    assert.equal(code, 2);
    assert.match(stderr, /processes\.json declares no processes\.$/m);
  });

  it('refuses a name that is not declared', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['config', 'wbe'], { cwd: write(run, project) });
    assert.equal(code, 2);
    assert.match(stderr, /declares no process 'wbe'; it declares base, web, db, api\./);
  });
});
