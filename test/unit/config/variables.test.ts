import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveSpec } from '../../../src/config/resolveSpec.ts';
import { fillVariables, type Variables } from '../../../src/config/variables.ts';
import { startRequest } from '../../../src/warden/models/startRequest.ts';
import { resolveServed } from '../../support/models.ts';
import { holdsFor } from '../../support/property.ts';

/** What a replacement string, a second pass or a template further on would make something else of. */
const treacherous = ['$&', '$$', '$1', "$'", '$`', '${port}', '${port:zzz}', '${env:OTHER}', '${name}', '${model}', '${workspaceFolder}'];
const value = fc
  .array(fc.oneof(fc.constantFrom(...treacherous), fc.string({ maxLength: 4 })))
  .map((parts) => parts.join('').replaceAll('\0', ''));

function contextOf(given: Partial<Variables>): Variables & { readonly ports: string[] } {
  const ports: string[] = [];
  const portFor = (name: string): Promise<number> => Promise.resolve(ports.push(name) + 2999);
  return { workspaceFolder: '/w', env: {}, portFor, ports, ...given };
}

describe('a variable', () => {
  const cases: [string, string, Partial<Variables>, string][] = [
    ['a folder', '${workspaceFolder}/x', { workspaceFolder: '/a $& b' }, '/a $& b/x'],
    ['a value that looks like a variable', '${env:X}', { env: { X: '${port:zzz}' } }, '${port:zzz}'],
    ['a folder that looks like a variable', '${workspaceFolder}', { workspaceFolder: '/${instance}' }, '/${instance}'],
    ['a port, twice', '${port:a} ${port:a}', {}, '3000 3000'],
    ['two of them that touch', '${instance}${instance}', { instance: 2 }, '22'],
    ['the name of one within another', '${env:${env:X}}', { env: { X: 'Y' } }, '${env:Y}'],
  ];
  for (const [what, text, given, filled] of cases)
    it(`is replaced by its value as it is: ${what}`, async () => assert.equal(await fillVariables(text, contextOf(given)), filled));

  it('of a shell, or of no name, stays', async () => {
    for (const text of ['$HOME', '${HOME}', '${HOME:-x}', '${}', '${env:}', '${port:', '$', '${constructor}'])
      assert.equal(await fillVariables(text, contextOf({})), text);
  });

  it('that is not set is an error, also where every object has such a name', async () => {
    for (const name of ['NOPE', 'constructor', '__proto__'])
      await assert.rejects(fillVariables(`\${env:${name}}`, contextOf({})), {
        message: new RegExp(`environment variable ${name} is not set`),
      });
  });

  it('is filled in once, whatever its value holds', () =>
    holdsFor(fc.tuple(value, value), async ([folder, own]) => {
      const context = contextOf({ workspaceFolder: `/${folder}`, env: { X: own, OTHER: 'other' } });
      const spec = {
        command: ['serve', '${workspaceFolder}', '<${env:X}>'],
        env: { V: '${env:X}${workspaceFolder}' },
        ready: { exec: ['${env:X}'] },
      } as never;
      const { argv, env, ready } = await resolveSpec('a', spec, context);
      assert.deepEqual(argv, ['serve', `/${folder}`, `<${own}>`]);
      assert.deepEqual(env, { V: `${own}/${folder}` });
      assert.deepEqual(ready?.check, { by: 'exec', argv: [own] });
      assert.deepEqual(context.ports, []);
    }));
});

describe('a variable of a model', () => {
  const root = mkdtempSync(join(tmpdir(), 'tw-variables-'));
  after(() => rmSync(root, { recursive: true }));
  const command = ['serve', '${workspaceFolder}', '${env:X}', '${model}', '${name}:${port}'];
  const text = JSON.stringify({
    models: { m: { runtime: 'custom', model: '${env:X}', command, cwd: 'sub', env: { V: '${env:X}:${port}' } } },
  });

  it('is filled in once, up to the port of each of its servers', () =>
    holdsFor(fc.tuple(value, value), async ([folder, own]) => {
      // A path, or what looks like one, would be looked for.
      const plain = own.replaceAll(/[~./]/g, '_');
      const context = contextOf({ workspaceFolder: `/nowhere/${folder}`, env: { X: plain } });
      const spec = parseProcesses(text).models.get('m');
      assert.ok(spec);
      const { argv, env, cwd } = startRequest(await resolveServed('m', spec, context), 1, 4321);
      assert.deepEqual(argv, ['serve', `/nowhere/${folder}`, plain, plain, 'm:4321']);
      assert.equal(env['V'], `${plain}:4321`);
      assert.ok(!cwd.includes('\0'));
      assert.deepEqual(context.ports, []);
    }));

  it('may be the path of a file with any name', async () => {
    const folder = join(root, 'a $& ${port}');
    mkdirSync(folder);
    writeFileSync(join(folder, '${name}.gguf'), '');
    const [spec] = parseProcesses(
      JSON.stringify({ models: { m: { runtime: 'llama.cpp', model: '${workspaceFolder}/${name}.gguf' } } }),
    ).models.values();
    assert.ok(spec);
    const { argv } = startRequest(await resolveServed('m', spec, contextOf({ workspaceFolder: folder })), 1, 4321);
    assert.equal(argv.at(-1), join(folder, '${name}.gguf'));
  });
});

describe('a list of a program and its arguments', () => {
  const entries: [string, (list: unknown) => object, (parsed: ReturnType<typeof parseProcesses>) => unknown][] = [
    ['of a process', (command) => ({ processes: { a: { command } } }), ({ specs }) => specs.get('a')?.command],
    ['of a probe', (exec) => ({ processes: { a: { command: 'x', ready: { exec } } } }), ({ specs }) => specs.get('a')?.ready?.exec],
    [
      'of a model',
      (command) => ({ models: { a: { runtime: 'custom', command, args: ['${port}'] } } }),
      ({ models }) => models.get('a')?.command,
    ],
  ];
  for (const [what, write, read] of entries) {
    it(`${what} may hold arguments that are empty`, () => {
      for (const list of [
        ['redis-server', '--save', ''],
        ['x', '', ''],
        ['x', '', 'y'],
      ]) {
        const parsed = parseProcesses(JSON.stringify(write(list)));
        assert.deepEqual(parsed.problems, []);
        assert.deepEqual(read(parsed), list);
      }
    });

    it(`${what} has a program, and nothing that no system can pass on`, () => {
      for (const list of [[''], ['', 'x'], [], ['x', 'a\0b'], ['a\0b'], ['x', 5], ['x', null]])
        assert.equal(parseProcesses(JSON.stringify(write(list))).problems.length, 1, JSON.stringify(list));
    });
  }

  it('of a model may hold further arguments that are empty', () =>
    assert.deepEqual(parseProcesses('{ "models": { "a": { "runtime": "vllm", "model": "x", "args": ["--x", ""] } } }').problems, []));
});
