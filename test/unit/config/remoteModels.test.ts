import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveClientKeys } from '../../../src/config/clientKeys.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveModel } from '../../../src/config/resolveModel.ts';
import type { ClientKey, ModelRequest } from '../../../src/protocol/models.ts';

const valid = { runtime: 'remote', url: 'https://api.example.com/v1', model: 'gpt-x', key: '${secret:EXAMPLE}' };
const secret = 'sk-very-secret-0123456789';

function problemsOf(models: Record<string, object>): readonly string[] {
  return parseProcesses(JSON.stringify({ models })).problems.map(({ message }) => message);
}

async function resolved(
  keys: object = {},
  secrets: Readonly<Record<string, string>> = { EXAMPLE: secret },
  folder = '/w',
): Promise<ModelRequest> {
  const { models, problems } = parseProcesses(JSON.stringify({ models: { gpt: { ...valid, ...keys } } }));
  const spec = models.get('gpt') ?? assert.fail(JSON.stringify(problems));
  const context = { workspaceFolder: folder, env: { KEY: secret, HOST: 'api.example.org' }, portFor: () => Promise.resolve(1) };
  return await resolveModel('gpt', spec, { ...context, secretOf: (name) => Promise.resolve(secrets[name]) });
}

describe('a remote model', () => {
  it('is an address, a name and a key, and starts nothing', async () => {
    const { remote, start, upstreamName, runtime, budget, fallback, maxQueue } = await resolved();
    assert.deepEqual(remote, { url: 'https://api.example.com/v1', api: 'openai', key: secret, timeoutMillis: 600_000 });
    assert.deepEqual([start, upstreamName, runtime, budget, fallback, maxQueue], [undefined, 'gpt-x', 'remote', undefined, undefined, 100]);
  });

  it('may need no key, and may have one of another kind', async () => {
    assert.deepEqual((await resolved({ key: undefined, url: 'http://127.0.0.1:8080/' })).remote, {
      url: 'http://127.0.0.1:8080',
      api: 'openai',
      timeoutMillis: 600_000,
    });
    const { remote } = await resolved({ key: '${env:KEY}', api: 'anthropic', timeout: '30s', url: 'https://${env:HOST}/v1/' });
    assert.deepEqual(remote, { url: 'https://api.example.org/v1', api: 'anthropic', key: secret, timeoutMillis: 30_000 });
  });

  it('whose secret is not set says so, and is declared all the same', async () => {
    const { remote } = await resolved({}, {});
    assert.equal(remote?.key, undefined);
    assert.equal(
      remote?.problem,
      "The key of the model 'gpt' is the secret 'EXAMPLE', which is not set. Set it with “Tree Warden: Set Secret…”.",
    );
  });

  const bad = ['', ' ', 'two words', 'line\nbreak', 'Schlüssel', 'x'.repeat(5000)];
  for (const value of bad)
    it(`has no key that cannot be sent, such as ${JSON.stringify(value.slice(0, 20))}`, async () => {
      await assert.rejects(resolved({}, { EXAMPLE: value }), ({ message }: Error) => {
        assert.match(message, /^The key of the model 'gpt' cannot be sent: /);
        return value.trim().length < 3 || !message.includes(value);
      });
    });

  it('is checked again when its variables are filled in', async () => {
    await assert.rejects(resolved({ url: 'http://${env:HOST}/v1' }), {
      message:
        'The url of the model \'gpt\' must begin with https://, or the key and all prompts could be read on the way; "allowHttp": true allows it.',
    });
  });

  it('has a budget of its workspace, or one for all where it belongs to none', async () => {
    const budget = { tokens: 100, per: 'month' };
    const idOf = async (keys: object, folder: string): Promise<string | undefined> =>
      (await resolved({ budget, ...keys }, undefined, folder)).budget?.id;
    assert.deepEqual((await resolved({ budget })).budget, { id: await idOf({}, '/w'), tokens: 100, per: 'month' });
    assert.match((await idOf({}, '/w')) ?? '', /^[0-9a-f]{32}$/);
    assert.notEqual(await idOf({}, '/w'), await idOf({}, '/other'));
    assert.equal(await idOf({ scope: 'user' }, '/w'), await idOf({ scope: 'user' }, '/other'));
  });

  const mistakes: [string, object, string][] = [
    ['without an address', { url: undefined }, 'models.gpt: must have a url, because its runtime is remote'],
    ['without a name', { model: undefined }, 'models.gpt: must have a model: the name that the remote server knows'],
    [
      'with a key in the file',
      { key: secret },
      'models.gpt.key: must be ${secret:NAME} or ${env:NAME}: a key must not be in the file itself',
    ],
    [
      'with a key among other words',
      { key: 'x${secret:A}' },
      'models.gpt.key: must be ${secret:NAME} or ${env:NAME}: a key must not be in the file itself',
    ],
    [
      'that asks for its key',
      { key: '${input:KEY}' },
      'models.gpt.key: must be ${secret:NAME} or ${env:NAME}: a key must not be in the file itself',
    ],
    [
      'with a secret elsewhere',
      { url: 'https://${secret:HOST}/v1' },
      'models.gpt: ${secret:HOST}: its value is known only when a process is started',
    ],
    ['of another kind of address', { url: 'ftp://example.com' }, 'models.gpt.url: must begin with https://'],
    ['of no address', { url: 'api.example.com' }, 'models.gpt.url: must be an address such as "https://api.example.com/v1"'],
    [
      'that could be read on the way',
      { url: 'http://api.example.com/v1' },
      'models.gpt.url: must begin with https://, or the key and all prompts could be read on the way; "allowHttp": true allows it',
    ],
    [
      'with a password in its address',
      { url: 'https://me:pw@example.com' },
      'models.gpt.url: must not have a user or a password in it; use key',
    ],
    [
      'with a path of the API at its end',
      { url: 'https://api.example.com/v1/chat/completions' },
      "models.gpt.url: must be the base address, without '/chat/completions' at its end",
    ],
    [
      'with a query in its address',
      { url: 'https://example.com/?a=1' },
      'models.gpt.url: must end with its path: a query or a fragment cannot be part of it',
    ],
    ['of an unknown API', { api: 'azure' }, 'models.gpt.api: must be openai or anthropic'],
    ['with a budget of nothing', { budget: { per: 'day' } }, 'models.gpt.budget: must have requests, tokens or both'],
    ['with a budget without an end', { budget: { tokens: 1, per: 'week' } }, 'models.gpt.budget.per: must be day or month'],
    ...['command', 'args'].map((key): [string, object, string] => [
      `with ${key}`,
      { [key]: ['x'] },
      `models.gpt.${key}: cannot be set for the runtime "remote", which starts no processes`,
    ]),
    ...Object.entries({ instances: 2, ttl: '1m', exclusive: 'gpu', gpus: [0], limits: { memory: '1g' }, env: { A: 'b' }, cwd: '.' }).map(
      ([key, value]): [string, object, string] => [
        `with ${key}`,
        { [key]: value },
        `models.gpt.${key}: cannot be set for the runtime "remote", which starts no processes`,
      ],
    ),
  ];
  for (const [what, keys, message] of mistakes)
    it(`${what} is a mistake`, () => assert.deepEqual(problemsOf({ gpt: { ...valid, ...keys } }), [message]));

  it('may be asked over http where that is said', () => {
    assert.deepEqual(problemsOf({ gpt: { ...valid, url: 'http://192.168.1.5:8080/v1', allowHttp: true } }), []);
  });

  for (const [key, value] of Object.entries({
    url: valid.url,
    key: valid.key,
    api: 'openai',
    timeout: '5s',
    allowHttp: true,
    budget: { tokens: 1, per: 'day' },
  }))
    it(`alone has ${key}`, () =>
      assert.deepEqual(problemsOf({ m: { runtime: 'ollama', model: 'x', [key]: value } }), [
        `models.m.${key}: belongs to the runtime "remote"`,
      ]));
});

