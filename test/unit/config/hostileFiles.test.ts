/** Hostile files: no reader throws, hangs, or takes more than its share of time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { discoverProcesses, renderProcessesFile } from '../../../src/config/import/discover.ts';
import type { System } from '../../../src/config/import/foundTask.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { maxTextBytes, readTextFile } from '../../../src/config/textFile.ts';
import { assertWithin, cpuMillisOf, mutationsOf, textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';
import { workspaceOf } from '../../support/workspaceFiles.ts';

const entry = '{ "command": "x" }';
const many = (count: number, value = entry): string =>
  `{ "processes": {\n${Array.from({ length: count }, (_, index) => `"n${index}": ${value}`).join(',\n')}\n} }`;

describe('a processes.json that is deep', () => {
  const deep: [string, string][] = [
    ['lists', '['.repeat(5000)],
    ['objects', '{"a":'.repeat(5000)],
    ['lists that are closed wrongly', '[},'.repeat(5000)],
    ['objects that are closed wrongly', '{"a":],'.repeat(5000)],
    ['closings before', `${']'.repeat(6000)}${'['.repeat(5000)}`],
    ['lists within a process', `{ "processes": { "a": { "command": ${'['.repeat(5000)}${']'.repeat(5000)} } } }`],
  ];
  for (const [what, text] of deep)
    it(`is refused with a sentence: ${what}`, () => assert.ok(parseProcesses(text).problems[0]?.message, what));

  it('says where', () => {
    const [problem] = parseProcesses(`{ "processes": {\n "a": ${'['.repeat(100)}`).problems;
    assert.deepEqual([problem?.line, problem?.message], [1, 'This is nested more than 64 levels deep; nothing that belongs here is.']);
  });
});

describe('a processes.json that is long', () => {
  it('is read whole, and says in which lines', () => {
    const text = `${'\n'.repeat(200_000)}${many(10_000)}`;
    const { specs, lines, problems } = parseProcesses(text);
    assert.deepEqual([problems.length, specs.size, lines.get('n9999')], [0, 10_000, 200_000 + 10_000]);
  });

  it('has its limits: of length, of entries, of mistakes, of what a message quotes', () => {
    const messagesOf = (text: string): string[] => parseProcesses(text).problems.map(({ message }) => message);
    assert.deepEqual(messagesOf(' '.repeat(maxTextBytes + 1)), ['The file is larger than 1 MB; none of it is read.']);
    assert.deepEqual(messagesOf(many(10_001)), ['processes: there are more than 10000; those from here on are left out']);
    assert.equal(messagesOf(many(5000, '5')).at(-1), 'There are 4000 more problems.');
    assert.ok(messagesOf(`[${','.repeat(100_000)}`).length <= 20);
    const [long = ''] = messagesOf(`{ "processes": { "${'x'.repeat(100_000)}!": ${entry} } }`);
    assert.ok(long.length < 600, `${long.length} characters`);
  });

  const growing: [string, (size: number) => string][] = [
    ['entries', (size) => many(size)],
    ['wrong entries', (size) => many(size, '5')],
    [
      'unknown keys',
      (size) => `{ "processes": { "a": { "command": "x", ${Array.from({ length: size }, (_, n) => `"u${n}": 1`).join()} } } }`,
    ],
    [
      'wrong variables',
      (size) => `{ "processes": { "a": { "command": "x", "env": { ${Array.from({ length: size }, (_, n) => `"V${n}": 1`).join()} } } } }`,
    ],
    ['lines', (size) => `${'\n'.repeat(size * 20)}{ "processes": {`],
    ['lines and entries', (size) => many(size).replaceAll('\n', () => '\n\n\n\n')],
    ['commas', (size) => `[${','.repeat(size * 20)}`],
    ['arguments', (size) => `{ "processes": { "a": { "command": [${'"a", '.repeat(size)}] } } }`],
    ['the same name', (size) => `{ "processes": { ${`"a": ${entry},`.repeat(size)} } }`],
    ['sections', (size) => `{ ${'"processes": { "a": 5 },'.repeat(size)} }`],
  ];
  for (const [what, write] of growing) {
    it(`takes ten times as long for ten times as much: ${what}`, () => {
      const [small, large] = [write(200), write(2000)];
      parseProcesses(small);
      const best = (text: string): number => Math.min(...Array.from({ length: 3 }, () => cpuMillisOf(() => parseProcesses(text))));
      const [few, more] = [best(small), best(large)];
      // A quadratic one would take a hundred times as long.
      assert.ok(more <= Math.max(few, 2) * 35, `${few} ms, then ${more} ms`);
    });
  }
});

describe('a file that an editor has saved', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-files-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  const text = '{ "processes": { "a": { "command": 5 } } }';
  const reading = (bytes: Buffer | string): string => {
    writeFileSync(path, bytes);
    return readTextFile(path);
  };

  it('may begin with a byte order mark, which moves nothing', () => {
    assert.equal(reading(`\uFEFF${text}`), text);
    assert.deepEqual(parseProcesses(`\uFEFF${text}`).problems, parseProcesses(text).problems);
    const files: Record<string, string> = {
      Procfile: '\uFEFFweb: x',
      'package.json': '\uFEFF{ "scripts": { "dev": "x" } }',
      '.vscode/tasks.json': '\uFEFF{ "tasks": [{ "label": "t", "type": "shell", "command": "x" }] }',
    };
    assert.deepEqual(
      discoverProcesses(workspaceOf(files)).map(({ name }) => name),
      ['web', 'dev', 't'],
    );
  });

  const refused: [string, () => Buffer | string, RegExp][] = [
    ['UTF-16', () => Buffer.from(`\uFEFF${text}`, 'utf16le'), /^it is encoded in UTF-16; save it as UTF-8$/],
    ['UTF-16, big end first', () => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), /^it is encoded in UTF-16; save it as UTF-8$/],
    ['UTF-16 without a mark', () => Buffer.from(text, 'utf16le'), /^it is encoded in UTF-16; save it as UTF-8$/],
    ['Latin 1', () => Buffer.from('# für alle', 'latin1'), /^it is not text in UTF-8; save it as UTF-8$/],
    ['too much of it', () => Buffer.alloc(maxTextBytes + 1, 'x'), /^it is larger than 1 MB$/],
  ];
  for (const [what, bytes, message] of refused)
    it(`is refused with a clause: ${what}`, () => assert.throws(() => reading(bytes()), { message }));

  it('may be absent, or no file', () => {
    assert.throws(() => readTextFile(join(folder, 'none')), { message: 'no such file or directory (ENOENT)', isMissing: true });
    assert.throws(() => readTextFile(folder), { message: /illegal operation on a directory \(EISDIR\)/, isMissing: false });
    assert.throws(() => readTextFile('/dev/zero'), { message: /^it is a pipe, a socket or a device, and not a regular file$/ });
  });

  it('may be a pipe, which is not waited for', () => {
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    assert.throws(() => readTextFile(pipe), { message: /^it is a pipe, a socket or a device, and not a regular file$/ });
  });
});

describe('any text', () => {
  const json = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u00',
    '//',
    '/*',
    '*/',
    '\n',
    '\r',
    ' ',
    '1',
    '-',
    '1e999',
    'null',
    'true',
    '\uFEFF',
    '\0',
  ];
  const keys = [
    '"processes":{',
    '"models":{',
    '"a":{',
    '"command":"x"',
    '"command":["x",""]',
    '"env":{',
    '"__proto__":',
    '"constructor":',
    '"ready":{',
  ];
  const values = [
    '"stop":["SIGINT","3s"]',
    '"limits":{"memory":"9"}',
    '"ready":{"log":"(a+)+$"}',
    '"runtime":"custom"',
    '"instances":1e9',
    '"priority":{"nice":5}',
  ];
  const declared = many(
    3,
    '{ "command": ["x", ""], "env": { "A": null }, "ready": { "tcp": 80 }, "limits": { "memory": "1g" }, "stop": "SIGINT" }',
  );
  const tasks =
    '{ "tasks": [{ "label": "a b", "type": "shell", "command": "x", "args": ["a b", { "value": "c", "quoting": "strong" }], "options": { "cwd": "x", "env": { "A": "b" } } }] }';
  const taskPieces = [
    '"tasks":[',
    '"label":"x"',
    '"type":"shell"',
    '"command":"x"',
    '"args":["',
    '"quoting":"weak"',
    '"options":{',
    '"linux":{',
    '"dependsOn":',
  ];

  const readers: [string, readonly string[], string, (text: string) => void][] = [
    ['processes.json', [...json, ...keys, ...values], declared, (text) => void parseProcesses(text)],
    ['tasks.json', [...json, ...taskPieces], tasks, (text) => discovered('.vscode/tasks.json', text)],
    ['tasks.json of Windows', [...json, ...taskPieces], tasks, (text) => discovered('.vscode/tasks.json', text, 'windows')],
    [
      'package.json',
      [...json, '"scripts":{', '"pre', '"dev":"x"', "it's"],
      '{ "scripts": { "dev": "x", "predev": "y" } }',
      (text) => discovered('package.json', text),
    ],
    [
      'Procfile',
      ['web', ':', ' ', '\n', '\r\n', '#', '$PORT', "'"],
      'web: node x\nworker: y $PORT\n',
      (text) => discovered('Procfile', text),
    ],
  ];
  for (const [what, pieces, valid, read] of readers) {
    it(`is read as ${what} without a crash, and soon`, () =>
      holdsFor(fc.oneof(textOf(pieces), mutationsOf(valid, pieces)), (text) => assertWithin(100, what, () => read(text))));
  }
});

