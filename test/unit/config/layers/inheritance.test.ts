/** What a process takes over from its file, from another process, and from the system that it runs on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { settingKey } from '../../../../src/config/layers/settingKey.ts';
import { mergedKeys, mergeSettings, objectFrom, type Setting, type Settings } from '../../../../src/config/layers/settings.ts';
import { parseProcesses } from '../../../../src/config/parseProcesses.ts';
import { processSpecSchema } from '../../../../src/config/processSchema.ts';
import { holdsFor } from '../../../support/property.ts';
import { problemsOf, readOwn, resolved } from './files.ts';

describe('what all processes of a file have', () => {
  it('is below what a process has itself', async () => {
    const parsed = readOwn({
      env: { A: 'shared', B: 'shared', C: 'shared' },
      defaults: { cwd: 'src', restart: 'on-failure', limits: { memory: '1g', processes: 5 } },
      processes: {
        a: { command: 'a', env: { B: 'own', C: null }, limits: { memory: '2g' } },
        b: { command: 'b', cwd: 'other', restart: 'never', limits: null },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual(await resolved(parsed, 'a'), { command: 'a', cwd: '/repo/web/src', env: { A: 'shared', B: 'own', C: null } });
    const [a, b] = [parsed.specs.get('a'), parsed.specs.get('b')];
    assert.deepEqual([a?.restart, a?.limits], ['on-failure', { memory: 2 ** 31, processes: 5 }]);
    assert.deepEqual([b?.cwd, b?.restart, b?.limits], ['other', 'never', undefined]);
  });

  it('is a mistake once, which all processes of the file have', () => {
    const before = readOwn({ processes: { a: { command: 'a' } } });
    const text = JSON.stringify({ defaults: { restart: 'sometimes' }, processes: { a: { command: 'x' }, b: { command: 'b' } } });
    const parsed = parseProcesses(text, before);
    assert.equal(parsed.problems.length, 1);
    assert.match(parsed.problems[0]?.message ?? '', /^defaults\.restart: must be "never"/);
    assert.deepEqual([...parsed.mistakes.keys()], ['a', 'b']);
    assert.deepEqual([parsed.specs.get('a')?.command, parsed.specs.get('b')], ['a', undefined], 'none runs without its defaults');
  });

  it('has no command, and its environment beside it', () => {
    assert.match(problemsOf(readOwn({ defaults: { env: {} }, processes: {} }))[0] ?? '', /defaults: there is no key 'env'/);
    assert.match(problemsOf(readOwn({ defaults: { command: 'x' }, processes: {} }))[0] ?? '', /defaults: there is no key 'command'/);
  });
});

describe('extends', () => {
  it('takes over all that a process does not have itself', async () => {
    const parsed = readOwn({
      processes: {
        base: { command: 'node', cwd: 'a', env: { A: '1', B: '1' }, ready: { tcp: 1 }, dependsOn: ['db'], description: 'base' },
        middle: { extends: 'base', env: { B: '2', C: '2' }, ready: { log: 'up' } },
        top: { extends: 'middle', command: 'deno', env: { C: '3' }, dependsOn: null },
        db: { command: 'db' },
      },
    });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual(await resolved(parsed, 'top'), { command: 'deno', cwd: '/repo/web/a', env: { A: '1', B: '2', C: '3' } });
    const { ready, dependsOn, description } = parsed.specs.get('top') ?? {};
    assert.deepEqual([ready, dependsOn, description], [{ log: 'up' }, undefined, 'base']);
  });

  it('takes a template that is never started', () => {
    const parsed = readOwn({ processes: { base: { disabled: true, cwd: 'a' }, web: { extends: 'base', command: 'x' } } });
    assert.deepEqual(problemsOf(parsed), []);
    assert.deepEqual([...parsed.specs.keys()], ['web']);
    assert.equal(parsed.specs.get('web')?.cwd, 'a');
  });

  const mistakes: readonly (readonly [string, Record<string, object>, readonly string[]])[] = [
    [
      'an unknown name',
      { a: { extends: 'bse' }, base: { command: 'x' } },
      ['processes.a.extends: there is no process \'bse\'. Did you mean "base"?'],
    ],
    ['itself', { a: { extends: 'a', command: 'x' } }, ['processes.a.extends: a process cannot extend itself']],
    [
      'a circle',
      { a: { extends: 'b', command: 'x' }, b: { extends: 'c', command: 'x' }, c: { extends: 'a', command: 'x' } },
      ['processes.c.extends: the processes extend each other in a circle: a → b → c → a'],
    ],
    [
      'a process without a command',
      { a: { extends: 'b' }, b: { disabled: true } },
      ['processes.a: there is no "command", neither here nor in what it inherits'],
    ],
  ];
  for (const [what, processes, messages] of mistakes)
    it(`of ${what} is a mistake`, () => {
      const { problems, specs, mistakes: byName } = readOwn({ processes });
      assert.deepEqual(problems.map(({ message }) => message).slice(0, 1), messages);
      assert.ok(byName.has('a') && !specs.has('a'));
    });

  it('more than 32 times in a row is a mistake', () => {
    const chain = (length: number): object =>
      Object.fromEntries(Array.from({ length }, (_, at) => [`p${at}`, at === 0 ? { command: 'x' } : { extends: `p${at - 1}` }]));
    assert.deepEqual(readOwn({ processes: chain(33) }).problems, []);
    assert.match(problemsOf(readOwn({ processes: chain(34) }))[0] ?? '', /p1\.extends: .* more than 32 times in a row$/);
  });

  it('of a process with a mistake is no further mistake, and is as it was before', () => {
    const file = (more: object): string => JSON.stringify({ processes: { base: { command: 'x', ...more }, web: { extends: 'base' } } });
    const before = parseProcesses(file({ cwd: 'a' }));
    const parsed = parseProcesses(file({ cwd: 5 }), before);
    assert.equal(parsed.problems.length, 1);
    assert.deepEqual([...parsed.mistakes.keys()], ['base', 'web']);
    assert.equal(parsed.specs.get('web')?.cwd, 'a');
  });
});

describe('values for one system', () => {
  const processes = {
    web: {
      command: 'x',
      env: { A: '1', B: '1' },
      windows: { command: 'x.cmd', env: { B: '2' } },
      osx: { cwd: 'mac', ready: null },
      ready: { tcp: 1 },
    },
    service: { linux: { command: 'systemctl' }, windows: { disabled: true } },
  };

  it('are above those beside them', async () => {
    assert.deepEqual(await resolved(readOwn({ processes }, undefined, 'linux'), 'web'), {
      command: 'x',
      cwd: '/repo/web',
      env: { A: '1', B: '1' },
    });
    const windows = readOwn({ processes }, undefined, 'windows');
    assert.deepEqual(problemsOf(windows), []);
    assert.deepEqual(await resolved(windows, 'web'), { command: 'x.cmd', cwd: '/repo/web', env: { A: '1', B: '2' } });
    assert.ok(!windows.specs.has('service') && windows.disabled.has('service'));
  });

  it('may leave one system without a command, which is said', () => {
    const parsed = readOwn({ processes }, undefined, 'osx');
    assert.deepEqual(problemsOf(parsed), [
      '.vscode/processes.json:23 processes.service: there is no "command" for this system; add one, or "osx": { "disabled": true }',
    ]);
    assert.deepEqual([parsed.specs.get('web')?.cwd, parsed.specs.get('web')?.ready], ['mac', undefined]);
  });

  it('are checked on every system', () => {
    assert.match(problemsOf(readOwn({ processes: { a: { command: 'x', windows: { cwd: 5 } } } }))[0] ?? '', /processes\.a\.windows\.cwd: /);
  });

  it('of the base are below those of the process that extends it', () => {
    const inherited = { base: { command: 'a', linux: { command: 'b' } }, web: { extends: 'base', command: 'c' } };
    assert.equal(readOwn({ processes: inherited }).specs.get('web')?.command, 'c');
  });
});

describe('layers of settings', () => {
  const keys = ['cwd', 'restart', 'limits', ...['A', 'B'].map((name) => settingKey('env', name)), settingKey('limits', 'memory')];
  const setting = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }).map((value) => ({ value }) as unknown as Setting);
  // An object that is merged key by key is only ever taken back as a whole.
  const layers = fc
    .dictionary(fc.constantFrom(...keys), setting)
    .map((made): Settings => new Map(Object.entries(made).filter(([key, { value }]) => !mergedKeys.includes(key) || value === undefined)));

  it('make the same in whichever order they are merged', async () => {
    await holdsFor(fc.tuple(layers, layers, layers), ([a, b, c]) => {
      const left = objectFrom(mergeSettings(mergeSettings(a, b), c));
      assert.deepEqual(objectFrom(mergeSettings(a, mergeSettings(b, c))), left);
      assert.deepEqual(objectFrom(mergeSettings(a, new Map())), objectFrom(a));
      assert.deepEqual(objectFrom(mergeSettings(new Map(), a)), objectFrom(a));
    });
  });

  it('of a file without any are what the schema of a process reads', async () => {
    const process = fc.record(
      {
        command: fc.constantFrom('a', ['b', '']),
        cwd: fc.constantFrom('x', '/y'),
        env: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('1', null)),
        limits: fc.constantFrom({}, { memory: '1g' }),
        stop: fc.constantFrom('SIGINT', ['SIGINT', '1s']),
        instances: fc.integer({ min: 1, max: 3 }),
        restart: fc.constantFrom('always', { when: 'on-failure', delay: '2s' }),
      },
      { requiredKeys: ['command'] },
    );
    await holdsFor(fc.dictionary(fc.constantFrom('a', 'b', 'c'), process), (processes) => {
      const { specs, problems } = parseProcesses(JSON.stringify({ processes }));
      assert.deepEqual(problems, []);
      for (const [name, written] of Object.entries(processes)) assert.deepEqual(specs.get(name), processSpecSchema.parse(written));
    });
  });
});
