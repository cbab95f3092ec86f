import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { displayCommandLine } from '../../../src/command/commandLine.ts';
import { discoveredFiles, discoverProcesses, renderProcessesFile } from '../../../src/config/import/discover.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveSpec } from '../../../src/config/resolveSpec.ts';
import { editorSchema, processesJsonSchema } from '../../../src/config/schema.ts';
import { NamedPorts } from '../../../src/loopback/namedPorts.ts';
import { workspaceOf } from '../../support/workspaceFiles.ts';

/** Problems as `line:column message`, counted as people do. */
function problems(text: string): string[] {
  return parseProcesses(text).problems.map(({ line, column, message }) => `${line + 1}:${column + 1} ${message}`);
}

describe('processes.json', () => {
  it('may hold comments and trailing commas, and every key', () => {
    const text = `// a comment
{
  "processes": {
    "web": { /* another */
      "command": ["node", "x"], "cwd": "app", "env": { "A": "1", "B": null }, "envFile": [".env"], "group": "g", "autoStart": true,
      "pty": false, "stop": ["SIGINT", "3s"], "lifetime": "managed", "containment": "auto", "description": "d", "whenLeaderExits": "keep",
    },
  },
}`;
    const { specs, problems: found, lines } = parseProcesses(text);
    assert.deepEqual(found, []);
    assert.deepEqual(specs.get('web')?.command, ['node', 'x']);
    assert.equal(lines.get('web'), 3);
  });

  const cases: [string, string, string[]][] = [
    ['an empty file', '', ['1:1 The file is empty. Start with { "processes": { } }']],
    ['broken JSON', '{\n  "processes": {', ['2:17 Not valid JSON: close brace expected']],
    ['a list', '[]', ['1:1 "processes" must be an object: { "name": { "command": "…" } }']],
    ['no processes', '{\n}', ['1:1 "processes" must be an object: { "name": { "command": "…" } }']],
    [
      'an unknown key at the top',
      '{ "processes": {},\n  "proceses": {} }',
      [
        '2:3 processes.json: there is no key \'proceses\'. Did you mean "processes"? Known are $schema, processes, mcpServers, languageServers, models, include, env, envFile, defaults, inputs, gateway',
      ],
    ],
    [
      'MCP servers of which one has a key of a process, and one the name of a process',
      '{ "processes": { "a": { "command": "x" } },\n "mcpServers": { "a": { "command": ["y"] },\n "b": { "command": "z", "pty": true } } }',
      ["3:25 mcpServers.b: there is no key 'pty'; known are command, cwd, env, envFile, limits, onLimit"],
    ],
    ['MCP servers that are a list', '{ "mcpServers": [] }', ['1:17 "mcpServers" must be an object: { "name": { "command": "…" } }']],
    [
      'no command',
      '{ "processes": {\n "a": {} } }',
      ['2:7 processes.a.command: must be a line for the shell, or a list of a program and its arguments'],
    ],
    [
      'exit codes that there are not, or twice',
      '{ "processes": { "a": { "command": "x", "successExitCodes": [0, 256,\n 3, 3, -1, "4"] },\n "b": { "command": "x", "successExitCodes": [] } } }',
      [
        '2:8 processes.a.successExitCodes.4: must be a whole number from 0 up',
        '2:12 processes.a.successExitCodes.5: must be a whole number from 0 up',
        '3:45 processes.b.successExitCodes: must have at least one exit code: a process without one could never succeed',
      ],
    ],
    [
      'exit codes over the bound of the system, or twice',
      '{ "processes": { "a": { "command": "x", "successExitCodes": [0, 256,\n 3, 3] } } }',
      [
        '1:65 processes.a.successExitCodes.1: must be at most 255: no process of this system has another exit code',
        '2:5 processes.a.successExitCodes.3: is listed twice',
      ],
    ],
    [
      'a restart policy that there is not',
      '{ "processes": { "a": { "command": "x", "restart": "sometimes" } } }',
      ['1:52 processes.a.restart: must be "never", "on-failure" or "always", or an object with one of them as "when"'],
    ],
    [
      'a restart policy with a wrong delay',
      '{ "processes": { "a": { "command": "x", "restart": { "when": "always", "delay": "x" } } } }',
      ["1:81 processes.a.restart.delay: 'x' is not a duration: write a number with ms, s, m or h, such as 5s"],
    ],
    [
      'a limit that is not above 0',
      '{ "processes": { "a": { "command": "x", "limits": { "cpu": -1 } } } }',
      ['1:60 processes.a.limits.cpu: must be more than 0'],
    ],
    ['an empty command', '{ "processes": {\n "a": { "command": "" } } }', ['2:20 processes.a.command: must not be empty']],
    ['a command of white space', '{ "processes": { "a": { "command": " \\t\\n" } } }', ['1:36 processes.a.command: must not be empty']],
    [
      'names that no variable can have',
      '{ "processes": { "a": { "command": "x", "env": { "": "y", "A=B": "y" } } } }',
      ['1:50 processes.a.env.: must not be empty', '1:59 processes.a.env.A=B: a variable cannot have = or a NUL character in its name'],
    ],
    [
      'an empty list as command',
      '{ "processes": {\n "a": { "command": [] } } }',
      ['2:20 processes.a.command: must be a line for the shell, or a list of a program and its arguments'],
    ],
    [
      'a wrong kind',
      '{ "processes": { "a": { "command": "x",\n "autoStart": "yes" } } }',
      ['2:15 processes.a.autoStart: Invalid input: expected boolean, received string'],
    ],
    [
      'an unknown key of a probe',
      '{ "processes": { "a": { "command": "x",\n "ready": { "tcp": 80, "portt": 1 } } } }',
      [
        "2:24 processes.a.ready: there is no key 'portt'; known are http, tcp, log, exec, delay, period, timeout, failureThreshold, successThreshold, deadline",
      ],
    ],
    [
      'an unknown key of a restart policy',
      '{ "processes": { "a": { "command": "x",\n "restart": { "when": "always", "max": 1 } } } }',
      ["2:33 processes.a.restart: there is no key 'max'; known are when, maxRestarts, window, delay, maxDelay"],
    ],
    [
      'a probe that asks nothing, or twice',
      '{ "processes": { "a": { "command": "x",\n "ready": { "period": "1s" },\n "alive": { "tcp": 80, "log": "x" } } } }',
      [
        '2:11 processes.a.ready: must have exactly one of http, tcp, log, exec',
        '3:11 processes.a.alive: must have exactly one of http, tcp, log, exec',
      ],
    ],
    [
      'a pattern that is none',
      '{ "processes": { "a": { "command": "x",\n "ready": { "log": "(" } } } }',
      ['2:20 processes.a.ready.log: must be a regular expression: missing closing ): `(`'],
    ],
    [
      'too many instances',
      '{ "processes": { "a": { "command": "x",\n "instances": 65 } } }',
      ['2:15 processes.a.instances: must be at most 64'],
    ],
    [
      'a signal that is none',
      '{ "processes": { "a": { "command": "x",\n "stop": ["SIGFOO"] } } }',
      ["2:10 processes.a.stop: 'SIGFOO' is not a signal of this system"],
    ],
    [
      'a lifetime that is none',
      '{ "processes": { "a": { "command": "x",\n "lifetime": "eternal" } } }',
      ['2:14 processes.a.lifetime: Invalid option: expected one of "managed"|"detached"'],
    ],
    [
      'a limit that is none',
      '{ "processes": { "a": { "command": "x",\n "limits": {\n "memory": "lots" } } } }',
      ["3:12 processes.a.limits.memory: 'lots' is not a size: write a number with k, m, g or t, such as 512m"],
    ],
    [
      'a name that is none',
      '{ "processes": {\n "": { "command": "x" } } }',
      ['2:2 processes.: a name starts with a letter or digit and holds letters, digits, spaces and . : @ / _ - only'],
    ],
    [
      'a name used twice',
      '{ "processes": { "a": { "command": "x" },\n "a": { "command": "y" } } }',
      ['2:2 processes.a: this name is used twice; the later one counts'],
    ],
  ];
  for (const [what, text, expected] of cases) it(`points at ${what}`, () => assert.deepEqual(problems(text), expected));

  it('keeps what is right beside what is wrong', () => {
    assert.deepEqual(
      [...parseProcesses('{ "processes": { "good": { "command": "x" }, "bad": { "command": 5 } } }').specs.keys()],
      ['good'],
    );
  });

  describe('of what was declared before', () => {
    const before = parseProcesses('{ "processes": { "a": { "command": "a1" }, "b": { "command": "b1" } } }');
    const commands = (text: string): unknown[] => Array.from(parseProcesses(text, before).specs, ([name, { command }]) => [name, command]);
    const cases: [string, string, unknown[]][] = [
      [
        'keeps an entry that is broken now, in its place',
        '{ "processes": { "b": { "command": "b2" }, "a": { "command": 5 } } }',
        [
          ['b', 'b2'],
          ['a', 'a1'],
        ],
      ],
      ['keeps no entry that is gone', '{ "processes": { "b": { "command": "b2" } } }', [['b', 'b2']]],
      ['adds none that is broken from the first', '{ "processes": { "c": { "command": 5 } } }', []],
      [
        'keeps all of it where the text is no JSON',
        '{ "processes": {',
        [
          ['a', 'a1'],
          ['b', 'b1'],
        ],
      ],
      [
        'keeps all of it where the file is empty',
        '',
        [
          ['a', 'a1'],
          ['b', 'b1'],
        ],
      ],
      [
        'keeps all of it where there are no processes',
        '{ "processes": 5 }',
        [
          ['a', 'a1'],
          ['b', 'b1'],
        ],
      ],
    ];
    for (const [what, text, expected] of cases) it(what, () => assert.deepEqual(commands(text), expected));
  });

  it('has a schema that completes and explains, and finds no fault: the reader says what is wrong, once', () => {
    const { if: all, ...others } = editorSchema() as { if: object };
    const { $schema, title, allowComments, allowTrailingCommas, ...rest } = processesJsonSchema() as Record<string, unknown>;
    assert.deepEqual([all, others], [rest, { $schema, title, allowComments, allowTrailingCommas }]);
    assert.doesNotMatch(JSON.stringify(rest), /"\$ref"/, 'a reference would lead to the place before');
  });

  it('says of what the JSON language of the editor reports as well, and of what is kept', () => {
    const before = parseProcesses('{ "processes": { "a": { "command": "a" } } }');
    const broken = parseProcesses('{ "processes": {', before);
    assert.deepEqual([broken.problems.map(({ isJson }) => isJson), broken.isKept, [...broken.specs.keys()]], [[true], true, ['a']]);
    const twice = parseProcesses('{ "processes": { "a": { "command": "a" }, "a": { "command": "b" } } }', broken);
    assert.deepEqual([twice.problems.map(({ isJson }) => isJson), twice.isKept], [[true], undefined]);
    const wrong = parseProcesses('{ "processes": { "a": { "comand": "a" } } }', before);
    assert.ok(wrong.problems.length > 0 && wrong.problems.every(({ isJson }) => isJson === undefined));
    assert.deepEqual([wrong.isKept, parseProcesses('', before).isKept], [undefined, true]);
  });

  it('has a schema for the editor that says what each key means', () => {
    const { properties } = processesJsonSchema() as {
      properties: { processes: { additionalProperties: { properties: Record<string, { description?: string }> } } };
    };
    const described = Object.entries(properties.processes.additionalProperties.properties).map(([key, { description }]) => [
      key,
      description !== undefined,
    ]);
    const keys = [
      'command',
      'cwd',
      'env',
      'envFile',
      'python',
      'node',
      'group',
      'description',
      'autoStart',
      'dependsOn',
      'pty',
      'stop',
      'beforeStart',
      'afterReady',
      'onStop',
      'whenLeaderExits',
      'successExitCodes',
      'lifetime',
      'containment',
      'isolate',
      'runner',
      'join',
      'limits',
      'onLimit',
      'priority',
      'ready',
      'alive',
      'onReady',
      'restart',
      'watch',
      'log',
      'schedule',
      'runOnSave',
      'jobs',
      'instances',
      'extends',
      'disabled',
      'profiles',
      'linux',
      'osx',
      'windows',
    ];
    assert.deepEqual(
      described,
      keys.map((key) => [key, true]),
    );
  });
});

