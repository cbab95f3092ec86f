/** Official MCP servers, guarded as in the file of a client: they answer as they do without a guard, and nothing is left of them however their client ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { ensureMcpServers } from '../../src/build/mcpServers.ts';
import { endings, OfficialMcp, type OfficialServer, officialServers } from '../support/officialMcp.ts';
import { eventually, exitOf } from '../support/run.ts';

for (const server of officialServers) {
  describe(`@modelcontextprotocol/server-${server.name}`, () => {
    before(ensureMcpServers);

    it('writes the same bytes as without a guard', async () => {
      await using mcp = new OfficialMcp();
      const plain = await answersOf(mcp, server, false);
      assert.match(plain.join(''), /"serverInfo".*\n.*"tools":\[.*\n.*"error":/);
      assert.deepEqual(await answersOf(mcp, server, true), plain);
    });

    it('is left behind without a guard when its client is killed while it hangs', async () => {
      await using mcp = new OfficialMcp();
      await mcp.end(await mcp.start(server, 'npx', false), 'hang');
      assert.ok((await mcp.left()).length > 0);
    });

    for (const ending of endings) {
      it(`answers, and leaves nothing when its client ends by ${ending}`, async () => {
        await using mcp = new OfficialMcp();
        for (const parent of ['node', 'npx'] as const) {
          const session = await mcp.start(server, parent, true);
          assert.match(session.text, server.text);
          assert.ok(session.tools.includes(server.slow.name));
          await mcp.end(session, ending);
          await eventually(`nothing is left of it by ${parent}`, async () => (await mcp.left()).length === 0);
        }
      });
    }
  });
}

/** The answers that a server writes to its stdout in an exchange with a client. What it tells unasked comes before or behind them, as it happens. */
async function answersOf(mcp: OfficialMcp, server: OfficialServer, isGuarded: boolean): Promise<string[]> {
  const { command, args } = mcp.commandOf(server, 'node', isGuarded);
  const child = spawn(command, args, { cwd: mcp.run.workFolder, env: mcp.run.env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = exitOf(child);
  let written = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    written = Buffer.concat([written, chunk]);
  });
  // Whole lines, as they are, of which those are answers that have an id.
  const answers = (): string[] =>
    (written.toString('latin1').match(/^.*\n/gm) ?? []).filter((line) => (JSON.parse(line) as { id?: number }).id !== undefined);
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'tést', version: '1' } };
  const messages = [
    { id: 1, method: 'initialize', params },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
    { id: 3, method: 'no/such 😀' },
  ];
  for (const message of messages) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    await eventually('it has answered', () => answers().length >= (message.id ?? 0));
  }
  child.stdin.end();
  child.kill('SIGTERM');
  await exited;
  return answers();
}
