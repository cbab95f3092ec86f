/** What a local user without the token, and a client that never says goodbye, can do to the MCP server. */
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { describe } from 'node:test';
import { Attacks, Connections } from '../support/attacks.ts';
import { eventually, exitOf, Run } from '../support/run.ts';

/** A server, and how to ask it. */
class McpUnderAttack implements AsyncDisposable {
  /** As much memory as is enough for what it does, and too little for what it must not keep. */
  readonly run = new Run({ NODE_OPTIONS: '--max-old-space-size=64' });
  readonly process = this.run.start(['mcp', '--http']);
  url = '';
  token = '';

  static async start(): Promise<McpUnderAttack> {
    const mcp = new McpUnderAttack();
    const { stdout } = mcp.process;
    const line = await new Promise<string>((resolve) => createInterface({ input: stdout ?? process.stdin }).once('line', resolve));
    Object.assign(mcp, JSON.parse(line));
    return mcp;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(this.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body,
    });
  }

  /** A session of its own, by its name. */
  async initialize(): Promise<string> {
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const response = await this.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }));
    assert.equal(response.status, 200, await response.text());
    return response.headers.get('mcp-session-id') ?? '';
  }

  async list(session: string): Promise<number> {
    const response = await this.post(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' }), { 'mcp-session-id': session });
    await response.text();
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGTERM');
    await exitOf(this.process);
    await this.run[Symbol.asyncDispose]();
  }
}

describe('the MCP server', () => {
  const attacks = new Attacks('the MCP server');

  attacks.add('sessions that are opened and never closed', 1000, async () => {
    await using mcp = await McpUnderAttack.start();
    const first = await mcp.initialize();
    let last = '';
    for (let session = 1; session < 1000; session++) last = await mcp.initialize();
    assert.equal(await mcp.list(first), 404);
    assert.equal(await mcp.list(last), 200);
    return 'the oldest ones are closed; a heap of 64 MB is enough';
  });

  attacks.add('idle connections without a token', 400, async () => {
    await using mcp = await McpUnderAttack.start();
    using connections = new Connections();
    await connections.open(mcp.port, 400);
    assert.equal(await mcp.list(await mcp.initialize()), 200);
    await eventually('they are closed', () => connections.living === 0);
    return 'clients are served; all closed by their deadline';
  });

  attacks.add('bodies that are long, deep, or no JSON', 5, async () => {
    await using mcp = await McpUnderAttack.start();
    const session = await mcp.initialize();
    const statuses: number[] = [];
    const bodies = ['x'.repeat(5 * 2 ** 20), '['.repeat(1_000_000), '{', `${'['.repeat(100_000)}${']'.repeat(100_000)}`];
    for (const body of bodies) statuses.push((await mcp.post(body, { 'mcp-session-id': session })).status);
    assert.deepEqual(statuses, [413, 400, 400, 400]);
    assert.equal(await mcp.list(session), 200);
    return `answered with ${statuses.join(', ')}`;
  });
});