describe('a resolved spec', () => {
  const ports = new NamedPorts();
  const context = { workspaceFolder: '/w', env: { USER_NAME: 'ann' }, portFor: (name: string) => ports.portFor(name) };

  it('has a shell for a string and none for a list', async () => {
    assert.deepEqual((await resolveSpec('a', { command: 'x $HOME ${HOME}' }, context)).argv, ['/bin/sh', '-c', 'x $HOME ${HOME}']);
    assert.deepEqual((await resolveSpec('a', { command: ['x', '${env:USER_NAME}'] }, context)).argv, ['x', 'ann']);
  });

  it('has its folder relative to the workspace', async () => {
    for (const [cwd, expected] of [
      [undefined, '/w'],
      ['sub', '/w/sub'],
      ['/abs', '/abs'],
      ['${workspaceFolder}/x', '/w/x'],
    ] as const) {
      assert.equal((await resolveSpec('a', { command: 'x', ...(cwd !== undefined && { cwd }) }, context)).cwd, expected);
    }
  });

  it('keeps a port for a name', async () => {
    const { argv } = await resolveSpec('a', { command: ['x', '${port:one}', '${port:one}', '${port:two}'] }, context);
    assert.equal(argv[1], argv[2]);
    assert.notEqual(argv[1], argv[3]);
    assert.equal((await resolveSpec('b', { command: ['${port:one}'] }, context)).argv[0], argv[1]);
  });

  it('is on a terminal, unless members are to outlive the leader or it says otherwise', async () => {
    assert.equal((await resolveSpec('a', { command: 'x' }, context)).stdio, 'pty');
    assert.equal((await resolveSpec('a', { command: 'x', whenLeaderExits: 'keep' }, context)).stdio, 'pipes');
    assert.equal((await resolveSpec('a', { command: 'x', whenLeaderExits: 'keep', pty: true }, context)).stdio, 'pty');
    assert.equal((await resolveSpec('a', { command: 'x', pty: false }, context)).stdio, 'pipes');
  });

  it('names the variable or the file that is not there', async () => {
    await assert.rejects(resolveSpec('a', { command: '${env:NOPE}' }, context), {
      message: '${env:NOPE} cannot be filled in: the environment variable NOPE is not set.',
    });
    await assert.rejects(resolveSpec('a', { command: 'x', envFile: 'nope.env' }, context), {
      message: 'Cannot read the environment file /w/nope.env: no such file or directory (ENOENT).',
    });
  });
});

