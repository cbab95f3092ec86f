/** Each kind of file that a workspace can hold, as projects have it, and what is found in it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { discoverInText, discoverProcesses, importFile } from '../../../src/config/import/discover.ts';
import { workspaceOf } from '../../support/workspaceFiles.ts';

type Expected = [label: string, command: string | string[], where: string];
interface Case {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** In the order in which they are shown; those that run once behind the bar. */
  readonly lasting: readonly Expected[];
  readonly once?: readonly Expected[];
}

const vite = `{
  "name": "shop",
  "scripts": {
    "build": "vite build",
    "dev": "vite",
    "lint": "eslint .",
    "preview": "vite preview",
    "test": "vitest run",
    "test:watch": "vitest --watch"
  }
}`;

const cases: readonly Case[] = [
  {
    what: 'the scripts of a package.json',
    files: { 'package.json': vite },
    lasting: [
      ['dev', 'npm run dev', 'package.json:5'],
      ['preview', 'npm run preview', 'package.json:7'],
      ['test:watch', 'npm run test:watch', 'package.json:9'],
    ],
    once: [
      ['build', 'npm run build', 'package.json:4'],
      ['lint', 'npm run lint', 'package.json:6'],
      ['test', 'npm run test', 'package.json:8'],
    ],
  },
  {
    what: 'scripts of pnpm, by the lock file above a package',
    files: {
      'package.json': '{ "private": true }',
      'pnpm-lock.yaml': '',
      'packages/web/package.json': '{\n "scripts": {\n  "dev": "next dev"\n }\n}',
      'packages/api/package.json': '{ "scripts": { "start": "node ." } }',
    },
    lasting: [
      ['packages/web: dev', 'pnpm run dev', 'packages/web/package.json:3'],
      ['packages/api: start', 'pnpm run start', 'packages/api/package.json:1'],
    ],
  },
  {
    what: 'scripts of yarn and bun, by what the package.json says',
    files: {
      'package.json': '{ "packageManager": "yarn@4.1.0", "scripts": { "start": "x" } }',
      'tool/package.json': '{ "packageManager": "bun@1.2.0", "scripts": { "dev": "bun --hot ." } }',
    },
    lasting: [
      ['start', 'yarn run start', 'package.json:1'],
      ['tool: dev', 'bun run dev', 'tool/package.json:1'],
    ],
  },
  {
    what: 'the tasks of a deno.jsonc',
    files: {
      'deno.jsonc':
        '{\n  // the server\n  "tasks": {\n    "dev": "deno run --watch main.ts",\n    "check": { "command": "deno check .", "description": "types" }\n  }\n}',
    },
    lasting: [['deno task dev', 'deno task dev', 'deno.jsonc:4']],
    once: [['deno task check', 'deno task check', 'deno.jsonc:5']],
  },
  {
    what: 'a Procfile, the one for development before the other',
    files: {
      Procfile: 'web: gunicorn app',
      'Procfile.dev': '# development\nweb: bin/rails server -p 3000\ncss: bin/rails tailwindcss:watch\nrelease: bin/rails db:migrate\n',
    },
    lasting: [
      ['web', 'bin/rails server -p 3000', 'Procfile.dev:2'],
      ['css', 'bin/rails tailwindcss:watch', 'Procfile.dev:3'],
    ],
    once: [['release', 'bin/rails db:migrate', 'Procfile.dev:4']],
  },
  {
    what: 'a tasks.json',
    files: {
      '.vscode/tasks.json':
        '{\n  "version": "2.0.0",\n  "tasks": [\n    { "label": "watch", "type": "shell", "command": "tsc -w", "isBackground": true },\n    { "label": "compile", "type": "shell", "command": "tsc" }\n  ]\n}',
    },
    lasting: [['watch', 'tsc -w', '.vscode/tasks.json:4']],
    once: [['compile', 'tsc', '.vscode/tasks.json:5']],
  },
  {
    what: 'a compose file: all of it first',
    files: {
      'compose.yaml':
        'x-logging: &logging\n  driver: local\nservices:\n  db:\n    image: postgres:17\n    logging: *logging\n  cache:\n    image: redis\nvolumes: {}\n',
    },
    lasting: [['docker compose up', 'docker compose up', 'compose.yaml:3']],
    once: [
      ['docker compose up db', 'docker compose up db', 'compose.yaml:4'],
      ['docker compose up cache', 'docker compose up cache', 'compose.yaml:7'],
    ],
  },
  {
    what: 'a compose file of one service, in a folder',
    files: { 'infra/docker-compose.yml': 'services:\n  db: { image: postgres }\n' },
    lasting: [['infra: docker compose up', 'docker compose up', 'infra/docker-compose.yml:1']],
  },
  {
    what: 'pm2 apps in JavaScript, as far as nothing has to be run',
    files: {
      'ecosystem.config.js': `const path = require('node:path');
const env = { NODE_ENV: 'development' };
const worker = { name: 'worker', script: 'worker.py', args: '--queue mail' };
module.exports = {
  apps: [
    {
      name: 'api',
      script: './api.js',
      args: ['--port', '3000'],
      node_args: '--inspect',
      cwd: 'api',
      env: { PORT: 3000, HOME: process.env.HOME },
    },
    worker,
    { name: 'front', script: 'npm', args: 'run dev', cwd: './front' },
    { name: 'computed', script: 'x.js', cwd: path.join(__dirname, 'x') },
    { name: \`binary\`, script: './bin/server', interpreter: 'none' },
  ],
};`,
    },
    lasting: [
      ['api', ['node', '--inspect', './api.js', '--port', '3000'], 'ecosystem.config.js:6'],
      ['worker', ['python3', 'worker.py', '--queue', 'mail'], 'ecosystem.config.js:3'],
      ['front', ['npm', 'run', 'dev'], 'ecosystem.config.js:15'],
      ['binary', ['./bin/server'], 'ecosystem.config.js:17'],
    ],
  },
  {
    what: 'pm2 apps in JSON',
    files: { 'ecosystem.config.json': '{\n "apps": [\n  { "name": "job", "script": "job.sh", "autorestart": false }\n ]\n}' },
    lasting: [],
    once: [['job', ['bash', 'job.sh'], 'ecosystem.config.json:3']],
  },
  {
    what: 'a process-compose.yaml',
    files: {
      'process-compose.yaml':
        'version: "0.5"\nprocesses:\n  server:\n    command: go run ./server\n    working_dir: ./back\n    environment:\n      - "PORT=8080"\n  tail:\n    command: "tail -f log"\n  empty: {}\n',
    },
    lasting: [
      ['server', 'go run ./server', 'process-compose.yaml:3'],
      ['tail', 'tail -f log', 'process-compose.yaml:8'],
    ],
  },
  {
    what: 'the recipes of a justfile that need no arguments',
    files: {
      justfile:
        'set shell := ["bash", "-c"]\nport := "8080"\n\n# serves\nserve port=port:\n  python -m http.server {{port}}\n\ndeploy host:\n  scp . {{host}}\n\ntest *args: build\n  cargo test {{args}}\n\n@build:\n  cargo build\n\n_helper:\n  true\n\n[private]\nsecret:\n  true\n',
    },
    lasting: [['just serve', 'just serve', 'justfile:5']],
    once: [
      ['just test', 'just test', 'justfile:11'],
      ['just build', 'just build', 'justfile:14'],
    ],
  },
  {
    what: 'the targets of a Makefile',
    files: {
      Makefile:
        'CC := gcc\nPORT ?= 80\n.PHONY: all run clean\nall: build\n\nbuild: main.o util.o\n\tcc -o app $^\n\n%.o: %.c\n\tcc -c $<\n\nmain.o: main.c\n\nrun: build\n\t./app\nwatch serve:\n\tdo $@\nclean:\n\techo never: this\n',
    },
    lasting: [
      ['make run', 'make run', 'Makefile:14'],
      ['make watch', 'make watch', 'Makefile:16'],
      ['make serve', 'make serve', 'Makefile:16'],
    ],
    once: [
      ['make all', 'make all', 'Makefile:4'],
      ['make build', 'make build', 'Makefile:6'],
      ['make clean', 'make clean', 'Makefile:18'],
    ],
  },
  {
    what: 'a Rust package with one program',
    files: { 'Cargo.toml': '[package]\nname = "app"\nversion = "0.1.0"\n', 'src/main.rs': '' },
    lasting: [['cargo run', 'cargo run', 'Cargo.toml:1']],
  },
  {
    what: 'a Rust workspace with programs in a package of it',
    files: {
      'Cargo.toml': '[workspace]\nmembers = ["server"]\n',
      'server/Cargo.toml':
        '[package]\nname = "server"\n\n[[bin]]\nname = "http"\npath = "src/http.rs"\n\n[[bin]]\nname = "worker"\npath = "src/worker.rs"\n',
    },
    lasting: [
      ['server: cargo run --bin http', 'cargo run --bin http', 'server/Cargo.toml:5'],
      ['server: cargo run --bin worker', 'cargo run --bin worker', 'server/Cargo.toml:9'],
    ],
  },
  { what: 'no program in a Rust library', files: { 'Cargo.toml': '[package]\nname = "lib"\n', 'src/lib.rs': '' }, lasting: [] },
  {
    what: 'the programs of a Go module',
    files: { 'go.mod': 'module example.com/app\n', 'main.go': '', 'cmd/api/main.go': '', 'cmd/lib/lib.go': '' },
    lasting: [
      ['go run .', 'go run .', 'go.mod:1'],
      ['go run ./cmd/api', 'go run ./cmd/api', 'go.mod:1'],
    ],
  },
  {
    what: 'the server of a Django project',
    files: {
      'backend/manage.py': 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "app.settings")\nfrom django.core.management import x\n',
    },
    lasting: [['backend: manage.py runserver', 'python3 manage.py runserver', 'backend/manage.py:1']],
  },
  {
    what: 'the servers of a Rails application',
    files: { 'config/application.rb': 'module Shop\n  class Application < Rails::Application\n', 'bin/dev': '', 'bin/rails': '' },
    lasting: [
      ['bin/dev', 'bin/dev', 'config/application.rb:1'],
      ['bin/rails server', 'bin/rails server', 'config/application.rb:1'],
    ],
  },
  {
    what: 'the tasks of mise',
    files: {
      'mise.toml':
        '[tools]\nnode = "24"\n\n[tasks]\nlint = "eslint ."\n\n[tasks.dev]\nrun = ["npm ci", "npm run dev"]\n\n[tasks."css:watch"]\nrun = "sass --watch ."\n\n[tasks.secret]\nhide = true\nrun = "x"\n',
    },
    lasting: [
      ['mise run dev', 'mise run dev', 'mise.toml:7'],
      ['mise run css:watch', 'mise run css:watch', 'mise.toml:10'],
    ],
    once: [['mise run lint', 'mise run lint', 'mise.toml:5']],
  },
];

