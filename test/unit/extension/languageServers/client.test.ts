import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { BoundedReader } from '../../../../src/extension/languageServers/client/boundedReader.ts';
import { renameCommands } from '../../../../src/extension/languageServers/client/commandNames.ts';
import { documentFilters } from '../../../../src/extension/languageServers/client/documentFilters.ts';
import { introduction } from '../../../../src/extension/languageServers/client/introduction.ts';
import { MemoryBound, type MemorySample } from '../../../../src/extension/languageServers/client/memoryBound.ts';
import { writeLines } from '../../../../src/extension/languageServers/client/outputLines.ts';
import { RequestMeter } from '../../../../src/extension/languageServers/client/requestMeter.ts';
import { mergedSettings, nestedSettings, sectionOf } from '../../../../src/extension/languageServers/client/serverSettings.ts';
import { endedByItself } from '../../../../src/extension/languageServers/client/treeEnd.ts';

describe('a server that uses more memory than its bound', () => {
  const above: MemorySample = { memoryBytes: 101, outstanding: 0, quietMillis: 5000 };
  const cases: [string, Partial<MemorySample>[], boolean][] = [
    ['is not restarted at the first look', [{}], false],
    ['is restarted at the third', [{}, {}, {}], true],
    ['is not restarted for a peak', [{}, {}, { memoryBytes: 99 }, {}, {}], false],
    ['is not restarted while it is asked something', [{}, {}, {}, { outstanding: 1 }], false],
    ['is not restarted between two keys', [{}, {}, { quietMillis: 300 }], false],
    ['is restarted as soon as it is at rest', [{}, {}, { quietMillis: 300 }, { outstanding: 2 }, {}], true],
    ['is not restarted at its bound', [{}, {}, {}].map(() => ({ memoryBytes: 100 })), false],
  ];
  for (const [what, samples, expected] of cases) {
    it(what, () => {
      const bound = new MemoryBound(100);
      assert.equal(samples.map((sample) => bound.isTimeToRestart({ ...above, ...sample })).at(-1), expected);
    });
  }
});

describe('the requests to a server', () => {
  it('are counted over a minute, and while they are outstanding', async () => {
    let now = 0;
    const meter = new RequestMeter(() => now);
    let answer: (value: number) => void = () => undefined;
    const first = meter.count(() => new Promise<number>((resolve) => (answer = resolve)));
    await meter.count(() => Promise.resolve());
    await assert.rejects(meter.count(() => Promise.reject(new Error('no'))));
    now = 1000;
    assert.deepEqual([meter.perMinute, meter.outstanding, meter.quietMillis], [3, 1, 1000]);
    answer(7);
    assert.equal(await first, 7);
    assert.deepEqual([meter.outstanding, meter.quietMillis], [0, 0]);
    now = 70_000;
    assert.deepEqual([meter.perMinute, meter.quietMillis], [0, 69_000]);
  });

  it('that are held until there is news are not waited for', () => {
    let now = 0;
    const meter = new RequestMeter(() => now);
    void meter.count(() => new Promise(() => undefined));
    now = 60_001;
    assert.equal(meter.outstanding, 0);
  });
});