describe('a fallback', () => {
  const local = (fallback?: string): object => ({ runtime: 'ollama', model: 'x', ...(fallback !== undefined && { fallback }) });
  const cases: [string, Record<string, object>, string[]][] = [
    ['is another model', { a: local('b'), b: local('gpt'), gpt: valid }, []],
    [
      'may be one that has a mistake of its own',
      { a: local('b'), b: { runtime: 'ollama' } },
      ['models.b: must have a model: a file, or a name that the runtime knows'],
    ],
    ['that there is not', { a: local('none') }, ["models.a.fallback: there is no model 'none'"]],
    ['that is the model itself', { a: local('a') }, ['models.a.fallback: models must not be each other’s fallbacks: a → a']],
    [
      'in a circle',
      { a: local('b'), b: local('c'), c: local('a'), d: local('a') },
      [
        'models.a.fallback: models must not be each other’s fallbacks: a → b → c → a',
        'models.b.fallback: models must not be each other’s fallbacks: b → c → a → b',
        'models.c.fallback: models must not be each other’s fallbacks: c → a → b → c',
      ],
    ],
  ];
  for (const [what, models, expected] of cases) it(what, () => assert.deepEqual(problemsOf(models), expected));
});

describe('a key of a client', () => {
  const local = { runtime: 'ollama', model: 'x' };
  const problems = (keys: object): readonly string[] =>
    parseProcesses(JSON.stringify({ models: { coder: local }, gateway: { keys } })).problems.map(({ message }) => message);
  const cases: [string, object, string[]][] = [
    ['is for some models', { ci: { key: '${secret:CI}', models: ['coder'] } }, []],
    [
      'in the file',
      { ci: { key: 'a-key', models: ['coder'] } },
      ['gateway.keys.ci.key: must be ${secret:NAME} or ${env:NAME}: a key must not be in the file itself'],
    ],
    [
      'for a model that there is not',
      { ci: { key: '${secret:CI}', models: ['coder', 'none'] } },
      ["gateway.keys.ci.models: there is no model 'none'"],
    ],
    ['for nothing', { ci: { key: '${secret:CI}', models: [] } }, ['gateway.keys.ci.models: must name a model']],
  ];
  for (const [what, keys, expected] of cases) it(what, () => assert.deepEqual(problems(keys), expected));

  const keysWith = async (value: string | undefined): Promise<readonly ClientKey[]> =>
    await resolveClientKeys(
      { ci: { key: '${secret:CI}', models: ['coder'] } },
      { workspaceFolder: '/w', env: {}, portFor: () => Promise.resolve(1), secretOf: () => Promise.resolve(value) },
    );

  it('has its value, or says that it has none', async () => {
    assert.deepEqual(await keysWith('a-key-for-the-ci-only'), [{ name: 'ci', key: 'a-key-for-the-ci-only', models: ['coder'] }]);
    await assert.rejects(keysWith(undefined), { message: /^The key 'ci' of the gateway is the secret 'CI', which is not set\./ });
  });
});
