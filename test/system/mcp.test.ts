/** An agent's tools by the Model Context Protocol, with the official client: over stdin and stdout, and over HTTP. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { cli, eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

interface Said {
  readonly text: string;
  readonly isError: boolean;
}

/** A workspace, and an agent in it. */
class Agent implements AsyncDisposable {
  readonly run = new Run();
  readonly client = new Client({ name: 'test', version: '1' });
  pid = 0;

  static async start(processes: object, models: object = {}): Promise<Agent> {
    const agent = new Agent();
    const { run } = agent;
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes, models }));
    const env = Object.fromEntries(Object.entries({ ...getDefaultEnvironment(), ...run.env }).filter(([, value]) => value !== undefined));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [cli, 'mcp'],
      cwd: run.workFolder,
      env: env as Record<string, string>,
    });
    await agent.client.connect(transport);
    agent.pid = transport.pid ?? 0;
    return agent;
  }

  async call(name: string, given: object = {}): Promise<Said> {
    const { content, isError = false } = (await this.client.callTool({ name, arguments: { ...given } })) as {
      content: { text: string }[];
      isError?: boolean;
    };
    return { text: content[0]?.text ?? '', isError };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.run[Symbol.asyncDispose]();
  }
}

const web = {
  command: 'until [ -e open ]; do sleep 0.02; done; echo listening; sleep 1000 & wait',
  ready: { log: 'listening' },
  description: 'the site',
};

describe('an agent', () => {
  it('finds what each tool does, and which of them change something', async () => {
    await using agent = await Agent.start({ web });
    const { tools } = await agent.client.listTools();
    assert.deepEqual(
      tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]),
      [
        ['list_processes', true],
        ['start_process', false],
        ['stop_process', false],
        ['restart_process', false],
        ['read_output', true],
        ['send_keys', false],
        ['wait_until_ready', true],
        ['who_listens', true],
      ],
    );
    for (const { description, inputSchema } of tools) assert.ok((description?.length ?? 0) > 40 && inputSchema.type === 'object');
  });

  it('starts what is declared, waits until it is ready, reads its output, restarts and stops it', async () => {
    await using agent = await Agent.start({ web });
    assert.match((await agent.call('list_processes')).text, /"notRunning": \[\s+\{\s+"name": "web",\s+"description": "the site"/);
    assert.equal((await agent.call('start_process', { process: 'web' })).isError, false);
    const impatient = await agent.call('wait_until_ready', { process: 'web', timeoutSeconds: 1 });
    assert.deepEqual([impatient.isError, impatient.text], [true, "'web' is not ready after 1 s: starting."]);
    const waiting = agent.call('wait_until_ready', { process: 'web' });
    writeFileSync(join(agent.run.workFolder, 'open'), '');
    assert.match((await waiting).text, /"state": "ready"/);
    assert.equal((await agent.call('read_output', { process: 'web', lines: 1 })).text, 'listening');
    const [before] = agent.run.ps();
    await agent.call('restart_process', { process: 'web' });
    const [after] = agent.run.ps();
    assert.ok(before && after && before.leader.pid !== after.leader.pid && !isAlive(before.leader.pid));
    assert.match((await agent.call('start_process', { process: 'web' })).text, /'web' is running already/);
    assert.equal((await agent.call('stop_process', { process: 'web' })).isError, false);
    assert.deepEqual(await survivorsAfterLooking(agent.run.workFolder, new Set([agent.pid, ...agent.run.wardenPids()])), []);
  });

  it('starts what depends on a model, which is loaded for it', async () => {
    const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));
    const command = [process.execPath, server, '--port', '${port}', '--name', 'coder', '--log', 'log'];
    const models = { coder: { runtime: 'custom', command, ready: { http: 'http://127.0.0.1:${port}/health' } } };
    const needy = { command: 'echo "at $OPENAI_BASE_URL"; sleep 1000', dependsOn: ['model:coder'] };
    await using agent = await Agent.start({ needy, above: { command: 'sleep 1000', dependsOn: ['needy'] } }, models);
    const { text, isError } = await agent.call('start_process', { process: 'above' });
    assert.equal(isError, false, text);
    const printed = await eventually(
      'it has printed',
      async () => (await agent.call('read_output', { process: 'needy' })).text || undefined,
    );
    assert.match(printed, /^at http:\/\/127\.0\.0\.1:\d+\/v1/);
    assert.deepEqual(
      agent.run
        .ps()
        .map(({ name }) => name)
        .sort(),
      ['above', 'coder', 'needy'],
    );
  });

  it('starts a command of its own, which is gone when the agent is, however that ends', async () => {
    await using agent = await Agent.start({});
    const { text } = await agent.call('start_process', { command: 'setsid sleep 1000 & echo begun; sleep 1000', name: 'mine' });
    assert.match(text, /"name": "mine"/);
    const [tree] = await eventually('it is up', () => {
      const found = agent.run.ps();
      return (found[0]?.members.length ?? 0) >= 3 && found;
    });
    process.kill(agent.pid, 'SIGKILL');
    await eventually('no process is left', () => !tree?.members.some(({ pid }) => isAlive(pid)));
  });

  it('is told in a sentence what cannot be', async () => {
    await using agent = await Agent.start({ broken: { command: 'echo no luck; exit 3', ready: { log: 'never' } } });
    const cases: [string, object, RegExp][] = [
      ['stop_process', { process: 'nothing' }, /^There is no running process 'nothing'\. Running: nothing\.$/],
      ['start_process', { process: 'none' }, /declares no process 'none'; it declares broken\./],
      ['start_process', {}, /name a process, or give a command/],
      ['who_listens', { port: 99_999 }, /65535/],
    ];
    for (const [name, given, message] of cases) {
      const { text, isError } = await agent.call(name, given);
      assert.ok(isError, name);
      assert.match(text, message);
    }
    await agent.call('start_process', { process: 'broken' });
    const { text } = await agent.call('wait_until_ready', { process: 'broken' });
    assert.match(text, /^'broken' failed: exited with code 3 before it was ready\. Last output:\nno luck$/);
    assert.equal((await agent.call('read_output', { process: 'broken' })).text, 'no luck');
  });

  it('learns who listens on a port', async () => {
    await using agent = await Agent.start({});
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    assert.match((await agent.call('who_listens', { port })).text, new RegExp(`"pid": ${process.pid}`));
    server.close();
  });
});

