/** What a workspace already knows comes into processes.json as it was meant. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { discoverProcesses, renderProcessesFile } from '../../../src/config/import/discover.ts';
import type { FoundProcess, System } from '../../../src/config/import/foundTask.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveSpec } from '../../../src/config/resolveSpec.ts';
import { holdsFor } from '../../support/property.ts';
import { workspaceOf } from '../../support/workspaceFiles.ts';

const foundIn = (name: string, content: unknown, system?: System): FoundProcess[] =>
  discoverProcesses(workspaceOf({ [name]: typeof content === 'string' ? content : JSON.stringify(content) }), system);
const fromScripts = (...names: string[]): FoundProcess[] =>
  foundIn('package.json', { scripts: Object.fromEntries(names.map((name) => [name, 'x'])) });
const fromTasks = (...tasks: object[]): FoundProcess[] => foundIn('.vscode/tasks.json', { tasks });
const task = (keys: object): object => ({ label: 'it', type: 'shell', command: 'x', ...keys });

/** The command of the one process that is found, after its way through the file. */
async function argvOf(found: readonly FoundProcess[]): Promise<readonly string[]> {
  const { specs, problems } = parseProcesses(renderProcessesFile(found));
  assert.deepEqual([problems, specs.size], [[], 1]);
  const [[name, spec] = []] = [...specs];
  assert.ok(name !== undefined && spec);
  return (await resolveSpec(name, spec, { workspaceFolder: '/', env: {}, portFor: () => Promise.resolve(1) })).argv;
}

