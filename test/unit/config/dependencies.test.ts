import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declarationOf } from '../../../src/config/declarations.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

/** What is declared, with `command` where that is left out. */
function parse(processes: Record<string, object>, before?: ReturnType<typeof parseProcesses>) {
  const written = Object.entries(processes).map(([name, spec]) => [name, { command: 'true', ...spec }]);
  return parseProcesses(JSON.stringify({ processes: Object.fromEntries(written) }, undefined, 1), before);
}

describe('dependsOn', () => {
  it('is a list of names that are to be ready, or says for each what is waited for', () => {
    const { specs, problems } = parse({
      a: { dependsOn: ['b', 'b'] },
      b: { dependsOn: { c: 'succeeded', d: { restart: true }, e: { condition: 'ended', restart: false } } },
      ...{ c: {}, d: {}, e: {} },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(specs.get('a')?.dependsOn, [{ name: 'b', condition: 'ready' }]);
    assert.deepEqual(specs.get('b')?.dependsOn, [
      { name: 'c', condition: 'succeeded' },
      { name: 'd', condition: 'ready', restart: true },
      { name: 'e', condition: 'ended' },
    ]);
  });

  it('compares names as names, however their letters are written', () => {
    const [composed, apart] = ['caf\u00e9', 'cafe\u0301'];
    const { specs, problems } = parse({ [apart]: {}, a: { dependsOn: [apart, composed] }, b: { dependsOn: { [apart]: 'started' } } });
    assert.deepEqual(problems, []);
    assert.deepEqual(specs.get('a')?.dependsOn, [{ name: composed, condition: 'ready' }]);
    assert.deepEqual(specs.get('b')?.dependsOn, [{ name: composed, condition: 'started' }]);
  });

  it('takes names that objects of JavaScript have, and says where one cannot be a key', () => {
    const odd = ['constructor', 'toString', 'hasOwnProperty'];
    const { specs, problems } = parse({ ...Object.fromEntries(odd.map((name) => [name, {}])), a: { dependsOn: odd } });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      specs.get('a')?.dependsOn?.map(({ name }) => name),
      odd,
    );
    for (const lost of ['"dependsOn": { "__proto__": "started" }', '"env": { "__proto__": "x" }', '"__proto__": { "instances": 2 }']) {
      const parsed = parseProcesses(`{ "processes": { "__proto__": { "command": "a" }, "b": { "command": "b", ${lost} } } }`);
      assert.deepEqual(
        parsed.problems.map(({ message }) => message),
        ["processes.b: there cannot be a key '__proto__' here"],
      );
      assert.deepEqual([...parsed.specs.keys()], ['__proto__']);
    }
  });

  const mistakes: readonly (readonly [string, Record<string, object>, readonly string[]])[] = [
    [
      'a name that is not there',
      { api: { dependsOn: ['dbb'] }, db: {} },
      ['processes.api.dependsOn.dbb: there is no process \'dbb\'. Did you mean "db"?'],
    ],
    ['itself', { api: { dependsOn: ['api'] } }, ['processes.api.dependsOn.api: a process cannot depend on itself']],
    [
      'a circle',
      { a: { dependsOn: ['b'] }, b: { dependsOn: { c: 'started' } }, c: { dependsOn: ['a'] }, d: { dependsOn: ['a'] } },
      ['processes.c.dependsOn.a: the dependencies form a circle: a → b → c → a'],
    ],
    [
      'an end that never comes',
      { api: { dependsOn: { db: 'succeeded' } }, db: { restart: { when: 'always' } } },
      ['processes.api.dependsOn.db: \'db\' never ends for good: it has "restart": "always"'],
    ],
    [
      'a process that lives on',
      { api: { dependsOn: ['db'] }, db: { lifetime: 'detached' } },
      [
        'processes.api.dependsOn.db: \'db\' has another lifetime ("detached"); a process can only wait for one that lives as long as it does',
      ],
    ],
    [
      'an unknown condition',
      { api: { dependsOn: { db: 'healthy' } }, db: {} },
      ['processes.api.dependsOn.db: must be "started", "ready", "succeeded" or "ended", or an object with one of them as "condition"'],
    ],
  ];
  for (const [what, processes, messages] of mistakes)
    it(`on ${what} is a mistake at its place`, () => {
      const { problems, specs, mistakes: byName } = parse(processes);
      assert.deepEqual(
        problems.map(({ message }) => message),
        messages,
      );
      const name = messages[0]?.split('.')[1] ?? '';
      assert.ok(byName.has(name));
      assert.ok(!specs.has(name));
      assert.equal(specs.size, Object.keys(processes).length - 1, 'the others can be used');
    });

  const withModel = (dependsOn: unknown, more: object = {}) =>
    parseProcesses(
      JSON.stringify({
        processes: { web: { command: 'true', dependsOn, ...more } },
        models: { coder: { runtime: 'custom', command: ['serve', '${port}'] }, broken: {} },
      }),
    );

  it('may name a model, which is loaded for it', () => {
    const { specs } = withModel({ 'model:coder': 'ready', 'model:broken': 'started' });
    assert.deepEqual(specs.get('web')?.dependsOn, [
      { name: 'model:coder', condition: 'ready' },
      { name: 'model:broken', condition: 'started' },
    ]);
  });

  it('means a process where one is called like that', () => {
    const both = { web: { dependsOn: { 'model:coder': 'succeeded' } }, 'model:coder': {} };
    assert.deepEqual(parse(both).problems, []);
  });

  const mistakesOnModels: readonly (readonly [string, unknown, object, string])[] = [
    ['without its prefix', ['coder'], {}, `coder: there is no process 'coder'. The model is "model:coder"`],
    [
      'that is not there',
      ['model:code'],
      {},
      `model:code: there is no model 'code' in the workspace's own processes.json. Did you mean "model:coder"?`,
    ],
    ['that is to end', { 'model:coder': 'ended' }, {}, 'model:coder: a model can be "started" or "ready"; it never is "ended"'],
    ['that is to succeed', { 'model:coder': 'succeeded' }, {}, 'model:coder: a model can be "started" or "ready"; it never is "succeeded"'],
    [
      'with a restart',
      { 'model:coder': { restart: true } },
      {},
      'model:coder: a model answers at the same address after each load: there is nothing to restart for',
    ],
    [
      'of a process that outlives it',
      ['model:coder'],
      { lifetime: 'detached' },
      'model:coder: a detached process cannot wait for a model: that ends with the window, or the command, that serves it',
    ],
  ];
  for (const [what, dependsOn, more, message] of mistakesOnModels)
    it(`on a model ${what} is a mistake`, () => {
      const { problems, mistakes: byName } = withModel(dependsOn, more);
      assert.ok(
        problems.some((one) => one.message === `processes.web.dependsOn.${message}`),
        JSON.stringify(problems),
      );
      assert.ok(byName.has('web'));
    });

  it('that is a mistake leaves what was declared before', () => {
    const before = parse({ api: { dependsOn: ['db'] }, db: {} });
    const { specs } = parse({ api: { dependsOn: ['dbb'] }, db: {} }, before);
    assert.deepEqual(specs.get('api'), before.specs.get('api'));
  });

  it('on an entry with a mistake of its own is no further mistake', () => {
    assert.equal(parse({ api: { dependsOn: ['db'] }, db: { nothing: true } }).problems.length, 1);
  });

  it('of ten thousand processes is checked in the time that reading them takes', () => {
    const processes = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, number) => [`p${number}`, { dependsOn: [number === 0 ? 'q' : `p${number - 1}`, 'nothing'] }]),
    );
    const { problems } = parse(processes);
    assert.equal(problems.length, 1001, 'and the rest is counted');
  });

  it('in one circle of ten thousand is found', () => {
    const processes = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, number) => [`p${number}`, { dependsOn: [`p${(number + 1) % 10_000}`] }]),
    );
    const { problems } = parse(processes);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['processes.p9999.dependsOn.p0: the dependencies form a circle: p0 → p1 → p2 → p3 → p4 → … → p9996 → p9997 → p9998 → p9999 → p0'],
    );
  });

  it('names other processes of its file, whatever they are called in the window', async () => {
    const { specs } = parse({ api: { dependsOn: { db: { restart: true } } }, db: {} });
    const api = specs.get('api') ?? assert.fail();
    const context = { workspaceFolder: '/w', env: {}, processName: (name: string) => `backend/${name}` };
    const { dependsOn } = await declarationOf('backend/api', api, context);
    assert.deepEqual(dependsOn, [{ name: 'backend/db', condition: 'ready', restart: true }]);
  });
});
