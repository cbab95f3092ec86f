/** Variables of VS Code, and those whose values are known only at a start. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { declarationOf } from '../../../src/config/declarations.ts';
import { EditorSettings, settingsFiles } from '../../../src/config/editorSettings.ts';
import type { Inputs } from '../../../src/config/inputSchema.ts';
import { configText } from '../../../src/config/layers/configText.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import type { ProcessSpec } from '../../../src/config/processSchema.ts';
import { resolveSpec, resolveTemplate, type TemplateContext } from '../../../src/config/resolveSpec.ts';
import { fillVariables, type Variables } from '../../../src/config/variables.ts';
import { startVariablesOf } from '../../../src/protocol/neededValues.ts';
import { fillTemplate, startVariablesIn } from '../../../src/protocol/processTemplate.ts';
import { startRequest } from '../../../src/warden/models/startRequest.ts';
import { resolveServed } from '../../support/models.ts';
import { holdsFor } from '../../support/property.ts';

const portFor = (): Promise<number> => Promise.resolve(3000);
const context: Variables = { workspaceFolder: '/w/my app', env: { X: 'x' }, portFor };
const inputs: Inputs = {
  target: { id: 'target', type: 'promptString' },
  pin: { id: 'pin', type: 'promptString', password: true },
};
const settings: Readonly<Record<string, unknown>> = {
  'a.text': '${env:X}',
  'a.number': 5,
  'a.flag': false,
  'a.list': [1],
  'a.object': {},
  'a.null': null,
};
const settingOf = (name: string): unknown => settings[name];

describe('a variable of VS Code', () => {
  const cases: [string, Partial<Variables>, string][] = [
    ['${userHome}', {}, homedir()],
    ['${workspaceFolderBasename}', {}, 'my app'],
    ['a${pathSeparator}b${/}c', {}, `a${sep}b${sep}c`],
    ['${cwd}', {}, '/w/my app'],
    ['${cwd}', { cwd: '/w/${instance}' }, '/w/${instance}'],
    ['${config:a.text} ${config:a.number} ${config:a.flag}', { settingOf }, '${env:X} 5 false'],
    [
      '${input:-x} ${command:0:3} ${secret:?no} ${env:+y} ${config: x}',
      {},
      '${input:-x} ${command:0:3} ${secret:?no} ${env:+y} ${config: x}',
    ],
  ];
  for (const [text, given, filled] of cases)
    it(`has its value: ${text}`, async () => assert.equal(await fillVariables(text, { ...context, ...given }), filled));

  const refused: [string, Partial<Variables>, RegExp][] = [
    [
      '${config:a.list}',
      { settingOf },
      /\$\{config:a\.list\} cannot be filled in: it is a list\. It has to be a string, a number, true or false/,
    ],
    ['${config:a.object}', { settingOf }, /it is an object/],
    ['${config:a.null}', { settingOf }, /the setting has no value/],
    ['${config:a.other}', { settingOf }, /the setting has no value/],
    ['${config:a.text}', {}, /no settings are known/],
    ['${input:target}', { inputs }, /known only when a process is started/],
    ['${input:other}', { inputs, isTemplate: true }, /there is no input 'other' in "inputs"/],
    ['${input:constructor}', { inputs, isTemplate: true }, /there is no input 'constructor'/],
    ['${secret:token}', { isTemplate: true }, /a secret may stand in "env" only, because all users of the machine can see command lines/],
    ['${input:pin}', { inputs, isTemplate: true }, /the value of a password input may stand in "env" only/],
    ['${secret:a b}', { isTemplate: true, takesSecrets: true }, /the name of a secret has letters/],
  ];
  for (const [text, given, message] of refused)
    it(`is refused with the reason: ${text} (${Object.keys(given).join()})`, async () =>
      await assert.rejects(fillVariables(text, { ...context, ...given }), { message }));

  it('means the working directory of the process, wherever that is declared', async () => {
    const spec = { command: ['x', '${cwd}'], cwd: 'sub', env: { D: '${cwd}/d' }, ready: { exec: ['ls', '${cwd}'] } } as ProcessSpec;
    const { argv, env, cwd, ready } = await resolveSpec('a', spec, context);
    assert.deepEqual([argv, env, cwd], [['x', '/w/my app/sub'], { D: '/w/my app/sub/d' }, '/w/my app/sub']);
    assert.deepEqual(ready?.check, { by: 'exec', argv: ['ls', '/w/my app/sub'] });
    const own = { ...spec, cwd: 'sub-${instance}', watch: parsedWatch('echo ${cwd}') } as ProcessSpec;
    const declared = await declarationOf('a', own, context);
    assert.ok('template' in declared);
    assert.deepEqual(fillTemplate(declared.template, { instance: 2, portOf: () => 1, values: {} }).argv, ['x', '/w/my app/sub-2']);
    assert.deepEqual(declared.watch?.action.by === 'run' && declared.watch.action.argv.at(-1), 'echo /w/my app/sub-${instance}');
  });

  it('means that of a model, too', async () => {
    const text = {
      models: {
        m: { runtime: 'custom', model: 'm', env: { PORT: '${port}' }, command: ['x', '${cwd}', '${workspaceFolderBasename}'], cwd: 'sub' },
      },
    };
    const [spec] = parseProcesses(JSON.stringify(text)).models.values();
    assert.ok(spec);
    assert.deepEqual(startRequest(await resolveServed('m', spec, context), 1, 1).argv, ['x', '/w/my app/sub', 'my app']);
  });
});

function parsedWatch(run: string): unknown {
  const text = {
    inputs: [{ id: 'target', type: 'promptString' }],
    processes: { a: { command: 'x', watch: { paths: ['*'], action: { run } } } },
  };
  return parseProcesses(JSON.stringify(text)).specs.get('a')?.watch;
}

describe('a variable whose value is given at the start', () => {
  const spec = {
    command: ['x', '<${input:target}>', '${command:a.b}'],
    cwd: '${input:target}',
    env: { T: '${secret:token}', P: '${input:pin}' },
    inputs,
  } as ProcessSpec;
  const templateContext: TemplateContext = { workspaceFolder: '/w', env: {} };

  it('stays in the template, and is named once', async () => {
    const template = await resolveTemplate(spec, templateContext);
    assert.deepEqual(startVariablesIn(template).sort(), ['command:a.b', 'input:pin', 'input:target', 'secret:token']);
    const declared = await declarationOf(
      'a',
      { ...spec, watch: parsedWatch('x ${command:c} ${input:target}') } as ProcessSpec,
      templateContext,
    );
    assert.deepEqual(startVariablesOf(declared).sort(), ['command:a.b', 'command:c', 'input:pin', 'input:target', 'secret:token']);
  });

  it('is filled in once, whatever its value holds', () => {
    const treacherous = ['$&', '${instance}', '${port:web}', '${input:pin}', '${secret:token}', "$'"];
    const value = fc
      .array(fc.oneof(fc.constantFrom(...treacherous), fc.string({ maxLength: 4 })))
      .map((parts) => parts.join('').replaceAll('\0', ''));
    return holdsFor(fc.tuple(value, value, value), async ([target, token, folder]) => {
      const template = await resolveTemplate(spec, { ...templateContext, workspaceFolder: `/${folder}` });
      const values = { 'input:target': target, 'command:a.b': 'b', 'secret:token': token, 'input:pin': '1' };
      const filled = fillTemplate(template, { instance: 1, portOf: () => assert.fail('a port was asked for'), values });
      assert.deepEqual(filled.argv, ['x', `<${target}>`, 'b']);
      assert.deepEqual(filled.env, { T: token, P: '1' });
      assert.ok(!('folder' in filled));
    });
  });

  it('may be an absolute path, or one in the workspace folder', async () => {
    const template = await resolveTemplate(spec, templateContext);
    for (const [target, cwd] of [
      ['sub', '/w/sub'],
      ['/tmp', '/tmp'],
    ] as const) {
      const values = { 'input:target': target, 'command:a.b': '', 'secret:token': '', 'input:pin': '' };
      assert.equal(fillTemplate(template, { instance: 1, portOf: () => 1, values }).cwd, cwd);
    }
    assert.throws(() => fillTemplate(template, { instance: 1, portOf: () => 1, values: {} }), /\$\{input:target\} has no value/);
  });
});

describe('inputs of processes.json', () => {
  const parse = (file: object): ReturnType<typeof parseProcesses> => parseProcesses(JSON.stringify(file, undefined, 1));
  const input = { id: 'target', type: 'promptString' };

  it('are those of every process of the file', () => {
    const { problems, specs } = parse({
      inputs: [
        input,
        { id: 'size', type: 'pickString', description: 'Size?', options: ['s', { label: 'Large', value: 'l' }], default: 'l' },
      ],
      processes: { a: { command: 'x ${input:target} ${input:size}' } },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.keys(specs.get('a')?.inputs ?? {}), ['target', 'size']);
  });

  const mistakes: [string, object, RegExp][] = [
    [
      'an unknown input',
      { processes: { a: { command: 'x ${input:nope}' } } },
      /^3.*command: \$\{input:nope\}: there is no input 'nope' in "inputs"/,
    ],
    ['one in a list', { processes: { a: { command: ['x', '${input:nope}'] } } }, /^5.*command: \$\{input:nope\}/],
    [
      'a variable without an end',
      { processes: { a: { command: 'x', env: { A: '${config:a.b' } } } },
      /env\.A: '\$\{config:' is no variable: it needs a name, and a closing brace/,
    ],
    ['a variable without a name', { processes: { a: { command: 'x ${command:}' } } }, /'\$\{command:' is no variable/],
    ['a secret in a command', { processes: { a: { command: 'x ${secret:t}' } } }, /\$\{secret:t\}: a secret may stand in "env" only/],
    [
      'a secret in a probe',
      { processes: { a: { command: 'x', ready: { http: 'http://localhost/${secret:t}' } } } },
      /ready: \$\{secret:t\}/,
    ],
    [
      'a secret in a command of a watch',
      { processes: { a: { command: 'x', watch: { paths: ['*'], action: { run: '${secret:t}' } } } } },
      /watch: \$\{secret:t\}/,
    ],
    ['a secret in the folder', { processes: { a: { command: 'x', cwd: '${secret:t}' } } }, /cwd: \$\{secret:t\}/],
    ['a variable of all processes', { env: { A: '${input:nope}' }, processes: { a: { command: 'x' } } }, /^2.*env\.A: \$\{input:nope\}/],
    [
      'an input in the path of an environment file',
      { inputs: [input], processes: { a: { command: 'x', envFile: '.env.${input:target}' } } },
      /envFile: \$\{input:target\}: its value is known only when a process is started/,
    ],
    [
      'an input in a model',
      { inputs: [input], models: { m: { runtime: 'custom', env: { PORT: '${port}' }, command: ['x', '${input:target}'] } } },
      /models\.m: \$\{input:target\}: its value is known only when/,
    ],
    [
      'a secret in an MCP server',
      { mcpServers: { m: { command: ['x'], env: { T: '${secret:t}' } } } },
      /mcpServers\.m: \$\{secret:t\}: its value is known only when/,
    ],
    [
      'a variable without an end in a language server',
      { languageServers: { m: { command: ['x', '${config:'], documentSelector: ['c'] } } },
      /languageServers\.m: '\$\{config:' is no variable/,
    ],
    ['two inputs of one ID', { inputs: [input, input], processes: {} }, /inputs\.1\.id: there is a second input 'target'/],
    [
      'a default that is no option',
      { inputs: [{ id: 'a', type: 'pickString', description: 'b', options: ['c'], default: 'd' }], processes: {} },
      /inputs\.0\.default: must be the value of one of the options/,
    ],
    [
      'an unknown type',
      { inputs: [{ id: 'a', type: 'other' }], processes: {} },
      /inputs\.0\.type: must have a type: promptString, pickString or command/,
    ],
    [
      'too many',
      { inputs: Array.from({ length: 101 }, (_, index) => ({ id: `i${index}`, type: 'promptString' })), processes: {} },
      /inputs: must be at most 100/,
    ],
  ];
  for (const [what, file, message] of mistakes)
    it(`have a mistake underlined where it is: ${what}`, () => {
      const { problems, specs } = parse(file);
      assert.ok(
        problems.some((one) => message.test(`${one.line} ${one.message}`)),
        JSON.stringify(problems),
      );
      if ('a' in ((file as { readonly processes?: object }).processes ?? {})) assert.equal(specs.get('a'), undefined);
    });

  it('allow a shell its own expansions, and a secret in the environment', () => {
    const command = 'x ${input:-1} ${secret:=2} ${HOME} ${command:0:2}';
    const { problems, specs } = parse({ processes: { a: { command, env: { A: 'Bearer ${secret:api.key}' } } } });
    assert.deepEqual(problems, []);
    assert.ok(specs.has('a'));
  });

  it('are shown in the configuration as they are written', () => {
    const text = {
      inputs: [input],
      processes: { a: { command: 'x ${input:target}', env: { TOKEN: '${secret:t}', CONF: '${config:a.b}' } } },
    };
    const shown = configText('a', parse(text).settings.get('a')?.() ?? [], '/w').join('\n');
    for (const written of ['${input:target}', '${secret:t}', '${config:a.b}']) assert.ok(shown.includes(written), shown);
  });
});

describe('the settings of an editor, outside of it', () => {
  const root = mkdtempSync(join(tmpdir(), 'tw-settings-'));
  after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'w');
  const home = join(root, 'home');
  const files = settingsFiles({ folder, home, env: {}, isMac: false });
  const write = (path: string, text: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  };
  const [ofFolder = ''] = files;
  const ofUser = join(home, '.config', 'Code', 'User', 'settings.json');
  write(ofFolder, '{ // comment\n "a.b": "folder", "python": { "path": "py", "deep.er": 1 }, }');
  write(ofUser, '{ "a.b": "user", "a.c": true }');

  for (const [name, value] of [
    ['a.b', 'folder'],
    ['a.c', true],
    ['python.path', 'py'],
    ['python.deep.er', 1],
    ['python', { path: 'py', 'deep.er': 1 }],
  ] as const)
    it(`has ${name} of the strongest file`, () =>
      assert.equal(JSON.stringify(new EditorSettings(files).valueOf(name)), JSON.stringify(value)));

  it('says where a setting was looked for', () => {
    assert.ok(files.includes(ofUser));
    for (const name of ['a', 'a.b.c', 'nope', 'constructor', '__proto__', 'x'.repeat(1000), 'a.'.repeat(1000)])
      assert.throws(
        () => new EditorSettings(files).valueOf(name),
        (error: Error) => error.message.includes(ofFolder) && error.message.includes(ofUser),
      );
  });

  it('are not taken from a file that cannot be read', () => {
    const path = join(root, 'large.json');
    writeFileSync(path, ' '.repeat(2 ** 20 + 1));
    assert.throws(() => new EditorSettings([path]).valueOf('a'), /Cannot read the settings in .*large\.json: it is larger than 1 MB/);
  });

  const places: [string, Parameters<typeof settingsFiles>[0], string][] = [
    ['macOS', { folder, home, env: {}, isMac: true }, join(home, 'Library', 'Application Support', 'Code', 'User', 'settings.json')],
    ['Windows', { folder, home, env: { APPDATA: 'C:\\data' }, isMac: false }, join('C:\\data', 'Code', 'User', 'settings.json')],
    ['a portable VS Code', { folder, home, env: { VSCODE_PORTABLE: '/p' }, isMac: false }, '/p/user-data/User/settings.json'],
  ];
  for (const [what, given, path] of places)
    it(`are looked for where ${what} keeps them`, () => assert.ok(settingsFiles(given).includes(path)));
});