const outline = (found: ReturnType<typeof discoverProcesses>): unknown[] =>
  found.map(({ label, command, source, line }) => [label, command, `${source}:${line + 1}`]);

describe('what a workspace knows', () => {
  for (const { what, files, lasting, once = [] } of cases)
    it(`has ${what}`, () => {
      const found = discoverProcesses(workspaceOf(files));
      assert.deepEqual(outline(found), [...lasting, ...once]);
      assert.deepEqual(outline(found.filter(({ likely }) => likely)), lasting);
    });

  it('has its folder and its environment with it', () => {
    const found = discoverProcesses(
      workspaceOf({
        ...cases.find(({ what }) => what === 'a process-compose.yaml')?.files,
        ...cases.find(({ what }) => what.startsWith('pm2 apps in JavaScript'))?.files,
        'packages/web/package.json': '{ "scripts": { "dev": "x" } }',
      }),
    );
    assert.deepEqual(
      found.flatMap(({ label, cwd, env }) => (cwd === undefined && env === undefined ? [] : [[label, cwd, env]])),
      [
        ['server', './back', { PORT: '8080' }],
        ['api', 'api', { PORT: '3000' }],
        ['front', './front', undefined],
        ['packages/web: dev', 'packages/web', undefined],
      ],
    );
  });

  const procfiles: [string, Record<string, string>, unknown][] = [
    ['each a free port', {}, [{ PORT: '${port:web}' }, { PORT: '${port:jobs}' }, { PORT: '${port:release}' }]],
    [
      'the one of .env, and 100 more for each line',
      { '.env': '# development\nSECRET="a b"\nexport PORT=3000\n' },
      [{ PORT: '3000' }, { PORT: '3100' }, { PORT: '3200' }],
    ],
    [
      'a free one where that would be none',
      { '.env': 'PORT=65500' },
      [{ PORT: '65500' }, { PORT: '${port:jobs}' }, { PORT: '${port:release}' }],
    ],
    ...['PORT=', 'PORT=web', 'PORT=-1', 'PORT="3000', 'OTHER=1'].map((text): [string, Record<string, string>, unknown] => [
      `each a free port where .env has ${text}`,
      { '.env': text },
      [{ PORT: '${port:web}' }, { PORT: '${port:jobs}' }, { PORT: '${port:release}' }],
    ]),
  ];
  for (const [what, files, expected] of procfiles)
    it(`gives the processes of a Procfile ${what}`, () => {
      const found = discoverProcesses(workspaceOf({ Procfile: 'web: x $PORT\n# and\njobs: y\nrelease: z\n', ...files }));
      assert.deepEqual(
        found.map(({ env }) => env),
        expected,
      );
    });

  it('starts by its name only where it is imported from a list of commands, and does not look like a server', () => {
    const files = {
      'package.json': vite,
      Procfile: 'web: x\nrelease: y\n',
      'compose.yaml': 'services:\n  db: { image: postgres }\n  cache: { image: redis }\n',
    };
    const imported = (file: string): unknown[] =>
      importFile(file, workspaceOf(files)).processes.map(({ label, more = {} }) => [label, more['profiles'] ?? 'all']);
    const manual = ['manual'];
    assert.deepEqual(imported('package.json'), [
      ['build', manual],
      ['dev', 'all'],
      ['lint', manual],
      ['preview', 'all'],
      ['test', manual],
      ['test:watch', 'all'],
    ]);
    assert.deepEqual(imported('Procfile'), [
      ['web', 'all'],
      ['release', 'all'],
    ]);
    assert.deepEqual(imported('compose.yaml'), [
      ['docker compose up', 'all'],
      ['docker compose up db', manual],
      ['docker compose up cache', manual],
    ]);
  });

  it('has its containers stopped with it', () => {
    const [all, db] = discoverProcesses(workspaceOf({ 'compose.yaml': 'services:\n  db: { image: x }\n  cache: { image: y }\n' }));
    const stop = (command: string): unknown => [{ run: command, timeout: '20s' }, '10s', 'SIGKILL'];
    assert.deepEqual([all?.more?.['stop'], db?.more?.['stop']], [stop('docker compose stop'), stop('docker compose stop db')]);
  });

  it('is read once of the same label, and within bounds', () => {
    const scripts = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`s${index}`, 'x']));
    const found = discoverProcesses(
      workspaceOf({ Procfile: 's0: mine', 'package.json': JSON.stringify({ scripts }), Makefile: `x:${' '.repeat(300_000)}` }),
    );
    assert.equal(found.length, 300);
    assert.deepEqual([found[0]?.command, found.filter(({ label }) => label === 's0').length], ['mine', 1]);
  });

  it('is left out below a folder whose name holds a variable of ours', () =>
    assert.deepEqual(discoverProcesses(workspaceOf({ '${env:HOME}/package.json': '{ "scripts": { "dev": "x" } }' })), []));

  it('says of a text that is being edited what stands in which line', () => {
    const files = workspaceOf({ 'pnpm-lock.yaml': '', 'a/package.json': '' });
    assert.deepEqual(
      discoverInText('{\n\n"scripts": { "dev": "x" } }', 'a/package.json', files).map(({ label, command, line }) => [label, command, line]),
      [['a: dev', 'pnpm run dev', 2]],
    );
    assert.deepEqual(discoverInText('web: x', 'a/Procfile', files), []);
    assert.deepEqual(discoverInText('{ "scripts": { "dev": "x" } }', 'a/other.json', files), []);
  });

  const hostile: [string, string][] = [
    ['compose.yaml', `services: ${'['.repeat(50_000)}`],
    [
      'compose.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${`*a${n === 0 ? '' : n - 1},`.repeat(9)}]`).join('\n')}\nservices:\n  db: *a8\n`,
    ],
    ['Cargo.toml', `[${'a.'.repeat(60_000)}b]`],
    ['ecosystem.config.js', `module.exports = ${'['.repeat(100_000)}`],
    ['ecosystem.config.js', 'module.exports = { apps: (() => { throw new Error("run") })() }'],
    ['package.json', '{ "scripts": { "__proto__": "x", "constructor": "x" } }'],
    ['Makefile', `${'a '.repeat(100_000)}`],
    ['justfile', `${'a '.repeat(100_000)}`],
    ['mise.toml', '[tasks]\n"a$(id)" = "x"\n'],
  ];
  for (const [file, text] of hostile)
    it(`is found soon, and without a crash, in a ${file} that begins with ${JSON.stringify(text.slice(0, 30))}`, () => {
      const before = process.cpuUsage();
      const found = discoverProcesses(workspaceOf({ [file]: text }));
      // Of its own processor time: others may want the same processors.
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 2_000_000);
      assert.ok(found.every(({ command }) => !/\$\(id\)/.test(String(command))));
    });
});
