/** The MCP server, a bundle of its own: the command line loads it where it is wanted, and is quick where it is not. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { AgentHost } from '../agent/host.ts';
import { bearerOf, hostNameOf, isLoopback, isToken } from '../protocol/loopback.ts';
import { mcpServer } from './server.ts';

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

/** At `/mcp` of a port of 127.0.0.1, for who knows the token; each client has a session of its own. */
export async function serveHttp(host: AgentHost, port: number, token: string): Promise<{ readonly url: string; close(): void }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer(async (request, response) => {
    if (!isLoopback(hostNameOf(request.headers.host)))
      return void response.writeHead(403).end('This is no name of this machine’s loopback.\n');
    if (!isToken(bearerOf(request.headers.authorization), token))
      return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end('The token is missing or wrong.\n');
    if (request.url?.split('?')[0] !== '/mcp') return void response.writeHead(404).end('The server is at /mcp.\n');
    const id = request.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? sessions.get(id) : undefined;
    if (!transport) {
      const opened = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => void sessions.set(session, opened),
        onsessionclosed: (session) => void sessions.delete(session),
      });
      transport = opened;
      await mcpServer(host).connect(opened as Parameters<ReturnType<typeof mcpServer>['connect']>[0]);
    }
    await transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
