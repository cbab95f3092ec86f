import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyError, BodyKeeper, type BodyLimits } from '../loopback/body.ts';
import { LoopbackServer, type Refusal, shownBy, withoutKey } from '../loopback/server.ts';
import { newToken } from '../loopback/token.ts';
import { errorText } from '../protocol/errors.ts';
import type { ClientKey, GatewayInfo, GatewayOptions, TranslatedPath } from '../protocol/models.ts';
import { ActivityLog, type FollowedRequest } from './activity/activityLog.ts';
import { type AnswerTap, BodyLog } from './activity/bodyLog.ts';
import { type Catalogue, ClientKeys, modelsFor, withoutOthers } from './clientKeys.ts';
import { withFallbacks } from './fallback.ts';
import { type Dialect, errorBody, errorEvent, errorHeaders, GatewayError } from './gatewayError.ts';
import { KeepAlive } from './keepAlive.ts';
import type { Lease } from './lease.ts';
import { modelEntries } from './modelEntries.ts';
import { ModelExchange } from './modelExchange.ts';
import type { ModelPool } from './modelPool.ts';
import { Pages } from './pages.ts';
import { hostOf } from './remote/remoteConnections.ts';
import { changesOf, parseBody } from './requestBody.ts';
import { type Route, routeOf } from './routes.ts';
import type { Charge } from './spending/budget.ts';
import { estimatedTokens, tokensOf, usageChanges, wasNotAnswered } from './spending/charges.ts';
import { InvalidRequestError } from './translation/invalidRequestError.ts';
import type { Upgrade } from './tunnel.ts';
import { isAborted, NotBegunError, type ProxyResult } from './upstreamExchange.ts';

/** Maximum number of servers that are tried for a request of which nothing was sent yet. */
const maxTries = 3;
/** Maximum time until the end of a server is known, once its port accepts no connections; in milliseconds. */
const deathTimeoutMillis = 5000;

/** Limits of request bodies, which are kept until they are answered: of one and of all together, in bytes, and the time without data, in milliseconds. */
const bodyLimits = { one: 256 * 2 ** 20, all: 2 ** 30, idleMillis: 30_000 } as const;
/** Time after which a client may try again where the requests that wait fill what is kept; in seconds. */
const retryAfterSeconds = 5;

/** What nginx logs where the client has closed its connection before the answer had ended; it is never sent. */
const clientGone = 499;

type InferenceRoute = Extract<Route, { to: 'inference' }>;

/** Who asks, and what that one may use. */
interface Asking {
  readonly client: ClientKey | undefined;
  readonly models: Catalogue;
  /** What that one may be told, of a text about a model. */
  told(text: string): string;
}

const noKey =
  'The API key is missing or wrong. It is what tree-warden gateway prints, what Copy API Key copies in the editor, or a key that "gateway" in processes.json declares.';

/** The HTTP server of all models, on loopback, for clients with the token. */
export class Gateway {
  readonly info: GatewayInfo;
  readonly pages = new Pages();
  readonly keys = new ClientKeys();
  readonly bodies = new BodyLog();
  readonly activity: ActivityLog;
  readonly #models: Catalogue;
  readonly #server: LoopbackServer;
  readonly #bodies: BodyKeeper;
  readonly #exchange = new ModelExchange();
  readonly #serving = new Set<Promise<void>>();

