/** Models that a server elsewhere answers for, from the command line: its certificate, its key, its budget, and clients' own keys. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { filesBelow } from '../support/filesBelow.ts';
import { certificateFile, RemoteServer } from '../support/remoteServer.ts';
import { eventually, Run } from '../support/run.ts';

const key = 'sk-remote-very-secret-0123456789';
/** Secrets of the command line are in its environment, and nowhere else. */
const secrets = { TREE_WARDEN_SECRET_FAR: key };

function declare(run: Run, file: object): void {
  mkdirSync(join(run.workFolder, '.vscode'));
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify(file));
}

/** Runs `tree-warden up` to its end, while the servers of this process answer. */
async function up(run: Run): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = run.start(['up']);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

interface Gateway {
  readonly url: string;
  readonly token: string;
}

/** A `tree-warden gateway` that serves what the file declares, until it is ended. */
class ServedHere implements AsyncDisposable {
  readonly gateway: Gateway;
  readonly #told: readonly string[];
  readonly #child: ReturnType<Run['start']>;

  static async start(run: Run): Promise<ServedHere> {
    const child = run.start(['gateway', '--json']);
    const told: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => told.push(piece));
    assert.ok(child.stdout);
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => assert.fail('it has ended'))])) as [string];
    return new ServedHere(child, JSON.parse(line) as Gateway, told);
  }

  private constructor(child: ReturnType<Run['start']>, gateway: Gateway, told: readonly string[]) {
    this.#child = child;
    this.#told = told;
    this.gateway = gateway;
  }

  /** What it has said on stderr. */
  get stderr(): string {
    return this.#told.join('');
  }

  async chat(model: string, token = this.gateway.token): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
    });
    return { status: response.status, text: await response.text() };
  }

  async get(path: string): Promise<string> {
    return await (await fetch(`${this.gateway.url}${path}`, { headers: { authorization: `Bearer ${this.gateway.token}` } })).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

const remote = (far: RemoteServer, changes: object = {}): object => ({
  runtime: 'remote',
  url: far.url,
  model: 'upstream',
  key: '${secret:FAR}',
  ...changes,
});

/** Command lines of all processes that can be read. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
      } catch {
        return ''; // It has just ended.
      }
    })
    .join('\n');
}

describe('a model elsewhere', () => {
  it('is answered over https, within its budget, over a restart; its key is in no file, list or command line', async () => {
    await using far = await RemoteServer.start({ isSecure: true });
    await using run = new Run({ ...secrets, NODE_EXTRA_CA_CERTS: certificateFile });
    declare(run, { models: { gpt: remote(far, { budget: { requests: 2, per: 'month' } }) } });
    const seen: string[] = [];
    {
      await using served = await ServedHere.start(run);
      const { status, text } = await served.chat('gpt');
      assert.equal(status, 200, text);
      assert.match(text, /from afar/);
      assert.equal(far.asked[0]?.headers.authorization, `Bearer ${key}`);
      far.answer = (_, response) => response.destroy();
      assert.equal((await served.chat('gpt')).status, 502);
      const listed = run.call(['models']).stdout;
      assert.match(listed, new RegExp(`gpt +remote 127\\.0\\.0\\.1:${far.port} +(failed|ready)`));
      assert.match(listed, /1\/2 requests a month/);
      for (const args of [['models', '--json'], ['requests', '--json'], ['ps', '--json'], ['doctor']]) seen.push(run.call(args).stdout);
      seen.push(listed, commandLines(), await served.get('/v1/models'), await served.get('/v1/models/gpt'));
      const files = await eventually('no file is being replaced', () => filesBelow(run.folder));
      seen.push(...files.values());
      assert.ok([...files.keys()].some((path) => path.startsWith(run.runtimeFolder)));
    }
    far.answer = (_, response) => response.writeHead(200).end('{}');
    await using again = await ServedHere.start(run);
    assert.deepEqual([(await again.chat('gpt')).status, (await again.chat('gpt')).status], [200, 429]);
    seen.push(...(await eventually('no file is being replaced', () => filesBelow(run.folder))).values());
    for (const text of seen) assert.ok(!text.includes(key), text);
  });

  it('is not asked where its certificate is not known', async () => {
    await using far = await RemoteServer.start({ isSecure: true });
    await using run = new Run(secrets);
    declare(run, { models: { gpt: remote(far) } });
    await using served = await ServedHere.start(run);
    const { status, text } = await served.chat('gpt');
    assert.equal(status, 424);
    assert.match(text, /127\.0\.0\.1:\d+ did not answer: .*self.signed certificate/i);
    assert.deepEqual(far.requests, []);
  });

  it('answers what `up` starts, with what was spent before', async () => {
    await using far = await RemoteServer.start();
    await using run = new Run(secrets);
    const ask = `fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
      method: 'POST',
      headers: { authorization: 'Bearer ' + process.env.OPENAI_API_KEY },
      body: JSON.stringify({ model: 'gpt', messages: [] }),
    }).then(async (response) => console.log('answered', response.status, await response.text()))`;
    declare(run, {
      processes: { client: { command: [process.execPath, '-e', ask], dependsOn: ['model:gpt'] } },
      models: { gpt: remote(far, { budget: { requests: 1, per: 'month' } }) },
    });
    const first = await up(run);
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /answered 200 .*from afar/);
    const second = await up(run);
    assert.match(second.text, /answered 429 .*The budget of 'gpt' is spent: 1 requests a month/);
    assert.equal(far.asked.length, 1);
    assert.ok(!`${first.text}${second.text}`.includes(key));
  });

  it('is all that the key of a client opens', async () => {
    await using far = await RemoteServer.start();
    const clientKey = 'key-of-the-ci-0123456789';
    await using run = new Run({ ...secrets, TREE_WARDEN_SECRET_CI: clientKey });
    declare(run, {
      models: { gpt: remote(far), other: remote(far) },
      gateway: { keys: { ci: { key: '${secret:CI}', models: ['gpt'] } } },
    });
    await using served = await ServedHere.start(run);
    assert.deepEqual([(await served.chat('gpt', clientKey)).status, (await served.chat('other', clientKey)).status], [200, 404]);
    const [{ client } = assert.fail('nothing is listed'), ...others] = JSON.parse(run.call(['requests', '--json']).stdout) as {
      client: string;
    }[];
    assert.deepEqual([client, others], ['ci', []]);
    const files = await eventually('no file is being replaced', () => filesBelow(run.folder));
    for (const text of [commandLines(), ...files.values()]) assert.ok(!text.includes(clientKey), text);
  });

  it('is served where another model cannot be, which is refused with the reason, and has its fallback', async () => {
    await using far = await RemoteServer.start();
    await using run = new Run(secrets);
    const noFile = { runtime: 'llama.cpp', model: 'none.gguf' };
    const noKey = remote(far, { key: '${secret:OTHER}' });
    declare(run, { models: { gpt: remote(far), coder: noFile, other: noKey, replaced: { ...noFile, fallback: 'gpt' } } });
    await using served = await ServedHere.start(run);
    const refusals = [
      ['coder', `There is no model file ${join(run.workFolder, 'none.gguf')}.`],
      ['other', "The secret 'OTHER' is not known. Set it in the environment: TREE_WARDEN_SECRET_OTHER."],
    ] as const;
    for (const [name, reason] of refusals) {
      const { status, text } = await served.chat(name);
      const { error } = JSON.parse(text) as { readonly error: { readonly message: string } };
      assert.deepEqual([status, error.message], [424, reason]);
      await eventually(`the reason for ${name} is told`, () => served.stderr.includes(`models.${name}: ${reason}\n`));
    }
    for (const name of ['gpt', 'replaced']) {
      const { status, text } = await served.chat(name);
      assert.equal(status, 200, text);
      assert.match(text, /from afar/);
    }
    const { data } = JSON.parse(await served.get('/v1/models')) as {
      readonly data: readonly { readonly id: string; readonly status: object }[];
    };
    assert.deepEqual(data.find(({ id }) => id === 'coder')?.status, { value: 'unloaded', failed: true, reason: refusals[0][1] });
    assert.doesNotMatch(served.stderr, /coder failed/, 'it is told once');
  });

  it('needs its secret', async () => {
    await using far = await RemoteServer.start();
    await using run = new Run();
    declare(run, { models: { gpt: remote(far) } });
    const { code, stderr } = run.call(['gateway']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /models\.gpt: The secret 'FAR' is not known\. Set it in the environment: TREE_WARDEN_SECRET_FAR\./);
  });
});