describe('the scripts of a package.json', () => {
  const offered: [string[], string[]][] = [
    [
      ['preview', 'prettier', 'postgres', 'present', 'postcss'],
      ['preview', 'prettier', 'postgres', 'present', 'postcss'],
    ],
    [
      ['build', 'prebuild', 'postbuild', 'prebuilds'],
      ['build', 'prebuilds'],
    ],
    [['view', 'preview'], ['view']],
    [
      ['pre', 'post', '', ' '],
      ['pre', 'post'],
    ],
  ];
  for (const [names, expected] of offered)
    it(`are offered without the hooks of others: ${names.join(' ')}`, () =>
      assert.deepEqual(
        fromScripts(...names).map(({ label }) => label),
        expected,
      ));

  it('keep names that a shell would make something else of', async () => {
    for (const name of ['build (prod)', "it's", '$(id)', '`id`', 'a"b', 'a\\b', 'a b', '*', 'ä', 'x\ny', '&&', "'"])
      assert.deepEqual(await argvOf(fromScripts(name)), ['npm', 'run', name], name);
    assert.deepEqual(await argvOf(fromScripts('-x')), ['npm', 'run', '--', '-x']);
    assert.deepEqual(await argvOf(fromScripts('dev:web')), ['/bin/sh', '-c', 'npm run dev:web']);
  });

  it('have names of their own, whatever can be in one', () =>
    holdsFor(
      fc.uniqueArray(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a(b', 'a)b', 'a-b', 'a b')), { maxLength: 8 }),
      (names) => {
        const found = fromScripts(...names);
        const { specs, problems } = parseProcesses(renderProcessesFile(found));
        assert.deepEqual(problems, []);
        assert.equal(specs.size, found.length);
        const base = new Set(names.filter((name) => name !== '__proto__' && name.trim() !== '' && !/\0|\$\{/.test(name)));
        const hooks = [...base].filter((name) => base.has(name.replace(/^(pre|post)/, '')) && /^(pre|post)./s.test(name));
        assert.equal(found.filter(({ label }) => base.has(label)).length, base.size - hooks.length);
      },
    ));

  it('are left out where our own variables would be found in them', () =>
    assert.deepEqual(fromScripts('${port:a}', '${env:X}', 'a ${instance}', '${workspaceFolder}').length, 0));
});

describe('the tasks of a tasks.json', () => {
  const commands: [string, object, FoundProcess['command']][] = [
    ['a line', { command: 'a | b "c d"' }, 'a | b "c d"'],
    ['arguments', { command: 'tsc', args: ['-w', '$HOME'] }, 'tsc -w $HOME'],
    ['arguments with spaces', { command: 'a b', args: ['c d', 'e'] }, "'a b' 'c d' e"],
    [
      'arguments that have quotes',
      { args: ['"a b"', "'c d'", 'e\\ f', "it's", "say it's"] },
      `x "a b" 'c d' e\\ f 'it'\\''s' 'say it'\\''s'`,
    ],
    ['an argument that is empty', { args: [''] }, "x ''"],
    ['strong quotes', { args: [{ value: "$A it's", quoting: 'strong' }] }, `x '$A it'\\''s'`],
    ['weak quotes', { args: [{ value: '$A "b', quoting: 'weak' }] }, 'x "$A \\"b"'],
    ['escapes', { args: [{ value: 'a b;$c', quoting: 'escape' }] }, 'x a\\ b\\;\\$c'],
    ['a command with quotes', { command: { value: '/a b/x', quoting: 'strong' } }, "'/a b/x'"],
    ['values in parts', { args: [{ value: ['a', 'b'], quoting: 'weak' }] }, 'x "a b"'],
    ['a process', { type: 'process', args: ['a b', '$HOME', { value: "it's", quoting: 'strong' }, ''] }, ['x', 'a b', '$HOME', "it's", '']],
    ['a shell of its own', { args: ['a b'], options: { shell: { executable: 'bash', args: ['-lc'] } } }, ['bash', '-lc', "x 'a b'"]],
    ['a script of npm', { type: 'npm', script: 'build (prod)' }, ['npm', 'run', 'build (prod)']],
    ['what is said for this system', { command: 'x', linux: { command: 'y', args: ['z'] }, windows: { command: 'no' } }, 'y z'],
    [
      'variables of the editor',
      { command: '${workspaceRoot}${/}x', args: ['${cwd}', '${userHome}'] },
      '${workspaceFolder}/x ${workspaceFolder} ${env:HOME}',
    ],
  ];
  for (const [what, keys, command] of commands)
    it(`come with ${what}`, () =>
      assert.deepEqual(
        fromTasks(task(keys)).map((found) => found.command),
        [command],
      ));

  it('come with their folder and their environment', () => {
    const file = {
      options: { cwd: 'all', env: { A: '1' } },
      linux: { options: { env: { B: '2' } } },
      tasks: [
        task({ label: 'a' }),
        task({ label: 'b', options: { cwd: '${workspaceFolder}/sub', env: { A: 'own ${env:X}' } }, linux: { options: { env: { C: 3 } } } }),
        { type: 'npm', script: 'dev', path: 'client/' },
      ],
    };
    assert.deepEqual(
      foundIn('.vscode/tasks.json', file).map(({ label, cwd, env }) => [label, cwd, env]),
      [
        ['a', 'all', { A: '1', B: '2' }],
        ['b', '${workspaceFolder}/sub', { A: 'own ${env:X}', B: '2', C: '3' }],
        ['npm: dev', 'client', { A: '1', B: '2' }],
      ],
    );
  });

  it('are quoted for the system that they are run on', () => {
    const args = ['a b', 'c\\', { value: 'say "x\\"', quoting: 'strong' }, { value: 'd e\\', quoting: 'weak' }];
    const [found] = foundIn('.vscode/tasks.json', { tasks: [task({ args, windows: { command: 'y' } })] }, 'windows');
    assert.equal(found?.command, 'y "a b" "c\\\\" "say \\"x\\\\\\"" "d e\\\\"');
  });

  it('are left out where only the editor knows what they ask for', () => {
    for (const keys of [
      { args: ['${input:x}'] },
      { command: '${file}' },
      { options: { cwd: '${fileDirname}' } },
      { options: { env: { A: '${config:a.b}' } } },
      { options: { env: { A: { B: 'c' } } } },
    ])
      assert.deepEqual(fromTasks(task(keys)), []);
    for (const name of ['port:web', 'instance']) assert.deepEqual(fromTasks(task({ args: [`x\${${name}}`] })), [], name);
    for (const name of variablesOfEditor) assert.deepEqual(fromTasks(task({ args: [`dist/\${${name}}`] })), [], name);
    assert.deepEqual(
      fromTasks(
        { label: 'all', dependsOn: ['a'] },
        { label: 5, type: 'shell', command: 'x' },
        { type: 'npm' },
        { label: 'e', type: 'shell', command: ' ' },
      ),
      [],
    );
  });

  it('may be called as they like, and the file says how', () => {
    const label = 'a */ // "x"\nb\u2028c';
    const text = renderProcessesFile(fromTasks(task({ label })));
    assert.match(text, /^ {4}\/\/ from \.vscode\/tasks\.json: "a \*\/ \/\/ \\"x\\"\\nb c"$/m);
    assert.equal(parseProcesses(text).specs.size, 1);
  });

  it('hand each argument to the program as it was written, after the way through the file and the shell', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('$(id)', "it's", '"', '\\', "'\\''", '\n', '${HOME}', '`id`'),
    );
    // Our own variables have no escape.
    const value = fc.array(text, { maxLength: 3 }).map((parts) => parts.join('').replaceAll(/\0|\$\{/g, ''));
    const quoting = fc.constantFrom('strong', 'escape');
    const asProcess = fc.tuple(fc.constant('process'), fc.array(value, { maxLength: 3 }));
    const asShell = fc.tuple(fc.constant('shell'), fc.array(fc.record({ value, quoting }), { minLength: 1, maxLength: 3 }));
    return holdsFor(
      fc.oneof(asProcess, asShell),
      async ([type, args]) => {
        const [program, ...rest] = await argvOf(
          fromTasks({
            label: 'it',
            type,
            command: 'printf',
            args: ['%s\\0', ...args].map((arg) => (arg === '%s\\0' && type === 'shell' ? "'%s\\0'" : arg)),
          }),
        );
        assert.ok(program);
        const expected = args.map((arg) => (typeof arg === 'string' ? arg : arg.value));
        const printed = execFileSync(program, rest, { encoding: 'utf8' }).split('\0').slice(0, -1);
        assert.deepEqual(printed, expected.length > 0 ? expected : ['']);
      },
      0.2,
    );
  });
});

describe('a Procfile', () => {
  it('has a line for the shell for each name', () => {
    const text = '# all\r\nweb: node a.js "b c" | tee log\r\nworker:x\n  no\nbad name: x\nempty:\nown: ${port:x}\n';
    assert.deepEqual(
      foundIn('Procfile', text).map(({ name, command }) => [name, command]),
      [
        ['web', 'node a.js "b c" | tee log'],
        ['worker', 'x'],
      ],
    );
  });
});

/** All that VS Code fills in and nothing else knows; a shell would take each for an empty variable. */
const variablesOfEditor = [
  'file',
  'fileWorkspaceFolder',
  'fileWorkspaceFolderBasename',
  'relativeFile',
  'relativeFileDirname',
  'fileBasename',
  'fileBasenameNoExtension',
  'fileExtname',
  'fileDirname',
  'fileDirnameBasename',
  'lineNumber',
  'columnNumber',
  'selectedText',
  'execPath',
  'execInstallFolder',
  'defaultBuildTask',
  'workspaceFolderBasename',
  'workspaceRootFolderName',
  'workspaceFolder:other',
  'relativeFile:other',
  'config:a.b',
  'command:a.b',
  'input:x',
];
