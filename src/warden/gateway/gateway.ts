import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorText } from '../../protocol/errors.ts';
import { bearerOf, hostNameOf, isLoopback, isToken, newToken } from '../../protocol/loopback.ts';
import type { GatewayInfo, GatewayOptions } from '../../protocol/models.ts';
import { parseDuration } from '../../protocol/quantities.ts';
import { type Dialect, errorBody, errorEvent, GatewayError } from './gatewayError.ts';
import type { Lease } from './lease.ts';
import type { ModelPool } from './modelPool.ts';
import { admitPage } from './pages.ts';
import { isAborted, NotBegunError, type Relayed, relay } from './relay.ts';
import { type RequestBody, readBody } from './requestBody.ts';
import { routeOf } from './routes.ts';

/** So many servers are tried for a request of which nothing has begun. */
const maxTries = 3;
/** Until the end of a server is known, where nobody listens at its port any more, in milliseconds. */
const deathPatience = 5000;
/** Milliseconds between two signs of life; a client that wants them more often does not get them. */
const shortestKeepAlive = 500;

/** What is served. */
export interface Catalogue {
  readonly all: readonly ModelPool[];
  /** For people. */
  readonly names: string;
  /** By its name, or by another name that it goes by. */
  find(name: string): ModelPool | undefined;
}

/** One address for all models, on loopback, for who knows the token. */
export class Gateway {
  readonly info: GatewayInfo;
  readonly #models: Catalogue;
  readonly #server: Server;

  /** @throws Error where no port can be listened on. */
  static async open(models: Catalogue, { port, token = newToken() }: GatewayOptions): Promise<Gateway> {
    const server = createServer();
    // A model may take its time, and a stream is as long as it is.
    server.requestTimeout = 0;
    server.timeout = 0;
    await listen(server, port).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || port === 0) throw error;
      return listen(server, 0);
    });
    return new Gateway(models, server, token);
  }

  private constructor(models: Catalogue, server: Server, token: string) {
    this.#models = models;
    this.#server = server;
    this.info = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token };
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Who is being answered gets the end of it. */
  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const route = routeOf(method, url);
    const dialect: Dialect = route.to === 'inference' ? route.dialect : 'openai';
    response.on('error', () => undefined);
    try {
      this.#checkHost(request);
      if (admitPage(request, response) === 'answered') return;
      if (route.to !== 'health') this.#checkToken(request);
      switch (route.to) {
        case 'health':
          return sendJson(response, 200, { status: 'ok' });
        case 'models':
          return sendJson(response, 200, { object: 'list', data: this.#models.all.map(describe) });
        case 'oneModel':
          return sendJson(response, 200, describe(this.#pool(route.model)));
        case 'inference':
          return await this.#infer(request, response, await readBody(request), dialect);
        case 'upstream':
          return await this.#passThrough(request, response, this.#pool(route.model), route.path);
        case 'nothing':
          throw new GatewayError(404, `There is nothing at ${method} ${url.split('?')[0]}.`);
      }
    } catch (error) {
      fail(response, error, dialect);
    }
  }

  /** No page of a browser that was lured here by a name of its own. */
  #checkHost({ headers }: IncomingMessage): void {
    const host = hostNameOf(headers.host);
    if (!isLoopback(host)) throw new GatewayError(403, `'${host}' is no name of this machine’s loopback.`);
  }

  #checkToken({ headers }: IncomingMessage): void {
    const key = headers['x-api-key'];
    const shown = typeof key === 'string' ? key : bearerOf(headers.authorization);
    if (!isToken(shown, this.info.token))
      throw new GatewayError(401, 'The token is missing or wrong: it is what Tree Warden shows as the API key of its gateway.');
  }

  #pool(model: string | undefined): ModelPool {
    const pool = model === undefined ? undefined : this.#models.find(model);
    if (pool) return pool;
    const { names } = this.#models;
    if (model === undefined) throw new GatewayError(400, `The request names no model. There are: ${names}.`);
    throw new GatewayError(404, `There is no model '${model}'. There are: ${names}.`);
  }

  async #infer(request: IncomingMessage, response: ServerResponse, body: RequestBody, dialect: Dialect): Promise<void> {
    const pool = this.#pool(body.model);
    const key = pool.model.affinity || request.headers['x-tree-warden-affinity'] ? body.conversation() : undefined;
    const signs = body.isStream ? giveSigns(request, response, pool) : undefined;
    try {
      await this.#answer(request, response, pool, {
        path: request.url ?? '/',
        body: body.bytes(pool.model.upstreamName),
        key,
        dialect,
        signs,
      });
    } finally {
      clearInterval(signs);
    }
  }

  /** What is sent to a server's own path is not looked into, and not kept. */
  async #passThrough(request: IncomingMessage, response: ServerResponse, pool: ModelPool, path: string): Promise<void> {
    const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    await this.#answer(request, response, pool, { path, body: hasBody ? request : undefined, key: undefined, dialect: 'openai' });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    pool: ModelPool,
    {
      signs,
      key,
      ...errand
    }: {
      path: string;
      body: Buffer | IncomingMessage | undefined;
      key: string | undefined;
      dialect: Dialect;
      signs?: NodeJS.Timeout | undefined;
    },
  ): Promise<void> {
    const gone = goneSignal(response);
    const { method = 'GET', headers } = request;
    let queueMillis = 0;
    for (let attempt = 1; ; attempt++) {
      const beganAt = performance.now();
      let lease: Lease | undefined;
      try {
        lease = await pool.acquire(gone, key);
        queueMillis += lease.queueMillis;
        clearInterval(signs);
        const relayed = await relay({ method, headers, ...errand, lease, gone }, response);
        lease.release({ queueMillis, ...figuresOf(relayed, beganAt + lease.queueMillis) });
        return;
      } catch (error) {
        const failure = gone.aborted ? undefined : { failed: true, queueMillis };
        const isUnbegun = error instanceof NotBegunError;
        // What it has not begun is not its own failure.
        lease?.release(isUnbegun ? undefined : failure);
        // Where nobody listens, the server is dead or dying; another one is had when that is known.
        if (isUnbegun && attempt < maxTries && (await isAborted(error.lost, deathPatience))) continue;
        if (failure && (!lease || isUnbegun)) pool.statistics.add(failure);
        throw error;
      }
    }
  }
}

