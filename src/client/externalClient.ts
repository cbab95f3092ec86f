import type { RequestType } from 'vscode-jsonrpc';
import type { Guard } from '../protocol/external.ts';
import * as external from '../protocol/externalRequests.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';

type Ask = <P, R>(request: RequestType<P, R, void>, params: P) => Promise<R>;

/** Processes that Tree Warden did not start, as a warden follows them for a client. Every request rejects where the warden refuses it. */
export class ExternalClient {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async follow(request: external.FollowRequest): Promise<TreeSnapshot> {
    return await this.#ask(external.follow, request);
  }

  async setGuard(tree: TreeId, guard: Guard): Promise<TreeSnapshot> {
    return await this.#ask(external.setGuard, { tree, guard });
  }

  async forget(tree: TreeId): Promise<void> {
    await this.#ask(external.forget, { tree });
  }

  async markHosts(host: number, marked: boolean): Promise<void> {
    await this.#ask(external.markHosts, { host, marked });
  }

  async hostChildren(host: number): Promise<readonly external.HostChild[]> {
    return await this.#ask(external.hostChildren, { host });
  }
}