  /**
   * @param descriptors Number of files that this process may have open.
   * @param limits Of requests that are kept until they are answered.
   * @throws Error where no port can be listened on, or the token is none.
   */
  static async open(
    models: Catalogue,
    { port, isPortFixed = false, token = newToken() }: GatewayOptions,
    descriptors: number,
    limits: BodyLimits = bodyLimits,
  ): Promise<Gateway> {
    let gateway: Gateway | undefined;
    const options = {
      token,
      descriptors,
      // What is uploaded to a server's own path is as long as it is; what is kept here has a deadline of its own.
      requestMillis: 0,
      isPublic: (request: IncomingMessage) =>
        gateway?.pages.isPreflight(request) || routeOf(request.method ?? 'GET', request.url ?? '/').to === 'health',
      isOtherToken: (shown: string) => gateway?.keys.holderOf(shown) !== undefined,
      serve: (request: IncomingMessage, response: ServerResponse) => void gateway?.serve(request, response),
      refuse: (request: IncomingMessage, response: ServerResponse, refusal: Refusal) => gateway?.refuse(request, response, refusal),
      upgrade: (request: IncomingMessage, upgrade: Upgrade) => void gateway?.openWebSocket(request, upgrade),
    };
    const server = await LoopbackServer.listen({ ...options, port }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || port === 0 || isPortFixed) throw error;
      return LoopbackServer.listen({ ...options, port: 0 });
    });
    gateway = new Gateway(models, server, token, new BodyKeeper(limits));
    return gateway;
  }

  private constructor(models: Catalogue, server: LoopbackServer, token: string, bodies: BodyKeeper) {
    this.#bodies = bodies;
    this.#models = models;
    this.activity = new ActivityLog(this.bodies, () => models.onActivity?.());
    this.#server = server;
    this.info = { url: `http://127.0.0.1:${server.port}`, token };
  }

  /** No connection is taken any more; resolves when the requests that are being answered have their answers. */
  async close(): Promise<void> {
    this.#server.close();
    await Promise.allSettled(this.#serving);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const served = this.#serve(request, response);
    this.#serving.add(served);
    await served;
    this.#serving.delete(served);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const asking = this.#asking(request);
    const { models } = asking;
    const route = routeOf(method, url, (name) => models.find(name) !== undefined);
    const dialect = dialectOf(route);
    try {
      if (this.pages.admit(request, response) === 'answered') return;
      switch (route.to) {
        case 'health':
          return sendJson(response, 200, { status: 'ok' });
        case 'models':
          return sendJson(response, 200, { object: 'list', data: models.all.flatMap((pool) => entriesOf(pool, asking)) });
        case 'oneModel':
          return sendJson(response, 200, entryOf(asking, route.model));
        case 'inference':
          return await this.#keepAndInfer(request, response, route, asking);
        case 'upstream':
          return await this.#passThrough(request, response, ownServersOf(models, route.model), route.path, asking);
        case 'nothing':
          throw new GatewayError(404, `There is nothing at ${method} ${url.split('?')[0]}.`);
      }
    } catch (error) {
      fail(response, error, dialect, asking);
    }
  }

  private refuse(request: IncomingMessage, response: ServerResponse, { status, message }: Refusal): void {
    // A page may read why, where it may ask; from a name that is none of loopback, it may not.
    if (status === 401) this.pages.admit(request, response);
    const text = status === 401 ? noKey : `${message}.`;
    fail(response, new GatewayError(status, text), dialectOf(routeOf(request.method ?? 'GET', request.url ?? '/')));
  }

  private async openWebSocket(request: IncomingMessage, upgrade: Upgrade): Promise<void> {
    const { headers, url = '/' } = request;
    const { response } = upgrade;
    const asking = this.#asking(request);
    try {
      const route = routeOf('GET', url, (name) => asking.models.find(name) !== undefined);
      // Of these, a browser does not ask first.
      if (headers.origin !== undefined && !this.pages.mayAsk(headers.origin))
        throw new GatewayError(403, `Pages of ${headers.origin} may not ask: name it as a further origin.`);
      if (route.to !== 'upstream')
        throw new GatewayError(404, `There is no WebSocket at ${url.split('?')[0]}: servers have them at /upstream/MODEL/.`);
      const pool = ownServersOf(asking.models, route.model);
      const followed = this.#begin(request, pool, route.path, asking);
      const upstream = { path: route.path, body: undefined, key: undefined, dialect: 'openai' as const, upgrade, followed };
      request.headers = withoutKey(headers);
      await this.#answer(request, response, pool, upstream);
    } catch (error) {
      fail(response, error, 'openai', asking);
    }
  }

  #asking(request: IncomingMessage): Asking {
    const client = this.keys.holderOf(shownBy(request));
    if (!client) return { client, models: this.#models, told: (text) => text };
    const models = modelsFor(client, this.#models);
    return { client, models, told: (text) => withoutOthers(text, models, this.#models) };
  }

  #begin(request: IncomingMessage, pool: ModelPool, path: string, { client }: Asking, asked?: string): FollowedRequest {
    return this.activity.begin(request, { model: pool.name, asked, path, isFirst: pool.isUnloaded, client: client?.name });
  }

  async #keepAndInfer(request: IncomingMessage, response: ServerResponse, route: InferenceRoute, asking: Asking): Promise<void> {
    const { bytes, release } = await this.#bodies.read(request);
    try {
      const { pool: first, asked, isStream, ...sent } = readInference(asking.models, request, bytes, route);
      const keepAlive = isStream ? KeepAlive.of(request, response, first) : undefined;
      const followed = this.#begin(request, first, route.path, asking, asked);
      const kept = this.bodies.take(bytes, request.headers['content-type'] ?? '');
      const tap = kept && this.bodies.begin(followed.id, route.path, kept);
      const answer = (pool: ModelPool): Promise<void> => {
        const its = pool === first ? sent : readInference(asking.models, request, bytes, route, pool);
        return this.#answer(request, response, pool, { ...its, keepAlive, followed, tap });
      };
      try {
        await withFallbacks(first, {
          find: (name) => asking.models.find(name),
          answer,
          onFallback: (pool) => {
            followed.fellBack(pool.name);
            keepAlive?.fellBack(pool);
            if (!response.headersSent) response.setHeader('X-Tree-Warden-Model', headerText(pool.name));
          },
        });
      } finally {
        keepAlive?.stop();
        tap?.ended();
      }
    } finally {
      release();
    }
  }

  /** What is sent to a server's own path is not looked into, and not kept. */
  async #passThrough(request: IncomingMessage, response: ServerResponse, pool: ModelPool, path: string, asking: Asking): Promise<void> {
    const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    const followed = this.#begin(request, pool, path, asking);
    const upstream = { path, body: hasBody ? request : undefined, key: undefined, dialect: 'openai' as const, followed };
    await this.#answer(request, response, pool, upstream);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    pool: ModelPool,
    {
      key,
      followed,
      ...upstream
    }: {
      path: string;
      body: Buffer | IncomingMessage | undefined;
      key: string | undefined;
      followed: FollowedRequest;
      /** Present where what is answered is kept. */
      tap?: AnswerTap | undefined;
      dialect: Dialect;
      translate?: readonly TranslatedPath[] | undefined;
      keepAlive?: KeepAlive | undefined;
      upgrade?: Upgrade;
    },
  ): Promise<void> {
    const gone = goneSignal(response);
    const { method = 'GET', headers } = request;
    let queueMillis = 0;
    let loadMillis = 0;
    for (let attempt = 1; ; attempt++) {
      const beganAt = performance.now();
      let lease: Lease | undefined;
      let charge: Charge | undefined;
      try {
        charge = pool.budget?.begin();
        lease = await pool.acquire(gone, key);
        queueMillis += lease.queueMillis;
        loadMillis += lease.loadMillis;
        followed.taken(queueMillis, { loadMillis, server: lease.server });
        const result = await this.#exchange.run({ method, headers, ...upstream, lease, gone }, response);
        const isLimited = pool.model.remote !== undefined && response.statusCode === 429;
        const answered = { queueMillis, ...figuresOf(result, beganAt + lease.queueMillis), ...(isLimited && { isLimited }) };
        charge?.spend(tokensOf(result, response.statusCode, upstream));
        lease.release(answered);
        followed.ended({ status: gone.aborted ? clientGone : response.statusCode, answered });
        return;
      } catch (error) {
        // What the client has done is no failure of the server.
        const isClients = error instanceof InvalidRequestError;
        const failure = gone.aborted || isClients ? undefined : { failed: true, queueMillis };
        const isUnbegun = error instanceof NotBegunError;
        // One that was called off, or broken off, may be charged for all the same.
        if (lease && !isClients && !wasNotAnswered(error)) charge?.spend(estimatedTokens(upstream));
        else charge?.cancel();
        // What it has not begun is not its own failure.
        lease?.release(isUnbegun ? undefined : failure);
        // Where no process listens, the server is dead or dying; another one is had when that is known.
        if (isUnbegun && attempt < maxTries && (await isAborted(error.lost, deathTimeoutMillis))) continue;
        if (failure && (!lease || isUnbegun)) pool.statistics.add(failure);
        followed.ended(gone.aborted ? { status: clientGone } : { status: asGatewayError(error).status, error: errorText(error) });
        throw error;
      }
    }
  }
}

