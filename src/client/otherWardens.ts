/** Wardens that another client has started: one whose window was reloaded, and the one of a window's detached trees. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lifetime } from '../protocol/identity.ts';
import { type RecordFolder, socketPath } from '../records/records.ts';
import { startApart } from './startApart.ts';
import { connectToWarden, type WardenClient } from './wardenClient.ts';
import { reapAfter } from './wardenCommands.ts';
import { defaultStartMillis, type OwnedWarden } from './wardenProcess.ts';
import { recordedWardens, type WardenRegistry } from './wardenRegistry.ts';

export interface WindowIdentity {
  /** The same before and after a reload; never empty. */
  readonly window: string;
  /** Name of the workspace, for people. */
  readonly workspace: string;
}

export interface TakeOverOptions {
  /** By its records; others are not asked. */
  isWanted?(folder: RecordFolder): boolean;
  /** Says of one of another version why it cannot be taken over, and what to do. */
  onVersionProblem?(problem: string): void;
}

/**
 * Takes over the warden that this window had before it was reloaded. Undefined where there is none that waits for it.
 * From then on it lives for this process: it sees the end of the connection.
 */
export async function takeOverWarden(
  script: string,
  { window }: WindowIdentity,
  client: string,
  { isWanted = () => true, onVersionProblem = () => undefined }: TakeOverOptions = {},
): Promise<OwnedWarden | undefined> {
  for (const { path, warden } of recordedWardens().filter((folder) => isOfWindow(window, 'managed')(folder) && isWanted(folder))) {
    let found: WardenClient | undefined;
    try {
      found = await connectToWarden(socketPath(path), client);
      await found.takeOwnership();
    } catch {
      // It is gone, of another version, or the window that it belongs to is open.
      if (found?.versionProblem !== undefined) onVersionProblem(found.versionProblem);
      found?.dispose();
      continue;
    }
    const taken = found;
    const closed = new Promise<void>((resolve) => taken.onClose(resolve));
    return {
      client: taken,
      pid: warden.process.pid,
      ended: closed.then(async () => {
        // One that ends in order takes its records along first.
        const orderly = !existsSync(path);
        if (!orderly) await reapAfter(script, path);
        return { orderly, stderrTail: '' };
      }),
    };
  }
  return undefined;
}

/** The warden of this window's detached trees, where it has one that speaks a version of the protocol that this client does. */
export async function findDetachedWarden({ window }: WindowIdentity, registry: WardenRegistry): Promise<WardenClient | undefined> {
  return await findWarden(window, 'detached', registry);
}

/** The warden of a window that is open. */
export async function findWindowWarden(window: string, registry: WardenRegistry): Promise<WardenClient | undefined> {
  return await findWarden(window, 'managed', registry);
}

/** Whether a record is of a window's warden with this lifetime. */
export function isOfWindow(window: string, lifetime: Lifetime): (record: RecordFolder) => boolean {
  return ({ warden }) => warden.window === window && warden.lifetime === lifetime;
}

async function findWarden(window: string, lifetime: Lifetime, registry: WardenRegistry): Promise<WardenClient | undefined> {
  const { wardens } = await registry.connect(isOfWindow(window, lifetime));
  return wardens.find(({ client }) => !client.hasOnlyCore)?.client;
}

/**
 * The warden of this window's detached trees, started where there is none. One of another version goes on beside it.
 * @throws Error where it does not start.
 */
export async function ensureDetachedWarden(
  script: string,
  identity: WindowIdentity,
  registry: WardenRegistry,
  env: NodeJS.ProcessEnv = process.env,
): Promise<WardenClient> {
  const { workspace, window } = identity;
  const already = await findDetachedWarden(identity, registry);
  if (already) return already;
  let failed = false;
  startApart(script, { workspace, window, lifetime: 'detached' }, env, () => {
    failed = true;
  });
  const until = performance.now() + defaultStartMillis;
  while (performance.now() < until && !failed) {
    const found = await findDetachedWarden(identity, registry);
    if (found) return found;
    await sleep(20);
  }
  throw new Error('The warden for detached processes could not be started; see the journal of the command line.');
}