describe('an agent by HTTP', () => {
  it('needs the token, and has the same tools', async () => {
    await using run = new Run();
    const { server, url, token } = await serving(run);
    const refused = await fetch(url, { method: 'POST', body: '{}' });
    assert.deepEqual([refused.status, await refused.text()], [401, 'The token is missing or wrong.\n']);
    const lured = await answerTo(url, { host: 'a.example', authorization: `Bearer ${token}` });
    assert.deepEqual(lured, [403, "'a.example' is not a name of this machine’s loopback interface.\n"]);
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
    await client.connect(transport as Parameters<Client['connect']>[0]);
    assert.equal((await client.listTools()).tools.length, 8);
    await client.callTool({ name: 'start_process', arguments: { command: 'sleep 1000' } });
    assert.deepEqual(
      run.ps().map(({ name }) => name),
      ['sleep'],
    );
    await client.close();
    server.kill('SIGTERM');
    assert.equal(await exitOf(server), 0);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('says which port is taken, and by which option to choose another', async () => {
    await using run = new Run();
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    );
    const { code, stdout, stderr } = run.call(['mcp', '--http', '--port', String(port)]);
    taken.close();
    assert.deepEqual(
      [code, stdout, stderr],
      [
        1,
        '',
        `tree-warden: The MCP server cannot listen at port ${port} of 127.0.0.1: address already in use (EADDRINUSE). Choose another --port.\n`,
      ],
    );
  });

  const damaged = ['', '  ', '\n', 'short', 'a token with spaces in it', 'a-token-with\ta-tab-in-it'];
  it('refuses to start with a token that is none, and so does the gateway', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(
      join(run.workFolder, '.vscode', 'processes.json'),
      JSON.stringify({ models: { one: { runtime: 'custom', command: ['sleep', '1'], args: ['${port}'] } } }),
    );
    for (const token of damaged) {
      for (const args of [['mcp', '--http'], ['gateway']]) {
        const { code, stderr, stdout } = run.call(args, { env: { TREE_WARDEN_TOKEN: token } });
        assert.deepEqual([code, stdout], [2, ''], `${args} with ${JSON.stringify(token)}: ${stderr}`);
        assert.match(stderr, /^tree-warden: TREE_WARDEN_TOKEN (is empty|has 5 characters|may have letters).* Set it to a long random text/);
      }
    }
  });

  it('tells a client whose session is gone to begin anew', async () => {
    await using run = new Run();
    const { server, url, token } = await serving(run);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const gone = await fetch(url, { method: 'POST', headers: { ...headers, 'mcp-session-id': 'gone' }, body });
    assert.equal(gone.status, 404);
    assert.match(await gone.text(), /"code":-32001,"message":"Session not found/);
    const without = await fetch(url, { method: 'POST', headers, body });
    assert.deepEqual([without.status, /initialize/.test(await without.text())], [400, true]);
    server.kill('SIGTERM');
    assert.equal(await exitOf(server), 0);
  });
});

async function serving(run: Run): Promise<{ readonly server: ReturnType<Run['start']>; readonly url: string; readonly token: string }> {
  const server = run.start(['mcp', '--http']);
  const line = await new Promise<string>((resolve) => createInterface({ input: server.stdout ?? process.stdin }).once('line', resolve));
  return { server, ...(JSON.parse(line) as { url: string; token: string }) };
}

/** By a client that names the host as it likes, which fetch() does not. */
function answerTo(url: string, headers: Record<string, string>): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve([response.statusCode, body]));
    }).on('error', reject);
  });
}
