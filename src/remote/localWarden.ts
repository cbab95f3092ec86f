import { setTimeout as sleep } from 'node:timers/promises';
import { ResponseError } from 'vscode-jsonrpc';
import { connectToWarden, type WardenClient } from '../client/wardenClient.ts';
import { recordedWardens } from '../client/wardenRegistry.ts';
import { errorCodes } from '../protocol/errorCodes.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { RemoteFigures } from '../protocol/remoteRequests.ts';
import type { RemoteStatus } from '../protocol/runner.ts';
import type { RemoteStart } from '../protocol/startRequest.ts';
import { socketPath } from '../records/records.ts';

/** Of the name that it has in the journals. */
const clientName = 'tree-warden remote';
/** Between two looks for the warden that takes the tree over, in milliseconds. */
const lookMillis = 1000;

/** The warden of this machine that has the tree; when that is killed, the one that takes it over. */
export class LocalWarden {
  readonly #tree: TreeId;
  #client: WardenClient;
  #last: readonly [RemoteStatus, RemoteFigures | undefined] | undefined;

  static async connect(socket: string, tree: TreeId): Promise<LocalWarden> {
    return new LocalWarden(await connectToWarden(socket, clientName), tree);
  }

  private constructor(client: WardenClient, tree: TreeId) {
    this.#client = client;
    this.#tree = tree;
    this.#follow(client);
  }

  /** What is to be started. */
  async request(): Promise<RemoteStart> {
    return await this.#client.remoteStart(this.#tree);
  }

  report(status: RemoteStatus, figures?: RemoteFigures): void {
    this.#last = [status, figures ?? this.#last?.[1]];
    this.#client.reportRemote(this.#tree, status, figures);
  }

  /** Resolves when it knows of all that was reported. */
  async flushed(): Promise<void> {
    await this.#client.gateway().catch(() => undefined);
  }

  #follow(client: WardenClient): void {
    client.onClose(() => void this.#findNext());
  }

  /** Where the tree ends with its warden, so does this process before anything is found. */
  async #findNext(): Promise<void> {
    for (;;) {
      await sleep(lookMillis);
      const next = await this.#holder();
      if (next === undefined) continue;
      this.#client = next;
      this.#follow(next);
      if (this.#last) this.report(...this.#last);
      return;
    }
  }

  /** Not by its list: a thousand connectors may look for their trees at the same time. */
  async #isHeldBy(client: WardenClient): Promise<boolean> {
    try {
      await client.remoteStart(this.#tree);
      return true;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      // Of one that was taken over, it is not known any more what was to be started.
      return error.code !== errorCodes.noSuchTree;
    }
  }

  async #holder(): Promise<WardenClient | undefined> {
    for (const { path, trees } of recordedWardens()) {
      if (!trees.some(({ tree }) => tree === this.#tree)) continue;
      try {
        const client = await connectToWarden(socketPath(path), clientName);
        if (await this.#isHeldBy(client)) return client;
        client.dispose();
      } catch {
        // The record of one that is dead, or that has only just begun.
      }
    }
    return undefined;
  }
}