/** In one turn, so that what the request was parsed to is garbage before another one is: waiting requests have no share of the heap. */
function readInference(
  models: Catalogue,
  { headers }: IncomingMessage,
  bytes: Buffer,
  { path, dialect }: InferenceRoute,
  /** Absent: the one that the request names. */
  other?: ModelPool,
) {
  const body = parseBody(bytes, headers['content-type'] ?? '');
  const pool = other ?? poolIn(models, body.model);
  const key = pool.model.affinity || headers['x-tree-warden-affinity'] ? body.conversation() : undefined;
  const changes = [...changesOf(pool.model, other ? undefined : body.model), ...usageChanges(pool.model, path, body.isStream)];
  const { upstreamName, translate } = pool.model;
  return { pool, asked: body.model, isStream: body.isStream, path, dialect, translate, key, body: body.bytes(upstreamName, changes) };
}

function poolIn(models: Catalogue, model: string | undefined): ModelPool {
  const pool = model === undefined ? undefined : models.find(model);
  if (pool) return pool;
  const { names } = models;
  if (model === undefined) throw new GatewayError(400, `The request names no model. There are: ${names}.`, { param: 'model' });
  throw new GatewayError(404, `There is no model '${model}'. There are: ${names}.`, { param: 'model', code: 'model_not_found' });
}