describe('a command line that is shown', () => {
  const cases: [string[], string][] = [
    [['/bin/sh', '-c', 'npm run dev'], 'npm run dev'],
    [['node', 'a b', "it's"], "node 'a b' 'it'\\''s'"],
    [['x', '--token', 'abc', '--port', '80'], 'x --token ••• --port 80'],
    [['x', '--api-key=abc', 'PASSWORD=abc'], 'x --api-key=••• PASSWORD=•••'],
    [['sh', '-c', 'DB_PASSWORD="a b" run --secret \'x y\' --author me'], 'DB_PASSWORD=••• run --secret ••• --author me'],
    [
      ['curl', '-H', 'Authorization: Bearer abcdefghijkl', 'https://me:pw@host/x'],
      "curl -H 'Authorization: Bearer •••' https://me:•••@host/x",
    ],
    [['x', 'sk-abcdefghijklmnopqrst', 'ghp_abcdefghijklmnopqrstuvwx'], 'x ••• •••'],
    [['x', '--token', '--verbose'], 'x --token --verbose'],
    [['tokenize', 'passwords.txt'], 'tokenize passwords.txt'],
  ];
  for (const [argv, shown] of cases) it(shown, () => assert.equal(displayCommandLine(argv), shown));
});

describe('the mistakes of a file', () => {
  const cases: [what: string, text: string, mistakes: Record<string, string>, general: string | undefined][] = [
    ['are none where all is right', '{ "processes": { "a": { "command": "x" } } }', {}, undefined],
    [
      'are the first of each entry',
      '{ "processes": { "a": { "command": 5, "x": 1 }, "b": { "command": "x" }, "c!": { "command": "x" } }, "models": { "m": {} } }',
      { a: 'processes.a.command', 'c!': 'processes.c!: a name', m: 'models.m' },
      undefined,
    ],
    [
      'may belong to no entry',
      '{ "proceses": {}, "processes": { "a": { "command": "x" } } }',
      {},
      "processes.json: there is no key 'proceses'",
    ],
    ['may be of the whole file', '{ "processes": ', {}, 'Not valid JSON'],
    ['of an MCP server belong to no process', '{ "mcpServers": { "a": {} } }', {}, 'mcpServers.a'],
    ['are none where there is nothing at all', '', {}, undefined],
  ];
  for (const [what, text, expected, general] of cases)
    it(what, () => {
      const { mistakes, general: first } = parseProcesses(text);
      assert.deepEqual([...mistakes.keys()], Object.keys(expected));
      for (const [name, start] of Object.entries(expected))
        assert.ok(mistakes.get(name)?.message.startsWith(start), mistakes.get(name)?.message);
      if (general === undefined) assert.equal(first, undefined);
      else assert.ok(first?.message.startsWith(general), first?.message);
    });
});

