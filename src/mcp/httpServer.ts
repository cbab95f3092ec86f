import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import type { AgentHost } from '../agent/host.ts';
import { BodyError, BodyKeeper } from '../loopback/body.ts';
import { LoopbackServer } from '../loopback/server.ts';
import { errorText } from '../protocol/errors.ts';
import { mcpServer } from './server.ts';
import { type SessionLimits, Sessions } from './sessions.ts';

const sessionLimits: SessionLimits = { count: 64, idleMillis: 3_600_000 };
/** What a tool is asked is short; what it answers is not bounded by this. */
const bodyLimits = { one: 4 * 2 ** 20, all: 64 * 2 ** 20, idleMillis: 10_000 } as const;
/** Milliseconds that a request may take to arrive. */
const requestMillis = 30_000;

/** Codes of JSON-RPC, and the one that MCP's servers use for a session that is not there. */
const codes = { parseError: -32700, invalidRequest: -32600, serverError: -32000, noSession: -32001 } as const;

export interface McpAddress {
  readonly url: string;
  close(): void;
}

/** At `/mcp` of a port of 127.0.0.1, for who knows the token; each client has a session of its own. */
export async function serveHttp(host: AgentHost, port: number, token: string, limits = sessionLimits): Promise<McpAddress> {
  const sessions = new Sessions<StreamableHTTPServerTransport>(limits);
  const bodies = new BodyKeeper(bodyLimits);
  const server = await LoopbackServer.listen({
    port,
    token,
    requestMillis,
    serve: (request, response) => {
      answer(host, sessions, bodies, request, response).catch((error: unknown) => {
        if (error instanceof BodyError) sendError(response, error.status, codes.invalidRequest, error.message);
        else sendError(response, 500, codes.serverError, errorText(error));
      });
    },
    refuse: (_request, response, { status, message }) => {
      if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      response.writeHead(status).end(`${message}.\n`);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/mcp`,
    close: () => {
      sessions.dispose();
      server.closeNow();
    },
  };
}

async function answer(
  host: AgentHost,
  sessions: Sessions<StreamableHTTPServerTransport>,
  bodies: BodyKeeper,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url?.split('?')[0] !== '/mcp') return void response.writeHead(404).end('The server is at /mcp.\n');
  const body = request.method === 'POST' ? await bodies.read(request) : undefined;
  let message: unknown;
  try {
    if (body) message = JSON.parse(body.bytes.toString());
  } catch (error) {
    return sendError(response, 400, codes.parseError, `The request is not valid JSON: ${errorText(error)}.`);
  } finally {
    body?.release();
  }
  const id = request.headers['mcp-session-id'];
  if (typeof id === 'string') {
    const transport = sessions.get(id);
    // What the specification has a client begin anew after.
    if (!transport) return sendError(response, 404, codes.noSession, 'Session not found: it was idle for too long, or has been closed.');
    const done = sessions.use(id);
    response.once('close', done);
    return await transport.handleRequest(request, response, message);
  }
  if (!(Array.isArray(message) ? message.some(isInitializeRequest) : isInitializeRequest(message)))
    return sendError(
      response,
      400,
      codes.serverError,
      'The first request of a session is `initialize`, the others say whose they are: Mcp-Session-Id.',
    );
  if (!sessions.makeRoom())
    return sendError(response, 503, codes.serverError, 'All sessions are in use. Close one, or try again when one has ended.');
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (session) => {
      sessions.add(session, transport);
      response.once('close', () => sessions.done(session));
    },
    onsessionclosed: (session) => sessions.delete(session),
  });
  await mcpServer(host).connect(transport as Parameters<ReturnType<typeof mcpServer>['connect']>[0]);
  await transport.handleRequest(request, response, message);
}

function sendError(response: ServerResponse, status: number, code: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  response
    .writeHead(status, { 'Content-Type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}
