/** Several files that declare processes together: those that are included, and the person's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declarationOf } from '../../../../src/config/declarations.ts';
import { parseProcesses } from '../../../../src/config/parseProcesses.ts';
import { folder, localPath, problemsOf, read, readOwn, resolved, rootPath } from './files.ts';

const api = '/repo/api/.vscode/processes.json';
const tools = '/repo/tools/db.json';

describe('include', () => {
  it('adds the processes of other files, each in its own folder', async () => {
    const parsed = read({
      files: {
        [rootPath]: {
          include: ['../api/.vscode/processes.json'],
          env: { FROM: 'web' },
          defaults: { cwd: 'w' },
          processes: { web: { command: 'web', dependsOn: ['api', 'db'] } },
        },
        [api]: {
          include: ['../tools/db.json'],
          env: { FROM: 'api' },
          processes: { api: { command: 'serve ${workspaceFolder}', env: { HERE: '${workspaceFolder}' } } },
        },
        [tools]: { processes: { db: { command: 'db', cwd: 'data' } } },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual([...parsed.specs.keys()], ['web', 'api', 'db']);
    assert.deepEqual(await resolved(parsed, 'web'), { command: 'web', cwd: '/repo/web/w', env: { FROM: 'web' } });
    assert.deepEqual(await resolved(parsed, 'api'), {
      command: 'serve /repo/api',
      cwd: '/repo/api',
      env: { FROM: 'api', HERE: '/repo/api' },
    });
    assert.deepEqual(await resolved(parsed, 'db'), { command: 'db', cwd: '/repo/tools/data', env: {} });
    assert.deepEqual(
      [...parsed.files],
      [
        ['api', api],
        ['db', tools],
      ],
    );
    assert.deepEqual([...parsed.watched], [api, tools]);
  });

  it('watches files in the folder of the file that names them', async () => {
    const watch = { paths: ['src/**'], action: { run: ['gen', '${workspaceFolder}'] } };
    const parsed = read({
      files: {
        [rootPath]: {
          include: [api],
          processes: { web: { extends: 'api' }, own: { extends: 'api', watch }, other: { extends: 'api', watch: null } },
        },
        [api]: { processes: { api: { command: 'x', watch }, mine: { command: 'x', watch } } },
        [localPath]: { processes: { mine: { watch: ['lib'] } } },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    const watched = Array.from(parsed.specs, async ([name, spec]) => {
      const declared = await declarationOf(name, spec, { workspaceFolder: folder, env: {} });
      return [name, declared.watch?.folder, declared.watch?.action.by === 'run' ? declared.watch.action.argv[1] : undefined];
    });
    assert.deepEqual(await Promise.all(watched), [
      ['web', '/repo/api', '/repo/api'],
      ['own', folder, folder],
      ['other', undefined, undefined],
      ['api', '/repo/api', '/repo/api'],
      ['mine', folder, undefined],
    ]);
  });

  it('adds no models, on which nothing can depend', () => {
    const parsed = read({
      files: {
        [rootPath]: { include: [api] },
        [api]: { processes: { api: { command: 'x', dependsOn: ['model:big'] } }, models: { big: { runtime: 'ollama', model: 'x' } } },
      },
    });
    assert.deepEqual(problemsOf(parsed), [
      "../api/.vscode/processes.json:5 processes.api.dependsOn.model:big: there is no model 'big' in the workspace's own processes.json",
    ]);
  });

  it('takes a file that several include once, also by a symbolic link, and watches both paths', () => {
    const link = '/repo/web/api.json';
    const parsed = read({
      files: {
        [rootPath]: { include: ['../api/.vscode/processes.json', 'api.json', api] },
        [api]: { processes: { api: { command: 'x' } } },
      },
      links: { [link]: api },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual([...parsed.specs.keys()], ['api']);
    assert.deepEqual([...parsed.watched].sort(), [api, link]);
  });

  it('lets a process extend one of another file, whose values keep their folder', async () => {
    const parsed = read({
      files: {
        [rootPath]: {
          include: [api],
          defaults: { restart: 'never', cwd: 'w' },
          processes: { web: { extends: 'api', env: { B: '${workspaceFolder}' } } },
        },
        [api]: {
          env: { S: '${workspaceFolder}' },
          defaults: { restart: 'always' },
          processes: { api: { command: 'run ${workspaceFolder}', cwd: 'src', env: { A: '${workspaceFolder}' } } },
        },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual(await resolved(parsed, 'web'), {
      command: 'run /repo/api',
      cwd: '/repo/api/src',
      env: { S: '/repo/api', A: '/repo/api', B: '/repo/web' },
    });
    assert.equal(parsed.specs.get('web')?.restart, 'always', 'the defaults of the other file came with it');
  });

  const mistakes: readonly (readonly [string, Record<string, string | object>, readonly string[]])[] = [
    [
      'a name that two files declare',
      { [rootPath]: { include: [api], processes: { a: { command: 'x' } } }, [api]: { processes: { a: { command: 'y' } } } },
      [
        `.vscode/processes.json:6 processes.a: this name is also declared at ${api}:3; names are unique across included files`,
        '../api/.vscode/processes.json:3 processes.a: this name is also declared at processes.json:6; names are unique across included files',
      ],
    ],
    [
      'a file that is not there',
      { [rootPath]: { processes: {}, include: ['nothing.json'] } },
      ['.vscode/processes.json:4 include.0: cannot read /repo/web/nothing.json: there is no such file'],
    ],
    [
      'a circle',
      { [rootPath]: { include: [api] }, [api]: { include: ['/repo/tools/db.json'] }, [tools]: { include: [api] } },
      [`../tools/db.json:3 include.0: the files include each other in a circle: ${api} → ${tools} → ${api}`],
    ],
    [
      'itself',
      { [rootPath]: { include: ['.vscode/processes.json'] } },
      [`.vscode/processes.json:3 include.0: the files include each other in a circle: ${rootPath} → ${rootPath}`],
    ],
    [
      'a mistake in it',
      { [rootPath]: { include: [api] }, [api]: { processes: { a: { comand: 'y' }, b: { command: 'b' } } } },
      ['../api/.vscode/processes.json:3 processes.a.command: must be a line for the shell, or a list of a program and its arguments'],
    ],
    [
      'JSON that is none',
      { [rootPath]: { include: [api] }, [api]: '{ "processes": {\n' },
      ['../api/.vscode/processes.json:2 Not valid JSON: close brace expected'],
    ],
    ['no list', { [rootPath]: { include: 'x' } }, ['.vscode/processes.json:2 include: must be a list of files']],
  ];
  for (const [what, files, expected] of mistakes)
    it(`of ${what} is underlined where it is`, () => assert.deepEqual(problemsOf(read({ files })).slice(0, expected.length), expected));

  it('has the first of two processes of one name be used', () => {
    const parsed = read({
      files: { [rootPath]: { include: [api], processes: { a: { command: 'x' } } }, [api]: { processes: { a: { command: 'y' } } } },
    });
    assert.equal(parsed.specs.get('a')?.command, 'x');
    assert.ok(parsed.mistakes.has('a'));
  });

  it('is bounded in depth and number', () => {
    const at = (number: number): string => `/repo/${number}/processes.json`;
    const row = Object.fromEntries(Array.from({ length: 12 }, (_, number) => [at(number), { include: [at(number + 1)] }]));
    const deep = read({ files: { [rootPath]: { include: [at(0)] }, ...row } });
    assert.match(problemsOf(deep)[0] ?? '', /^\.\.\/7\/processes\.json:3 include\.0: .* more than 8 levels deep/);
    const many = Object.fromEntries(
      Array.from({ length: 70 }, (_, number) => [at(number), { processes: { [`p${number}`]: { command: 'x' } } }]),
    );
    const wide = read({ files: { [rootPath]: { include: Object.keys(many) }, ...many } });
    assert.equal(wide.specs.size, 64);
    assert.match(problemsOf(wide)[0] ?? '', /include\.64: there are more than 64 included files/);
  });

  it('falls back to what an included file said before its JSON was broken', () => {
    const root = { include: [api], processes: { web: { command: 'web' } } };
    const before = read({ files: { [rootPath]: root, [api]: { processes: { api: { command: 'old' } } } } });
    const broken = read(
      { files: { [rootPath]: { ...root, processes: { web: { command: 'new' } } }, [api]: '{ "processes": { "api": ' } },
      before,
    );
    assert.deepEqual(
      Array.from(broken.specs.values(), ({ command }) => command),
      ['new', 'old'],
    );
    assert.ok(broken.problems.length > 0 && broken.problems.every(({ file }) => file === api));
    const again = read({ files: { [rootPath]: root, [api]: '{ "processes": { "api": {' } }, broken);
    assert.ok(again.specs.has('api'), 'for as long as it is broken');
  });
});

describe('a file that is not read', () => {
  const root = {
    include: [api],
    processes: { web: { command: 'web', dependsOn: ['api', 'model:big'] } },
    models: { big: { runtime: 'ollama', model: 'x' } },
  };

  it('may declare what a process depends on: that is no further mistake', () => {
    const parsed = read({ files: { [rootPath]: root } });
    assert.deepEqual(problemsOf(parsed), [`.vscode/processes.json:3 include.0: cannot read ${api}: there is no such file`]);
    assert.deepEqual(
      parsed.specs.get('web')?.dependsOn?.map(({ name }) => name),
      ['api', 'model:big'],
    );
    assert.deepEqual([...parsed.watched], [api], 'it is taken up when it comes');
  });

  it('is one of a workspace that is not trusted, which is said', () => {
    const { problems, specs } = parseProcesses(JSON.stringify(root));
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['include: other files are read only in a workspace that is trusted'],
    );
    assert.ok(specs.has('web'));
  });
});

describe('processes.local.json', () => {
  it('changes, adds and turns off processes, and is above everything', async () => {
    const parsed = read({
      files: {
        [rootPath]: {
          include: [api],
          env: { LOG: 'info', A: '1' },
          defaults: { restart: 'always', limits: { memory: '1g' } },
          processes: { web: { command: 'web', cwd: 'w', env: { PORT: '1' }, dependsOn: ['db', 'api'] }, db: { command: 'db' } },
        },
        [api]: { processes: { api: { command: 'api', cwd: 'src', linux: { command: 'api-linux' } } } },
        [localPath]: {
          env: { LOG: 'debug' },
          defaults: { restart: null },
          processes: {
            web: { env: { PORT: '2' }, limits: { processes: 3 }, cwd: null },
            db: { disabled: true },
            api: { command: 'mine', env: { HERE: '${workspaceFolder}' } },
            extra: { extends: 'web', command: 'extra' },
          },
        },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual([...parsed.specs.keys()], ['web', 'api', 'extra']);
    assert.deepEqual(await resolved(parsed, 'web'), { command: 'web', cwd: '/repo/web', env: { LOG: 'debug', A: '1', PORT: '2' } });
    const web = parsed.specs.get('web');
    assert.deepEqual([web?.restart, web?.limits], [undefined, { memory: 2 ** 30, processes: 3 }]);
    assert.deepEqual(web?.dependsOn, [{ name: 'api', condition: 'ready' }], 'what is turned off is not waited for');
    assert.deepEqual(await resolved(parsed, 'api'), { command: 'mine', cwd: '/repo/api/src', env: { HERE: '/repo/web' } });
    assert.deepEqual(await resolved(parsed, 'extra'), { command: 'extra', cwd: '/repo/web', env: { LOG: 'debug', A: '1', PORT: '2' } });
    assert.deepEqual([parsed.files.get('web'), parsed.files.get('extra')], [undefined, localPath]);
    assert.deepEqual([...parsed.disabled], [['db', { file: localPath, line: 18 }]]);
  });

  it('may be all that there is, or have no process', () => {
    assert.deepEqual(problemsOf(readOwn({ processes: {} }, { env: { A: '1' } })), []);
    assert.deepEqual([...readOwn({ processes: {} }, { processes: { a: { command: 'x' } } }).specs.keys()], ['a']);
  });

  it('has its mistakes underlined in it', () => {
    assert.deepEqual(problemsOf(readOwn({ processes: { a: { command: 'x' } } }, { processes: { a: { cwd: 5 }, b: { cwd: 'x' } } })), [
      '.vscode/processes.local.json:4 processes.a.cwd: Invalid input: expected string, received number',
      '.vscode/processes.local.json:6 processes.b.command: must be a line for the shell, or a list of a program and its arguments',
    ]);
    assert.deepEqual(problemsOf(readOwn({ processes: { a: { command: 'x' } } }, [])), [
      '.vscode/processes.local.json:1 "processes" must be an object: { "name": { "command": "…" } }',
    ]);
  });

  it('replaces and adds models, MCP servers and language servers', () => {
    const model = (name: string): object => ({ runtime: 'ollama', model: name });
    const parsed = readOwn(
      { models: { a: model('x'), b: model('y') }, mcpServers: { m: { command: 'x' } } },
      { models: { a: model('z') }, mcpServers: { n: { command: 'y' } } },
    );
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual(
      Array.from(parsed.models, ([name, { model: weights }]) => [name, weights]),
      [
        ['a', 'z'],
        ['b', 'y'],
      ],
    );
    assert.deepEqual([...parsed.mcpServers.keys()], ['m', 'n']);
    assert.deepEqual([...parsed.files], [['a', localPath]]);
  });
});

describe('the settings of a process', () => {
  it('have the place that each of them comes from', () => {
    const parsed = read({
      files: {
        [rootPath]: { include: [api], env: { A: '1' }, processes: { web: { extends: 'api', env: { B: '2' } } } },
        [api]: { defaults: { limits: { memory: '1g' } }, processes: { api: { command: 'api' } } },
        [localPath]: { processes: { web: { env: { C: '3' } } } },
      },
    });
    const listed = parsed.settings
      .get('web')?.()
      .map(({ path, value, file, line, isShared }) => [path.join('.'), value, file, line + 1, isShared]);
    assert.deepEqual(listed, [
      ['env.A', '1', undefined, 6, true],
      ['limits.memory', '1g', api, 4, undefined],
      ['command', 'api', api, 9, undefined],
      ['env.B', '2', undefined, 12, undefined],
      ['env.C', '3', localPath, 5, undefined],
    ]);
  });
});
