/** Wardens that somebody else has started: one whose window was reloaded, and the one of a window's detached trees. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { execPath } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lifetime } from '../protocol/messages.ts';
import { serveArguments } from '../protocol/serveCommand.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { type RecordFolder, readAllRecords, socketPath } from '../records/records.ts';
import { openRuntimeFolder, runtimeFolderPath } from '../records/runtimeFolder.ts';
import { connectToWarden, type WardenClient } from './wardenClient.ts';
import { asNode, type OwnedWarden, reapAfter } from './wardenProcess.ts';

export interface WindowIdentity {
  /** The same before and after a reload; never empty. */
  readonly window: string;
  /** For people. */
  readonly workspace: string;
}

/** How long a detached warden may take to be there, in milliseconds. */
const startPatience = 10_000;

/**
 * Takes over the warden that this window had before it was reloaded. Undefined where there is none that waits for it.
 * From then on it lives for us: when we are gone, it sees our connection end.
 */
export async function claimWarden(script: string, { window }: WindowIdentity, client: string): Promise<OwnedWarden | undefined> {
  for (const { path, warden } of wardensOf(window, 'managed')) {
    let found: WardenClient | undefined;
    try {
      found = await connectToWarden(socketPath(path), client);
      await found.claim();
    } catch {
      // It is gone, of another version, or the window that it belongs to is open.
      found?.dispose();
      continue;
    }
    const claimed = found;
    const closed = new Promise<void>((resolve) => claimed.onClose(resolve));
    return {
      client: claimed,
      pid: warden.process.pid,
      ended: closed.then(async () => {
        // One that ends in order takes its records along first.
        const orderly = !existsSync(path);
        if (!orderly) await reapAfter(script, path);
        return { orderly, said: '' };
      }),
    };
  }
  return undefined;
}

/** The warden of this window's detached trees, where it has one. */
export async function findDetachedWarden({ window }: WindowIdentity, client: string): Promise<WardenClient | undefined> {
  return await findWarden(window, 'detached', client);
}

/** The warden of a window that is open. */
export async function findWindowWarden(window: string, client: string): Promise<WardenClient | undefined> {
  return await findWarden(window, 'managed', client);
}

async function findWarden(window: string, lifetime: Lifetime, client: string): Promise<WardenClient | undefined> {
  for (const { path } of wardensOf(window, lifetime)) {
    try {
      return await connectToWarden(socketPath(path), client);
    } catch {
      // It is gone, or about to be there.
    }
  }
  return undefined;
}

/**
 * The same, started where there is none.
 * @throws Error where it does not come up.
 */
export async function ensureDetachedWarden(script: string, identity: WindowIdentity, client: string): Promise<WardenClient> {
  const { workspace, window } = identity;
  const already = await findDetachedWarden(identity, client);
  if (already) return already;
  const args = serveArguments(script, { workspace, window, logFolder: stateLogFolder(), lifetime: 'detached' });
  const child = spawn(execPath, args, { detached: true, stdio: 'ignore', cwd: '/', env: asNode(process.env) });
  let failed = false;
  child.once('error', () => {
    failed = true;
  });
  child.once('exit', () => {
    failed = true;
  });
  child.unref();
  const until = Date.now() + startPatience;
  while (Date.now() < until && !failed) {
    const found = await findDetachedWarden(identity, client);
    if (found) return found;
    await sleep(20);
  }
  throw new Error('The warden for detached processes could not be started; see the journal of the command line.');
}

function wardensOf(window: string, lifetime: Lifetime): RecordFolder[] {
  if (!existsSync(runtimeFolderPath())) return [];
  const { folders } = readAllRecords(openRuntimeFolder());
  return folders.filter(({ warden }) => warden.window === window && warden.lifetime === lifetime);
}
