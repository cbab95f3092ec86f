import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { errorText } from '../protocol/errors.ts';
import * as messages from '../protocol/gateway.ts';
import type { ModelRequest } from '../protocol/models.ts';
import type { Launched, Launcher, LaunchListener } from './launcher.ts';
import { requestLoad } from './loadRequest.ts';

/** Milliseconds between the loss of a server's connections and the news of its end. */
const deathNewsMillis = 2000;

interface Followed {
  readonly listener: LaunchListener;
  readonly onReady: () => void;
  readonly onEnded: (end: messages.ServerEnd) => void;
  readonly isReady: Promise<void>;
  readonly ended: Promise<messages.ServerEnd>;
}

/** Has the warden start and end servers, as trees that it guards. */
export class RemoteLauncher implements Launcher {
  readonly #connection: MessageConnection;
  readonly #followed = new Map<string, Followed>();

  constructor(connection: MessageConnection) {
    this.#connection = connection;
    connection.onNotification(messages.serverReady, ({ key }) => this.#followed.get(key)?.onReady());
    connection.onNotification(messages.serverProgress, ({ key, ...progress }) => this.#followed.get(key)?.listener.onProgress(progress));
    connection.onNotification(messages.serverHealth, ({ key, isHealthy }) => this.#followed.get(key)?.listener.onHealth(isHealthy));
    connection.onNotification(messages.serverEnded, ({ key, end }) => this.#followed.get(key)?.onEnded(end));
  }

  async launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched> {
    const key = randomUUID();
    // Before the request: its server may be ready, or have ended, before the answer is read.
    const followed = this.#follow(key, listener);
    try {
      const started = await this.#connection.sendRequest(messages.launchServer, { key, model: model.name, instance });
      return this.#launched(started, model, followed);
    } catch (error) {
      this.#followed.delete(key);
      throw new Error(errorText(error));
    }
  }

  takeOver({ key, model, isReady, isHealthy, tree, name, port, promptFolder }: messages.LivingServer, listener: LaunchListener): Launched {
    const followed = this.#follow(key, listener);
    if (isReady) followed.onReady();
    if (!isHealthy) void followed.isReady.then(() => listener.onHealth(false));
    return this.#launched({ tree, name, port, ...(promptFolder !== undefined && { promptFolder }) }, model, followed);
  }

  async end({ tree }: Pick<Launched, 'tree'>, reason: string): Promise<void> {
    try {
      await this.#connection.sendRequest(messages.endServer, { tree, reason });
    } catch (error) {
      throw new Error(errorText(error));
    }
  }

  #follow(key: string, listener: LaunchListener): Followed {
    let onReady = (): void => undefined;
    let onEnded = (_: messages.ServerEnd): void => undefined;
    const isReady = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    const ended = new Promise<messages.ServerEnd>((resolve) => {
      onEnded = (end) => {
        this.#followed.delete(key);
        resolve(end);
      };
    });
    const followed = { listener, isReady, ended, onReady: () => onReady(), onEnded: (end: messages.ServerEnd) => onEnded(end) };
    this.#followed.set(key, followed);
    return followed;
  }

  #launched(started: messages.StartedServer, model: ModelRequest, { isReady, ended }: Followed): Launched {
    const died = ended.then(({ loadFailure }): never => {
      throw new Error(loadFailure);
    });
    const ready = Promise.race([isReady, died]).then(() => loadModel(model, started.port, died));
    // Both are heard by the caller, which may not be interested any more.
    for (const promise of [died, ready]) promise.catch(() => undefined);
    return { ...started, ready, ended };
  }
}

/** Of servers that load a model when they are asked to. A second request for a model that is loaded changes nothing. */
async function loadModel({ name, loadRequest }: ModelRequest, port: number, died: Promise<never>): Promise<void> {
  if (loadRequest === undefined) return;
  const asked = requestLoad(port, loadRequest).catch(async (error: unknown) => {
    // A server's end takes the connection along; the news of it, which says more, comes a moment later.
    await Promise.race([died, wait(deathNewsMillis, undefined, { ref: false })]);
    return `did not answer: ${errorText(error)}`;
  });
  const refusal = await Promise.race([asked, died]);
  if (refusal !== undefined) throw new Error(`'${name}' could not be loaded: its server ${refusal}`);
}
