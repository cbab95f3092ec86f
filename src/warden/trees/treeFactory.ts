import { randomUUID } from 'node:crypto';
import type { Container, Containers } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import { type Records, rawSocketPath, socketPath, type TreeRecord } from '../../records/records.ts';
import { withoutTerminal } from '../lentTerminals.ts';
import type { TreeLogs } from '../output/treeLogs.ts';
import { TreeOutput } from '../output/treeOutput.ts';
import type { RecoveredTree } from './adoption.ts';
import { connectorRequest } from './connectorRequest.ts';
import { isolated } from './isolated.ts';
import type { WindowLimits } from './limitKeeper.ts';
import { Tree } from './tree.ts';
import type { TreePast } from './treeContext.ts';
import type { TreeEmitter } from './treeEvents.ts';
import type { TreeView } from './treeView.ts';

export interface TreeFactoryParts {
  readonly platform: Platform;
  readonly containers: Containers;
  readonly lifetime: Lifetime;
  readonly windowLimits: WindowLimits;
  readonly lendsTerminals: boolean;
  readonly records: Records;
  readonly logs: TreeLogs;
  readonly events: TreeEmitter;
  /** See {@link TreeContext.cleared}. */
  readonly cleared: Promise<void>;
  /** Living members of a tree, looked up afresh and thoroughly. */
  alive(tree: TreeId): ProcessStat[];
  /** See {@link Target.aliveSoon}. */
  aliveSoon(tree: TreeId): Promise<readonly ProcessStat[]>;
  /** Why the kernel has ended members of this tree by itself; undefined where it has not. */
  causeOfDeath(tree: TreeId): Text | undefined;
  /** Why a tree has failed on its node; undefined where it has not, or runs here. */
  remoteFailure(tree: TreeId): Text | undefined;
}

/** Makes trees that are still to be started, or taken over. */
export class TreeFactory {
  readonly #parts: TreeFactoryParts;

  constructor(parts: TreeFactoryParts) {
    this.#parts = parts;
  }

  /** `host`: the tree that it joins. */
  create(request: StartRequest, host?: TreeView): Tree {
    return this.#make(randomUUID() as TreeId, this.#complete(request), { host });
  }

  createRecovered({ tree, startedAt }: TreeRecord, { request, commandLine, log }: RecoveredTree): Tree {
    return this.#make(tree, request, { past: { startedAt, commandLine, log } });
  }

  /** What the warden adds to a request: its own default limits, and what a tree reads from and writes to where that is not as requested. */
  #complete(requested: StartRequest): StartRequest {
    const { windowLimits, lifetime, lendsTerminals } = this.#parts;
    const request = lendsTerminals ? requested : withoutTerminal(requested);
    const limits = { ...(windowLimits.timeMillis > 0 && { timeMillis: windowLimits.timeMillis }), ...request.limits };
    const complete: StartRequest = {
      ...(windowLimits.log && { log: windowLimits.log }),
      ...request,
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(lifetime === 'detached' && { stdio: 'file' }),
    };
    const { runner } = complete;
    return runner ? connectorRequest({ ...complete, runner }, socketPath(this.#parts.records.folder)) : complete;
  }

  #make(
    id: TreeId,
    request: StartRequest,
    { past, host }: { readonly past?: TreePast & { readonly log: string }; readonly host?: TreeView | undefined },
  ): Tree {
    const { platform, lifetime, records, logs, events, cleared, alive, aliveSoon, causeOfDeath, remoteFailure } = this.#parts;
    const context = {
      platform,
      lifetime,
      events,
      cleared,
      rawSocket: rawSocketPath(records.folder, id),
      output: new TreeOutput(logs.logFor(id, request, past?.log), request.awaitReader, request.log),
      contain: () => this.#contain(id, request, host),
      alive: () => alive(id),
      aliveSoon: () => aliveSoon(id),
      limitReached: () => causeOfDeath(id),
      remoteFailure: () => remoteFailure(id),
    };
    return new Tree(id, request, context, past);
  }

  async #contain(id: TreeId, request: StartRequest, host: TreeView | undefined): Promise<Container> {
    const { platform, containers, lifetime } = this.#parts;
    const container = host?.leader
      ? await containers.join({ container: host.container, leader: host.leader.pid, cwd: request.cwd }, id)
      : containers.contain(request.containment, id);
    if (request.isolate === undefined) return container;
    try {
      return await isolated(platform.isolator, container, request, lifetime === 'detached');
    } catch (error) {
      container.dispose();
      throw error;
    }
  }
}