describe('what a workspace already knows', () => {
  const files: Record<string, string> = {
    Procfile: '# comment\nweb: node server.js\nworker: node worker.js\nbroken line\n',
    'package.json': '{ "scripts": { "dev": "vite", "predev": "x", "web": "other", "test": "x" } }',
    '.vscode/tasks.json':
      '{ // comment\n "tasks": [{ "label": "Watch (ts)", "type": "shell", "command": "tsc", "args": ["-w"], "isBackground": true }, { "type": "npm" }] }',
  };

  it('is found, each name once', () => {
    assert.deepEqual(
      discoverProcesses(workspaceOf(files)).map(({ name, command, likely }) => [name, command, likely]),
      [
        ['web', 'node server.js', true],
        ['worker', 'node worker.js', true],
        ['dev', 'npm run dev', true],
        ['Watch -ts-', 'tsc -w', true],
        ['test', 'npm run test', false],
      ],
    );
  });

  it('becomes a file that is valid, with nothing in it too', () => {
    const found = discoverProcesses(workspaceOf(files));
    assert.deepEqual(parseProcesses(renderProcessesFile(found)).problems, []);
    assert.equal(parseProcesses(renderProcessesFile(found)).specs.size, found.length);
    assert.deepEqual(parseProcesses(renderProcessesFile([])).problems, []);
  });

  it('may be broken without harm', () =>
    assert.deepEqual(discoverProcesses(workspaceOf(Object.fromEntries(discoveredFiles.map((file) => [file, '{[}'])))), []));
});