/** A model whose servers may be asked at paths of their own. Elsewhere, these are all that the key is good for, whichever model it was declared for. */
function ownServersOf(models: Catalogue, name: string): ModelPool {
  const pool = poolIn(models, name);
  const { remote } = pool.model;
  if (remote) throw new GatewayError(404, `'${pool.name}' is served by ${hostOf(remote)}: its own paths cannot be asked here.`);
  return pool;
}

function entriesOf(pool: ModelPool, { told }: Asking): object[] {
  const snapshot = pool.snapshot();
  return modelEntries({ ...snapshot, reason: told(snapshot.reason) });
}

/** A variant by its own name; the model by any other one. */
function entryOf(asking: Asking, name: string): object {
  const entries = entriesOf(poolIn(asking.models, name), asking) as { readonly id: string }[];
  return entries.find(({ id }) => id === name) ?? entries[0] ?? {};
}

function figuresOf({ failed, firstAt, endedAt, usage }: ProxyResult, sentAt: number) {
  const times = firstAt === undefined ? {} : { firstTokenMillis: firstAt - sentAt, streamMillis: endedAt - firstAt };
  return { failed, ...times, ...usage };
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the client has gone'));
  });
  return controller.signal;
}

function fail(response: ServerResponse, error: unknown, dialect: Dialect, asking?: Asking): void {
  if (response.destroyed) return;
  const { status, message, details } = asGatewayError(error);
  const known = new GatewayError(status, asking?.told(message) ?? message, details);
  if (response.headersSent) {
    response.end(errorEvent(known, dialect));
    return;
  }
  response.writeHead(known.status, { 'Content-Type': 'application/json', ...errorHeaders(known) }).end(errorBody(known, dialect));
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (!(error instanceof BodyError)) return new GatewayError(502, errorText(error));
  return new GatewayError(error.status, error.message, error.status === 503 ? { retryAfterSeconds } : {});
}

/** A header holds no letters but those of ASCII; others are written as in an address. */
function headerText(name: string): string {
  return name.replace(/[^\x20-\x7e]+/g, encodeURIComponent);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

function dialectOf(route: Route): Dialect {
  return route.to === 'inference' ? route.dialect : 'openai';
}