describe('the settings of a server', () => {
  const settings = { 'yaml.schemas': { a: 1 }, yaml: { validate: false }, other: [1] };
  const cases: [string | undefined, unknown][] = [
    ['yaml', { schemas: { a: 1 }, validate: false }],
    ['yaml.schemas', { a: 1 }],
    ['yaml.validate', false],
    ['yaml.no', undefined],
    ['other', [1]],
    ['constructor', undefined],
    ['yaml.__proto__', undefined],
  ];
  for (const [section, expected] of cases)
    it(`are found at ${section}`, () => assert.deepEqual(plain(sectionOf(settings, section)), expected));

  it('are all there without a section', () => assert.deepEqual(Object.keys(sectionOf(settings, undefined) as object), ['yaml', 'other']));

  it('stand above those of the editor', () => {
    assert.deepEqual(plain(mergedSettings({ a: { b: 1, c: 2 }, d: [1, 2] }, { a: { c: 3 }, d: [4] })), { a: { b: 1, c: 3 }, d: [4] });
    assert.equal(mergedSettings('below', undefined), 'below');
    assert.equal(mergedSettings(undefined, 'above'), 'above');
  });

  it('change no prototype, and are not nested without a bound', () => {
    nestedSettings(JSON.parse('{ "__proto__.polluted": 1, "constructor.prototype.polluted": 1 }'));
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    // It is written as JSON, which calls itself for each level.
    assert.match(JSON.stringify(nestedSettings({ ['a.'.repeat(100_000)]: 1 })), /^\{"a\.a/);
  });
});

/** With prototypes, for a comparison. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

describe('the version of a server', () => {
  const cases: [string, Parameters<typeof introduction>[1], string | undefined][] = [
    ['stands behind its name', { name: 'bash-ls', version: '1.2' }, 'bash-ls 1.2'],
    ['stands alone where its name is known', { name: 'shell', version: '1.2' }, '1.2'],
    ['stands alone where it has the name in it', { name: 'clangd', version: 'Debian clangd 14' }, 'Debian clangd 14'],
    ['may be missing', { name: 'bash-ls' }, 'bash-ls'],
    ['may be missing with the name', undefined, undefined],
    ['is of a bounded length', { name: 'x'.repeat(80) }, 'x'.repeat(50)],
  ];
  for (const [what, info, expected] of cases) it(what, () => assert.equal(introduction('shell', info), expected));
});

describe('the documents of a server', () => {
  const cases: [string, Parameters<typeof documentFilters>[0][number], boolean, object][] = [
    ['by language', 'typescript', true, { language: 'typescript', scheme: 'file' }],
    ['by language, in one of several folders', 'c++', false, { language: 'c++', scheme: 'file', pattern: '**', inFolder: true }],
    ['by pattern', '**/*.mjs', true, { scheme: 'file', pattern: '**/*.mjs' }],
    ['by pattern, in one of several folders', '**/*.mjs', false, { scheme: 'file', pattern: '**/*.mjs', inFolder: true }],
    ['by a pattern from the folder on', 'src/*.ts', true, { scheme: 'file', pattern: 'src/*.ts', inFolder: true }],
    ['by a whole path', { pattern: '/etc/*.conf' }, false, { scheme: 'file', pattern: '/etc/*.conf' }],
    ['of every language', '*', true, { language: '*', scheme: 'file' }],
    ['that are not saved', { language: 'sql', scheme: 'untitled' }, true, { language: 'sql', scheme: 'untitled' }],
  ];
  for (const [what, written, isOnlyFolder, expected] of cases)
    it(`are found ${what}`, () => assert.deepEqual(documentFilters([written], isOnlyFolder), [expected]));
});

describe('the commands of a server', () => {
  const names = new Map([['_a', 'x._a']]);
  const renamed = (method: string, value: unknown): unknown => {
    renameCommands(method, value, names);
    return value;
  };
  const cases: [string, string, unknown, unknown][] = [
    [
      'in actions',
      'textDocument/codeAction',
      [{ title: 't', command: '_a' }, { command: { command: '_a' } }],
      [{ title: 't', command: 'x._a' }, { command: { command: 'x._a' } }],
    ],
    [
      'in completions',
      'textDocument/completion',
      { items: [{ label: 'l', command: { command: '_a' } }] },
      { items: [{ label: 'l', command: { command: 'x._a' } }] },
    ],
    [
      'in hints',
      'textDocument/inlayHint',
      [{ label: [{ value: 'v', command: { command: '_a' } }] }],
      [{ label: [{ value: 'v', command: { command: 'x._a' } }] }],
    ],
    ['not where they are others', 'textDocument/codeLens', [{ command: { command: 'b' } }], [{ command: { command: 'b' } }]],
    ['not in other answers', 'textDocument/hover', { command: '_a' }, { command: '_a' }],
    ['not in none', 'codeLens/resolve', null, null],
  ];
  for (const [where, method, value, expected] of cases)
    it(`are renamed ${where}`, () => assert.deepEqual(renamed(method, value), expected));
});

describe('the end of a server', () => {
  const exit = { state: 'exited', code: 0, signal: null, reason: 'exited with code 0' } as const;
  const cases: [string, Parameters<typeof endedByItself>[0], Parameters<typeof endedByItself>[1], boolean][] = [
    ['that exits unasked is a crash', exit, {}, true],
    ['that fails is a crash', { ...exit, state: 'failed', code: null, signal: 'SIGSEGV', reason: 'ended by SIGSEGV' }, {}, true],
    [
      'with its warden is a crash',
      { ...exit, state: 'killed', code: null, reason: 'ended with the background process that guarded it' },
      undefined,
      true,
    ],
    [
      'at a limit is a crash',
      { ...exit, state: 'killed', code: null, signal: 'SIGKILL', reason: 'memory limit of 1 GB reached' },
      { limit: 'memory limit of 1 GB reached' },
      true,
    ],
    ['by a user is none', { ...exit, reason: 'stopped by the user' }, {}, false],
    ['by a user, at once, is none', { ...exit, state: 'killed', code: null, signal: 'SIGKILL', reason: 'killed by the user' }, {}, false],
  ];
  for (const [what, end, snapshot, expected] of cases) it(what, () => assert.equal(endedByItself(end, snapshot), expected));
});

describe('the messages of a server', () => {
  const messageOf = (text: string): string => {
    const content = JSON.stringify({ jsonrpc: '2.0', method: text });
    return `Content-Length: ${content.length}\r\n\r\n${content}`;
  };

  it('are read up to a size, beyond which its connection is closed', async () => {
    const stream = new PassThrough();
    const reader = new BoundedReader(stream, 200);
    const heard: string[] = [];
    const errors: string[] = [];
    reader.onError(({ message }) => errors.push(message));
    reader.listen((message) => heard.push((message as { method: string } & typeof message).method));
    for (const method of ['a', 'b', 'c', 'd', 'e', 'f']) {
      stream.write(messageOf(method));
      await new Promise(setImmediate);
    }
    assert.deepEqual([heard, errors], [['a', 'b', 'c', 'd', 'e', 'f'], []]);
    stream.write('Content-Length: 1000000\r\n\r\n{');
    stream.write('x'.repeat(300));
    await new Promise(setImmediate);
    assert.deepEqual([heard.length, errors, stream.destroyed], [6, ['The server sent a message of more than 200 B.'], true]);
  });
});

describe('what a server writes to stderr', () => {
  it('is written line by line, in pieces of a bounded length', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    writeLines(stream, { info: (line: string) => void lines.push(line) });
    stream.write('one\r\ntw');
    stream.write('o\n');
    stream.write('x'.repeat(25_000));
    stream.end();
    await new Promise((resolve) => stream.once('close', resolve));
    assert.deepEqual(
      lines.map((line) => (line.length > 10 ? line.length : line)),
      ['one', 'two', 10_000, 10_000, 5000],
    );
  });
});