function figuresOf({ failed, firstAt, endedAt, usage }: Relayed, sentAt: number) {
  const times = firstAt === undefined ? {} : { firstTokenMillis: firstAt - sentAt, streamMillis: endedAt - firstAt };
  return { failed, ...times, ...usage };
}

function describe({ name, model }: ModelPool): object {
  return { id: name, object: 'model', created: 0, owned_by: 'tree-warden', aliases: model.aliases };
}

/** Comments in a stream of events, for clients that give up when nothing comes: from now until the model answers. */
function giveSigns({ headers }: IncomingMessage, response: ServerResponse, pool: ModelPool): NodeJS.Timeout | undefined {
  const wanted = headers['x-tree-warden-keep-alive'];
  if (typeof wanted !== 'string') return undefined;
  let millis: number;
  try {
    millis = Math.max(parseDuration(wanted), shortestKeepAlive);
  } catch (error) {
    throw new GatewayError(400, `x-tree-warden-keep-alive: ${errorText(error)}`);
  }
  return setInterval(() => {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    const { state, progress } = pool.snapshot();
    response.write(`: ${state}${progress === undefined ? '' : ` ${progress} %`}\n\n`);
  }, millis);
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the client has gone'));
  });
  return controller.signal;
}

function fail(response: ServerResponse, error: unknown, dialect: Dialect): void {
  if (response.destroyed) return;
  const known = error instanceof GatewayError ? error : new GatewayError(502, errorText(error));
  if (response.headersSent) {
    response.end(errorEvent(known, dialect));
    return;
  }
  const { status, retryAfterSeconds } = known;
  response
    .writeHead(status, {
      'Content-Type': 'application/json',
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    })
    .end(errorBody(known, dialect));
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
