/** The MCP server, a bundle of its own: the command line loads it where it is wanted, and is quick where it is not. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { AgentHost } from '../agent/host.ts';
import { mcpServer } from './server.ts';

export { serveHttp } from './httpServer.ts';

/** Resolves when the client has gone. */
export async function serveStdio(host: AgentHost): Promise<void> {
  const transport = new StdioServerTransport();
  const closed = new Promise<void>((resolve) => {
    process.stdin.once('close', resolve);
    process.stdin.once('end', resolve);
  });
  await mcpServer(host).connect(transport);
  await closed;
}
