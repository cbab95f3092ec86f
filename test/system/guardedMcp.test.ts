/** MCP servers that are run by `tree-warden run`: their streams are their own, and their trees end with the client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { guardedCommand } from '../../src/config/guardedCommand.ts';
import type { McpServerSpec } from '../../src/config/mcpServerSchema.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { clearAway, survivorsAfterLooking } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const bare = [process.execPath, fixture('stubbornMcpServer.mjs'), 'an argument', ''] as const;

/** As the extension offers it to the editor. */
async function guarded(run: Run, spec: Partial<McpServerSpec> = {}): Promise<string[]> {
  const context = { workspaceFolder: run.workFolder, env: process.env, portFor: () => assert.fail('there is no port') };
  const { args } = await guardedCommand('stubborn', { command: [...bare], ...spec }, context);
  return [process.execPath, cli, ...args];
}

describe('a guarded MCP server', () => {
  const rows: string[][] = [];
  after(() => printTable('an MCP server that does not end by itself', ['the client', 'by itself: left', 'guarded: left'], rows));

  it('answers as it does without a guard, and is gone when its client closes it', async () => {
    await using run = new Run({ GREETING: 'hello' });
    const times: number[] = [];
    for (const [command = '', ...args] of [[...bare], await guarded(run, { limits: { processes: 50 } })]) {
      const client = new Client({ name: 'test', version: '1' });
      const askedAt = performance.now();
      await client.connect(new StdioClientTransport({ command, args, cwd: run.workFolder, env: run.env as Record<string, string> }));
      const { content } = (await client.callTool({ name: 'env', arguments: {} })) as unknown as { content: [{ text: string }] };
      times.push(performance.now() - askedAt);
      assert.deepEqual(JSON.parse(content[0].text), { greeting: 'hello', arguments: ['an argument', ''], cwd: run.workFolder });
      await client.close();
      if (times.length === 1) {
        const left = await survivorsAfterLooking(run.workFolder);
        rows.push(['closes it', String(left.length), '0']);
        await clearAway(run.workFolder);
      } else await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
    }
    const [first = 0, second = 0] = times;
    printTable(
      'first answer of an MCP server',
      ['', 'ms'],
      [
        ['by itself', first.toFixed(0)],
        ['guarded', second.toFixed(0)],
      ],
    );
  });

  it('is gone when its client is killed, or the command that guards it', async () => {
    await using run = new Run();
    const start = async (command: readonly string[]) => {
      const client = spawn(process.execPath, [fixture('mcpClient.mjs'), ...command], {
        cwd: run.workFolder,
        env: run.env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [said] = (await once(client.stdout, 'data')) as [Buffer];
      assert.equal(String(said), 'up env\n');
      return client;
    };
    (await start(bare)).kill('SIGKILL');
    const left = await survivorsAfterLooking(run.workFolder);
    await clearAway(run.workFolder);
    (await start(await guarded(run))).kill('SIGKILL');
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
    rows.push(['is killed', String(left.length), '0']);

    const client = await start(await guarded(run));
    const guards = (await survivorsAfterLooking(run.workFolder)).filter(({ command }) =>
      command.startsWith(`${process.execPath} ${cli} run`),
    );
    assert.equal(guards.length, 1);
    process.kill(guards[0]?.pid ?? assert.fail(), 'SIGKILL');
    await eventually('only the client is left', async () =>
      (await survivorsAfterLooking(run.workFolder)).every(({ pid }) => pid === client.pid),
    );
    client.kill('SIGKILL');
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('may run twice at once', async () => {
    await using run = new Run();
    const [command = '', ...args] = await guarded(run);
    const clients = [1, 2].map(() => new Client({ name: 'test', version: '1' }));
    for (const client of clients)
      await client.connect(new StdioClientTransport({ command, args, cwd: run.workFolder, env: run.env as Record<string, string> }));
    assert.deepEqual(
      run
        .ps()
        .map(({ name }) => name)
        .sort(),
      ['stubborn', 'stubborn-2'],
    );
    for (const client of clients) await client.close();
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });
});
