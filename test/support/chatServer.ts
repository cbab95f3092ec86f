import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InstanceEnd, Launched, Launcher } from '../../src/gateway/launcher.ts';
import { Models } from '../../src/gateway/models.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { GatewayInfo, ModelRequest } from '../../src/protocol/models.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** Answers a request; what has no answer is a path that the server does not have. */
export type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

/** A server within the test that knows the paths it is given, behind a gateway of its own. It has no process. */
export class ChatServer implements AsyncDisposable {
  /** What it was asked, in order. */
  readonly asked: Asked[] = [];
  readonly models: Models;
  readonly gateway: GatewayInfo;
  readonly #server: Server;
  readonly #end: (end: InstanceEnd) => void;

  static async start(answers: Readonly<Record<string, Answer>>, changes: Partial<ModelRequest> = {}): Promise<ChatServer> {
    const asked: Asked[] = [];
    const server = createServer(async (request, response) => {
      response.on('error', () => undefined);
      const path = request.url ?? '';
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const isJson = request.headers['content-type'] === 'application/json';
      const body = isJson ? (JSON.parse(Buffer.concat(chunks).toString()) as Body) : {};
      const one = { path, headers: request.headers, body };
      asked.push(one);
      const answer = answers[path];
      if (answer) await answer(one, response);
      // As llama-server says it.
      else sendJson(response, { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } }, 404);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    let end: (end: InstanceEnd) => void = () => undefined;
    const ended = new Promise<InstanceEnd>((resolve) => {
      end = resolve;
    });
    const { port } = server.address() as AddressInfo;
    const launched: Launched = { tree: 'one' as TreeId, name: 'one', port, ready: Promise.resolve(), ended };
    const launcher: Launcher = {
      launch: async () => launched,
      takeOver: () => launched,
      end: async () => end({ reason: 'was ended', wanted: true }),
    };
    const models = new Models({ launcher, alert: () => undefined, descriptors: 1024 });
    const gateway = await models.declare({ models: [{ ...modelOne, ...changes }], gateway: { port: 0 } });
    return new ChatServer(server, models, gateway, asked, end);
  }

  private constructor(server: Server, models: Models, gateway: GatewayInfo, asked: Asked[], end: (end: InstanceEnd) => void) {
    this.#server = server;
    this.models = models;
    this.gateway = gateway;
    this.asked = asked;
    this.#end = end;
  }

  get paths(): string[] {
    return this.asked.map(({ path }) => path);
  }

  /** The last request, as it was translated. */
  get lastBody(): Body {
    return this.asked.at(-1)?.body ?? {};
  }

  /** As if its process had ended in the middle of all that it does. */
  die(): void {
    this.#end({ reason: 'exited with code 3', wanted: true });
    this.#server.closeAllConnections();
  }

  async ask(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`${this.gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.gateway.token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.models.close();
  }
}

const modelOne: ModelRequest = {
  name: 'one',
  aliases: [],
  runtime: 'fake',
  start: { name: 'one', argv: ['fake'], cwd: '/', env: {}, stdio: 'pipes', stop: [], whenLeaderExits: 'kill', containment: 'auto' },
  instances: 1,
  ttlMillis: 0,
  preload: false,
  maxQueue: 100,
  maxConcurrent: 4,
  concurrencyLimit: 0,
  affinity: false,
  upstreamName: 'one',
};

export function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export function chunkOf(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'one', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

export const usage = {
  prompt_tokens: 11,
  completion_tokens: 5,
  total_tokens: 16,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

/** Answers with these deltas, as a stream or whole, as it is asked. */
export function saying(deltas: readonly object[], finish = 'stop'): Answer {
  return ({ body }, response) => {
    if (body['stream'] !== true) {
      const texts = (field: string): string => deltas.map((delta) => (delta as Record<string, unknown>)[field] ?? '').join('');
      const calls = deltas.flatMap((delta) => (delta as { tool_calls?: object[] }).tool_calls ?? []);
      const message = {
        role: 'assistant',
        content: texts('content'),
        ...(texts('reasoning_content') !== '' && { reasoning_content: texts('reasoning_content') }),
        ...(calls.length > 0 && { tool_calls: calls }),
      };
      return sendJson(response, { id: 'x', choices: [{ index: 0, message, finish_reason: finish }], usage });
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const delta of deltas) response.write(chunkOf(delta));
    response.write(chunkOf({}, finish));
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
  };
}
