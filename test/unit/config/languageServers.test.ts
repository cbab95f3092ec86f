import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { languageServerCommand } from '../../../src/config/languageServerCommand.ts';
import type { LanguageServerSpec } from '../../../src/config/languageServerSchema.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

const parse = (entry: object): ReturnType<typeof parseProcesses> => parseProcesses(JSON.stringify({ languageServers: { ls: entry } }));
const specOf = (entry: object): LanguageServerSpec => {
  const { languageServers, problems } = parse(entry);
  assert.deepEqual(problems, []);
  return languageServers.get('ls') ?? assert.fail('it is read');
};
const least = { command: ['ls'], documentSelector: ['typescript'] };

describe('languageServers in processes.json', () => {
  const accepted: [string, object][] = [
    ['languages', {}],
    ['patterns', { documentSelector: ['**/*.mjs'] }],
    ['filters', { documentSelector: [{ language: 'json', scheme: 'untitled', pattern: 'config/**' }] }],
    ['a line for the shell', { command: 'ls --stdio' }],
    ['a transport', { transport: 'socket' }],
    ['options of any shape', { initializationOptions: [1, { a: null }] }],
    ['sections, and settings', { configuration: ['yaml'], settings: { 'yaml.validate': false } }],
    ['a trace', { trace: 'verbose' }],
    ['a start', { autoStart: false }],
    ['limits', { limits: { memory: '2g', processes: 10 }, onLimit: 'kill' }],
    ['no restart', { restart: false }],
    ['a restart', { restart: { maxCrashes: 2, window: '1m', aboveMemory: '1g' } }],
    ['an environment', { env: { A: '1', B: null }, envFile: ['.env'], cwd: 'server' }],
  ];
  for (const [what, change] of accepted) it(`may have ${what}`, () => assert.deepEqual(parse({ ...least, ...change }).problems, []));

  const refused: [string, object, RegExp][] = [
    ['no command', { command: undefined }, /^languageServers\.ls\.command: must be a line for the shell/],
    ['no documents', { documentSelector: undefined }, /^languageServers\.ls\.documentSelector: must be a list$/],
    ['an empty list of documents', { documentSelector: [] }, /documentSelector: must name a language or a pattern$/],
    ['a filter of nothing', { documentSelector: [{}] }, /documentSelector\.0: must name a language or a pattern$/],
    ['too many filters', { documentSelector: Array(101).fill('a') }, /must have at most 100 entries/],
    ['a transport that there is not', { transport: 'ipc' }, /languageServers\.ls\.transport/],
    ['a key of a process', { pty: true }, /there is no key 'pty'; known are command, documentSelector, cwd, env/],
    ['a restart policy of a process', { restart: 'always' }, /languageServers\.ls\.restart: must be false, or an object/],
    ['no crash at all', { restart: { maxCrashes: 0 } }, /maxCrashes: must be at least 1/],
    ['a size that is none', { restart: { aboveMemory: 'much' } }, /aboveMemory: 'much'/],
    ['settings that are a list', { settings: [] }, /settings: must be an object/],
  ];
  for (const [what, change, message] of refused) {
    it(`must not have ${what}`, () => {
      const { languageServers, problems } = parse({ ...least, ...change });
      assert.equal(languageServers.size, 0);
      assert.match(problems.map((problem) => problem.message).join('\n'), message);
    });
  }

  it('may have the name of a process, and is found at its own line', () => {
    const text = `{ "processes": { "a": { "command": "x" } },\n "languageServers": {\n "a": ${JSON.stringify(least)} } }`;
    const { problems, lines, languageServerLines } = parseProcesses(text);
    assert.deepEqual([problems, lines.get('a'), languageServerLines.get('a')], [[], 0, 2]);
  });
});

describe('the command of a language server', () => {
  const context = { workspaceFolder: '/project', env: { TOKEN: 'secret' } };
  const pipe = { kind: 'pipe', value: '/run/a.sock' } as const;

  it('is what was written, with its variables filled in', async () => {
    const spec = specOf({
      ...least,
      command: ['${workspaceFolder}/ls', '--stdio'],
      env: { KEY: '${env:TOKEN}' },
      initializationOptions: { path: ['${workspaceFolder}/lib', 3] },
      settings: { 'ls.root': '${workspaceFolder}' },
    });
    assert.deepEqual(await languageServerCommand('ls', spec, context), {
      command: ['/project/ls', '--stdio'],
      cwd: '/project',
      env: { KEY: 'secret' },
      initializationOptions: { path: ['/project/lib', 3] },
      settings: { 'ls.root': '/project' },
    });
  });

  const addressed: [string, string | string[], string[]][] = [
    ['at its end', ['ls', 'serve'], ['ls', 'serve', '--pipe=/run/a.sock']],
    ['where it says so', ['ls', '--at', '${pipe}', '-v'], ['ls', '--at', '/run/a.sock', '-v']],
    ['at the end of its line', 'ls serve', ['/bin/sh', '-c', 'ls serve "--pipe=/run/a.sock"']],
  ];
  for (const [where, command, expected] of addressed) {
    it(`has the address ${where}`, async () =>
      assert.deepEqual((await languageServerCommand('ls', specOf({ ...least, command }), context, pipe)).command, expected));
  }

  it('is refused where it names a port or a variable that is not set', async () => {
    await assert.rejects(
      languageServerCommand('ls', specOf({ ...least, command: ['ls', '${port:a}'] }), context),
      /\$\{port:a\} cannot be used/,
    );
    await assert.rejects(languageServerCommand('ls', specOf({ ...least, settings: { a: '${env:NO}' } }), context), /NO is not set/);
  });
});