/** What is found has to make a file that is valid. */
function discovered(name: string, text: string, system?: System): void {
  const found = discoverProcesses(workspaceOf({ [name]: text }), system);
  const { specs, problems } = parseProcesses(renderProcessesFile(found));
  assert.deepEqual([problems, specs.size], [[], found.length]);
}

describe('a file of another program with as many entries as it may hold', () => {
  const many = (entry: (number: number) => string, head = ''): string => {
    let text = head;
    for (let number = 0; text.length < 250_000; number++) text += entry(number);
    return text;
  };
  const cases: readonly (readonly [string, string])[] = [
    ['mise.toml', many((number) => `a${number}="x"\n`, '[tasks]\n')],
    ['mise.toml', many((number) => `[tasks.a${number}]\nrun="x"\n`)],
    ['mise.toml', many(() => '[[tasks]]\n')],
    ['Cargo.toml', many((number) => `[[bin]]\nname="a${number}"\n`, '[package]\nname="x"\n')],
    ['compose.yaml', many((number) => ` a${number}:\n`, 'services:\n')],
    ['compose.yaml', many((number) => ` a${number + 1}: &x${number + 1} [*x${number},*x${number}]\n`, 'services:\n a: &x0 1\n')],
    ['process-compose.yaml', many((number) => ` a${number}: {command: x}\n`, 'processes:\n')],
    ...['{{ ', '{{ "', '{{`', '{{if .A}}', '${', "'$A", 'trap ', 'echo  '].map(
      (part) => ['process-compose.yaml', `processes:\n a:\n  command: |\n   x${many(() => part)}`] as const,
    ),
    ['process-compose.yaml', `processes:\n a: ${many(() => '{')}`],
    ['compose.yaml', `services: ${many(() => '[')}`],
    [
      'process-compose.yaml',
      `${many((number) => `x${number},`, 'processes: {a: {command: x, watch: {paths: [{path: ".", exclude: [')}y]}]}}}`,
    ],
    ['ecosystem.config.json', `${many((number) => `{"name":"a${number}","script":"x"},`, '{"apps":[')}{}]}`],
    ['justfile', `a${' '.repeat(250_000)}`],
  ];
  for (const [name, text] of cases)
    it(`is read within two seconds: ${name}, ${JSON.stringify(text.slice(0, 40))}…`, () =>
      assertWithin(2000, name, () => discoverProcesses(workspaceOf({ [name]: text }))));
});
