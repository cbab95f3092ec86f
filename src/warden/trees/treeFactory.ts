import { randomUUID } from 'node:crypto';
import type { Containers } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { type Records, rawSocketPath, type TreeRecord } from '../../records/records.ts';
import type { TreeLogs } from '../output/treeLogs.ts';
import { TreeOutput } from '../output/treeOutput.ts';
import type { RecoveredTree } from './adoption.ts';
import type { WindowLimits } from './limitKeeper.ts';
import { Tree, type TreePast } from './tree.ts';
import type { TreeEmitter } from './treeEvents.ts';

export interface TreeFactoryParts {
  readonly platform: Platform;
  readonly containers: Containers;
  readonly lifetime: Lifetime;
  readonly windowLimits: WindowLimits;
  readonly records: Records;
  readonly logs: TreeLogs;
  readonly events: TreeEmitter;
  /** Living members of a tree, looked up afresh and thoroughly. */
  alive(tree: TreeId): ProcessStat[];
  /** Why the kernel has ended members of this tree by itself; undefined where it has not. */
  causeOfDeath(tree: TreeId): string | undefined;
}

/** Makes trees that are still to be started, or taken over. */
export class TreeFactory {
  readonly #parts: TreeFactoryParts;

  constructor(parts: TreeFactoryParts) {
    this.#parts = parts;
  }

  create(request: StartRequest): Tree {
    return this.#make(randomUUID() as TreeId, this.#complete(request));
  }

  createRecovered({ tree, startedAt }: TreeRecord, { request, commandLine, log }: RecoveredTree): Tree {
    return this.#make(tree, request, { startedAt, commandLine, log });
  }

  /** What the warden adds to a request: its own default limits, and where a detached one writes to. */
  #complete(request: StartRequest): StartRequest {
    const { windowLimits, lifetime } = this.#parts;
    const limits = { ...(windowLimits.timeMillis > 0 && { timeMillis: windowLimits.timeMillis }), ...request.limits };
    return {
      ...request,
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(lifetime === 'detached' && { stdio: 'file' }),
    };
  }

  #make(id: TreeId, request: StartRequest, past?: TreePast & { readonly log: string }): Tree {
    const { platform, containers, lifetime, records, logs, events, alive, causeOfDeath } = this.#parts;
    const context = {
      platform,
      lifetime,
      events,
      rawSocket: rawSocketPath(records.folder, id),
      output: new TreeOutput(logs.logFor(id, request, past?.log), request.awaitReader),
      contain: () => containers.contain(request.containment, id),
      alive: () => alive(id),
      limitReached: () => causeOfDeath(id),
    };
    return new Tree(id, request, context, past);
  }
}
