import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveModel } from '../../src/config/resolveModel.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot, ServedModel } from '../../src/protocol/models.ts';
import { eventually } from './run.ts';
import { TestWarden } from './warden.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

/** A warden with models that have none: see the fixture for what they can be told. */
export class TestModels implements AsyncDisposable {
  readonly warden: TestWarden;
  readonly gateway: GatewayInfo;

  static async start(
    ...models: readonly (Partial<ModelRequest> & { readonly name: string; readonly arguments?: readonly string[] })[]
  ): Promise<TestModels> {
    const warden = await TestWarden.start();
    return await TestModels.of(
      warden,
      models.map(({ arguments: args = [], ...changes }) => fakeModel(warden, args, changes)),
    );
  }

  static async of(warden: TestWarden, requests: ModelRequest[], options: Partial<GatewayOptions> = {}): Promise<TestModels> {
    return new TestModels(warden, await warden.client.declareModels(requests, { port: 0, ...options }));
  }

  private constructor(warden: TestWarden, gateway: GatewayInfo) {
    this.warden = warden;
    this.gateway = gateway;
  }

  /** What the servers have written down. */
  get log(): string {
    return join(this.warden.run.workFolder, 'log');
  }

  /** Lets go on what is told to `hold` until there is a file of this name, and holds it again. */
  letGo(file: string): void {
    writeFileSync(join(this.warden.run.workFolder, file), '');
  }

  hold(file: string): void {
    rmSync(join(this.warden.run.workFolder, file));
  }

  async model(name: string): Promise<ModelSnapshot> {
    const found = (await this.warden.client.models()).find((model) => model.name === name);
    if (!found) throw new Error(`there is no model ${name}`);
    return found;
  }

  async until(name: string, wanted: (model: ModelSnapshot) => boolean): Promise<ModelSnapshot> {
    return await eventually(`${name} is so`, async () => {
      const model = await this.model(name);
      return wanted(model) && model;
    });
  }

  /** A request to the gateway, with the token. */
  async ask(path: string, body?: object | Buffer, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return await fetch(`${this.gateway.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.gateway.token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  /** One prompt, the whole answer; what goes wrong is in it. */
  async chat(model: string, orders: string, changes: object = {}): Promise<{ readonly status: number; readonly text: string }> {
    const response = await this.ask('/v1/chat/completions', { model, messages: [{ role: 'user', content: orders }], ...changes });
    return { status: response.status, text: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warden[Symbol.asyncDispose]();
  }
}

/** As {@link resolveModel}, of a model that is no remote one. */
export async function resolveServed(...args: Parameters<typeof resolveModel>): Promise<ServedModel> {
  const { start, ...model } = await resolveModel(...args);
  if (!start) throw new Error(`no process would serve '${model.name}'`);
  return { ...model, start };
}

export function fakeModel(
  warden: TestWarden,
  args: readonly string[],
  { start, ...changes }: Partial<ModelRequest> & { readonly name: string },
): ServedModel {
  const { name } = changes;
  const log = join(warden.run.workFolder, 'log');
  return {
    aliases: [],
    runtime: 'fake',
    start: start ?? {
      ...warden.request([process.execPath, server, '--port', '${port}', '--name', name, '--log', log, ...args]),
      group: 'Models',
      pool: name,
      ready: {
        check: { by: 'http', url: 'http://127.0.0.1:${port}/health' },
        delayMillis: 0,
        periodMillis: 20,
        timeoutMillis: 10_000,
        failureThreshold: 3,
        successThreshold: 1,
        // Node alone may take seconds to start where many processes do.
        deadlineMillis: 60_000,
      },
    },
    instances: 1,
    ttlMillis: 0,
    preload: false,
    maxQueue: 100,
    maxConcurrent: 4,
    concurrencyLimit: 0,
    affinity: false,
    upstreamName: name,
    progress: '(\\d+)% Completed',
    ...changes,
  };
}
