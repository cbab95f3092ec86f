/** Models that several windows and commands share: one server, for as long as one of those lives, and no process when none does. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectToWarden, type WardenClient } from '../../src/client/wardenClient.ts';
import { modelSchema } from '../../src/config/modelSchema.ts';
import { resolveModel } from '../../src/config/resolveModel.ts';
import { newToken } from '../../src/loopback/token.ts';
import { readRecordFolder, socketPath } from '../../src/records/records.ts';
import { type Death, deaths, killAtOnce, openWindow } from '../support/deaths.ts';
import { cli, eventually, exitOf, Run, switchesOf } from '../support/run.ts';
import { isAlive, killIfThere, survivorsAfterLooking } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));
const token = newToken();
const workers = 2;

interface ListedModel {
  readonly name: string;
  readonly state: string;
  readonly url: string;
  readonly instances: readonly { readonly tree: string }[];
  readonly warden: { readonly pid: number };
}

/** Two folders that declare the same model, in one run. */
class SharedModel implements AsyncDisposable {
  readonly run: Run;

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.run = new Run({ TREE_WARDEN_TOKEN: token, ...env });
  }

  /** A folder whose models are those; by default the one that all of them share. */
  folder(name: string, models: object = { shared: this.#declaration() }, processes: object = {}): string {
    const folder = join(this.run.workFolder, name);
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    writeFileSync(join(folder, '.vscode', 'processes.json'), JSON.stringify({ models, processes }));
    return folder;
  }

  /** The shared model, without a scope of its own. */
  withoutScope(): object {
    const { scope: _none, ...others } = this.#declaration() as { scope: string };
    return others;
  }

  /** The shared model, which is kept for this time after its last client. */
  kept(keepAfterClose: string): object {
    return { ...this.#declaration(), keepAfterClose };
  }

  #declaration(...args: readonly string[]): object {
    const command = [process.execPath, server, '--port', '${port}', '--name', '${name}', '--workers', String(workers), ...args];
    return { runtime: 'custom', scope: 'user', command, cwd: this.run.workFolder, stop: ['SIGTERM', '500ms'] };
  }

  /** The same name, and another server. */
  otherwise(): object {
    return this.#declaration('--load', '1');
  }

  /** `tree-warden gateway` in a folder, with what it has printed. */
  gateway(folder: string): { readonly child: ChildProcess & { readonly pid: number }; readonly text: () => string } {
    return this.followed(this.run.start(['gateway'], folder));
  }

  followed(child: ReturnType<Run['start']>): ReturnType<SharedModel['gateway']> {
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        text += chunk;
      });
    return { child, text: () => text };
  }

  /** A window on the shared model. */
  async window(): Promise<number> {
    const context = { workspaceFolder: this.run.workFolder, env: this.run.env, portFor: () => Promise.resolve(0) };
    const request = await resolveModel('shared', modelSchema.parse(this.#declaration()), context);
    return openWindow(this.run, { models: { requests: [request], gateway: { port: 0, token } } }).pid;
  }

  models(): readonly ListedModel[] {
    return JSON.parse(this.run.call(['models', '--json']).stdout || '[]') as ListedModel[];
  }

  /** Of the one model that is served. */
  async served(): Promise<ListedModel> {
    return await eventually('the model is served', () => this.models().find(({ url }) => url !== undefined));
  }

  /** Until the declaration of every lessee has arrived. */
  async leasedBy(count: number): Promise<void> {
    await eventually(`${count} have leased it`, () => this.#journal().filter(({ event }) => event === 'models-leased').length >= count);
  }

  /** Of the warden of a command. */
  async clientOf(owner: number): Promise<WardenClient> {
    const pid = await wardenOf(owner);
    const folders = readdirSync(this.run.runtimeFolder).map((id) => join(this.run.runtimeFolder, id));
    const own = folders.find((folder) => existsSync(join(folder, 'warden.json')) && readRecordFolder(folder).warden.process.pid === pid);
    return await connectToWarden(socketPath(own ?? assert.fail('it has no record')), 'test');
  }

  async chat(url: string): Promise<string> {
    const body = { model: 'shared', messages: [{ role: 'user', content: 'say 2' }] };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text;
  }

  /** Pids of the servers that run. */
  servers(): number[] {
    return this.run.ps().flatMap(({ name, leader }) => (name.startsWith('shared') ? leader.pid : []));
  }

  /** How many servers were ever started for it. */
  starts(): number {
    return this.#journal().filter(({ event, spec }) => event === 'spawned' && spec === 'shared').length;
  }

  /** Empty before the first warden has begun. */
  #journal(): Record<string, unknown>[] {
    return existsSync(this.run.journalPath) ? this.run.journal() : [];
  }

  /** A guardian may be ending still; it leaves by itself. */
  async assertNothingLeft(): Promise<void> {
    await eventually('no process is left', async () => (await survivorsAfterLooking(this.run.folder)).length === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]();
  }
}

/** How a client of the model service can die; that a limit of time ends a tree is none of it. */
const ofClients = deaths.filter(({ timed }) => !timed);
/** The last one’s death is the end of a connection as the first one’s is: a run for a commit tries those that differ most. */
const ofTheLast = testScope() === 'full' ? ofClients : ofClients.filter(({ name }) => name === 'window closed' || name === 'of all three');

/** The warden of the process that owns it: its child. */
async function wardenOf(owner: number): Promise<number> {
  const children = (): number[] =>
    readFileSync(`/proc/${owner}/task/${owner}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return await eventually('it has a warden', () =>
    children().find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('warden.js')),
  );
}

async function strike({ run }: SharedModel, death: Death, owner: number, warden: number): Promise<void> {
  await death.strike({ run, timeLimit: 0, owner, warden });
  await eventually('the client is dead', () => !isAlive(owner) && !isAlive(warden));
}

describe('a model that a window and a command share', () => {
  for (const death of ofClients)
    it(`is one server, outlives the first of them (${death.name}), and is gone with the last one`, async () => {
      await using shared = new SharedModel();
      const owner = death.owner === 'window' ? await shared.window() : shared.gateway(shared.folder('first')).child.pid;
      const { url } = await shared.served();
      const warden = await wardenOf(owner);
      const last = shared.gateway(shared.folder('last'));
      await shared.leasedBy(2);
      await shared.chat(url);
      const [pid, ...others] = shared.servers();
      assert.deepEqual(others, []);
      await strike(shared, death, owner, warden);
      await shared.chat(url);
      assert.deepEqual([shared.servers(), shared.starts()], [[pid], 1]);
      last.child.kill('SIGTERM');
      await exitOf(last.child);
      await shared.assertNothingLeft();
    });

  for (const death of ofTheLast)
    it(`is gone when the last of them dies (${death.name})`, async () => {
      await using shared = new SharedModel();
      const first = shared.gateway(shared.folder('first'));
      const { url } = await shared.served();
      const owner = death.owner === 'window' ? await shared.window() : shared.gateway(shared.folder('last')).child.pid;
      await shared.leasedBy(2);
      const warden = await wardenOf(owner);
      await shared.chat(url);
      first.child.kill('SIGTERM');
      await exitOf(first.child);
      await shared.chat(url);
      await strike(shared, death, owner, warden);
      await shared.assertNothingLeft();
    });
});

describe('a model that declares no scope', () => {
  it('is shared where the environment says so', async () => {
    await using shared = new SharedModel({ TREE_WARDEN_MODEL_SCOPE: 'user' });
    const clients = ['first', 'second'].map((name) => shared.gateway(shared.folder(name, { shared: shared.withoutScope() })));
    const { url } = await shared.served();
    await shared.leasedBy(2);
    await shared.chat(url);
    assert.deepEqual([shared.servers().length, shared.starts()], [1, 1]);
    for (const { child } of clients) {
      child.kill('SIGTERM');
      await exitOf(child);
    }
    await shared.assertNothingLeft();
  });

  it('is not served where that says something else', async () => {
    await using shared = new SharedModel({ TREE_WARDEN_MODEL_SCOPE: 'machine' });
    const { code, stderr } = shared.run.call(['gateway'], { cwd: shared.folder('first', { shared: shared.withoutScope() }) });
    assert.deepEqual([code, stderr], [2, "tree-warden: TREE_WARDEN_MODEL_SCOPE is 'machine'; it must be window or user.\n"]);
  });
});

describe('a model that is kept after its last client', () => {
  /** Used, and left alone. */
  const abandoned = async (shared: SharedModel, keepAfterClose: string): Promise<{ url: string; service: number; server: number }> => {
    const client = shared.gateway(shared.folder('first', { shared: shared.kept(keepAfterClose) }));
    const { url, warden } = await shared.served();
    await shared.chat(url);
    const [server = 0] = shared.servers();
    client.child.kill('SIGKILL');
    await exitOf(client.child);
    return { url, service: warden.pid, server };
  };

  it('is found loaded by the next one, and ends with that where it does not ask for the same', async () => {
    await using shared = new SharedModel();
    const { url, server } = await abandoned(shared, '10m');
    const next = shared.gateway(shared.folder('next'));
    await shared.leasedBy(2);
    await shared.chat(url);
    assert.deepEqual([shared.servers(), shared.starts()], [[server], 1]);
    next.child.kill('SIGTERM');
    await exitOf(next.child);
    await shared.assertNothingLeft();
  });

  it('is gone when that time is over', async () => {
    await using shared = new SharedModel();
    await abandoned(shared, '4s');
    await shared.assertNothingLeft();
  });

  it('is gone when the model service is killed', async () => {
    await using shared = new SharedModel();
    const { service, server } = await abandoned(shared, '10m');
    assert.ok(isAlive(server));
    killAtOnce(service);
    await shared.assertNothingLeft();
  });

  it('is gone when it is stopped by hand', async () => {
    await using shared = new SharedModel();
    await abandoned(shared, '10m');
    assert.equal(shared.run.call(['kill', '--all']).code, 0);
    await eventually('no server is left', () => shared.servers().length === 0);
  });
});

describe('the model service', () => {
  it('is replaced when it is killed: at the same address, with the same token, and without what it had started', async () => {
    await using shared = new SharedModel();
    const clients = ['first', 'second'].map((name) => shared.gateway(shared.folder(name)));
    const { url, warden } = await shared.served();
    await shared.leasedBy(2);
    await shared.chat(url);
    const [before] = shared.servers();
    killAtOnce(warden.pid);
    await shared.leasedBy(4);
    await shared.chat((await shared.served()).url);
    const [after, ...others] = shared.servers();
    assert.deepEqual(others, []);
    assert.notEqual(after, before);
    assert.equal(isAlive(before ?? 0), false);
    assert.equal((await shared.served()).url, url);
    for (const { text, child } of clients) {
      assert.match(text(), /The model service was killed, and every server that it guarded has been ended\. It is started again\./);
      child.kill('SIGTERM');
    }
    for (const { child } of clients) await exitOf(child);
    await shared.assertNothingLeft();
  });

  it('leaves nothing that the next start does not end, when it dies with its switch and all its clients', async () => {
    await using shared = new SharedModel();
    const clients = ['first', 'second'].map((name) => shared.gateway(shared.folder(name)));
    const { url, warden } = await shared.served();
    await shared.leasedBy(2);
    await shared.chat(url);
    const owners = clients.map(({ child }) => child.pid);
    const wardens = await Promise.all(owners.map(wardenOf));
    killAtOnce(...owners, ...wardens, ...wardens.flatMap(switchesOf), warden.pid, ...switchesOf(warden.pid));
    await eventually('they are dead', () => ![...owners, ...wardens, warden.pid].some(isAlive));
    shared.run.call(['sweep']);
    await shared.assertNothingLeft();
  });

  it('is one, however many clients want it at the same moment', async () => {
    await using shared = new SharedModel();
    const clients = Array.from({ length: 5 }, (_, index) => shared.gateway(shared.folder(`client${index}`)));
    await shared.leasedBy(clients.length);
    const [model, ...others] = shared.models();
    assert.deepEqual(others, []);
    await shared.chat(model?.url ?? assert.fail('none is served'));
    assert.equal(shared.starts(), 1);
    for (const { child } of clients) killIfThere(child.pid, 'SIGKILL');
    await shared.assertNothingLeft();
  });

  it('says what differs where two clients declare a model of one name, and serves the first one’s', async () => {
    await using shared = new SharedModel();
    const first = shared.folder('first');
    shared.gateway(first);
    const { url } = await shared.served();
    const second = shared.gateway(shared.folder('second', { shared: shared.otherwise(), mine: shared.otherwise() }));
    await eventually('it is told', () =>
      second.text().includes(`'shared' is not served here, because ${first} declares it otherwise (command).`),
    );
    await eventually('the other one is served', () => shared.models().some(({ name }) => name === 'mine'));
    const own = await shared.clientOf(second.child.pid);
    await assert.rejects(own.loadModel('shared'), /declares it otherwise \(command\)/);
    own.dispose();
    await shared.chat(url);
    second.child.kill('SIGTERM');
    await exitOf(second.child);
    await eventually('its own has gone with it', () => !shared.models().some(({ name }) => name === 'mine'));
    await shared.chat(url);
    assert.equal(shared.starts(), 1);
  });

  it('serves what it has refused to one client when the other one has gone, and tells it', async () => {
    await using shared = new SharedModel();
    const first = shared.gateway(shared.folder('first'));
    await shared.served();
    const second = shared.gateway(shared.folder('second', { shared: shared.otherwise(), mine: shared.otherwise() }));
    await eventually('it is told', () => second.text().includes("'shared' is not served here"));
    const own = await shared.clientOf(second.child.pid);
    const states = async (): Promise<string[]> => (await own.models()).map(({ name, state }) => `${name} ${state}`);
    assert.deepEqual(await states(), ['shared failed', 'mine cold']);
    first.child.kill('SIGTERM');
    await exitOf(first.child);
    await eventually('it is served', async () => (await states()).includes('shared cold'));
    assert.equal((await own.loadModel('shared')).state, 'ready');
    own.dispose();
  });

  it('says which port and key a command wanted that are not those of the service', async () => {
    await using shared = new SharedModel();
    shared.gateway(shared.folder('first'));
    const { url } = await shared.served();
    const command = [`TREE_WARDEN_TOKEN=${newToken()}`, process.execPath, cli, 'gateway', '--port', '1'];
    const second = shared.followed(shared.run.spawn('env', command, shared.folder('second')));
    await eventually('it is served', () => second.text().includes(`Gateway at ${url}/v1, API key ${token}\nModels: shared\n`));
    assert.match(second.text(), /Port 1 is not used: the models are shared/);
    assert.match(second.text(), /TREE_WARDEN_TOKEN is not used: the models are shared/);
  });

  it('says to what depends on a model that is refused why it is not started', async () => {
    await using shared = new SharedModel();
    shared.gateway(shared.folder('first'));
    await shared.served();
    const api = { command: 'sleep 1000', dependsOn: ['model:shared'] };
    const cwd = shared.folder('second', { shared: shared.otherwise() }, { api });
    const { code, stderr, stdout } = shared.run.call(['up'], { cwd });
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /'api' was not started.*'shared' is not served here, because .*first declares it otherwise \(command\)/);
    assert.doesNotMatch(stderr, /shared at http/);
  });

  it('serves a name as the next one has declared it when the first one has gone, with a server of its own', async () => {
    await using shared = new SharedModel();
    const first = shared.gateway(shared.folder('first'));
    const { url } = await shared.served();
    await shared.chat(url);
    const [before] = shared.servers();
    const second = shared.gateway(shared.folder('second', { shared: shared.otherwise() }));
    await eventually('it is told', () => second.text().includes('declares it otherwise (command)'));
    const own = await shared.clientOf(second.child.pid);
    const states = async (): Promise<string[]> => (await own.models()).map(({ state }) => state);
    assert.deepEqual(await states(), ['failed']);
    first.child.kill('SIGTERM');
    await exitOf(first.child);
    await eventually('the second one has it', async () => (await states()).join() === 'cold');
    await own.loadModel('shared');
    own.dispose();
    const [after, ...others] = shared.servers();
    assert.deepEqual([others, after === before], [[], false]);
    assert.match(readFileSync(`/proc/${after}/cmdline`, 'utf8'), /--load/);
    second.child.kill('SIGTERM');
    await exitOf(second.child);
    await shared.assertNothingLeft();
  });

  it('that does not answer keeps no client from answering', async () => {
    await using shared = new SharedModel();
    const { child } = shared.gateway(shared.folder('first'));
    const { warden } = await shared.served();
    const own = await shared.clientOf(child.pid);
    process.kill(warden.pid, 'SIGSTOP');
    try {
      assert.deepEqual(
        (await own.models()).map(({ name }) => name),
        ['shared'],
      );
    } finally {
      process.kill(warden.pid, 'SIGCONT');
      own.dispose();
    }
  });

  it('serves a model that a process depends on, at the address in its environment', async () => {
    await using shared = new SharedModel();
    const answer = join(shared.run.workFolder, 'address');
    const api = {
      command: `echo $OPENAI_BASE_URL > ${answer}.new; mv ${answer}.new ${answer}; exec sleep 1000`,
      dependsOn: { 'model:shared': 'ready' },
    };
    const up = shared.run.start(['up'], shared.folder('project', undefined, { api }));
    const written = await eventually('it has begun', () => {
      try {
        return readFileSync(answer, 'utf8').trim();
      } catch {
        return undefined;
      }
    });
    assert.equal(written, `${(await shared.served()).url}/v1`);
    assert.equal(shared.starts(), 1);
    up.kill('SIGTERM');
    await exitOf(up);
    await shared.assertNothingLeft();
  });
});
