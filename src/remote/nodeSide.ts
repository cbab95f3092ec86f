/** What runs on a node beside its warden. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToWarden } from '../client/wardenClient.ts';
import { WardenGoneError } from '../client/wardenGone.ts';
import { recordedWardens } from '../client/wardenRegistry.ts';
import { leasePrefix } from '../protocol/runnerVariables.ts';
import { socketPath } from '../records/records.ts';
import { serveStreams } from './nodeStreams.ts';

/** A warden that was started at the same time needs a moment, on a busy node far longer, in milliseconds. */
const startMillis = 30_000;
const pollMillis = 50;

/**
 * Hands the warden of this lease on over stdin and stdout, until they end; a line in front says that it is there.
 * @throws Error where there is none.
 */
export async function attach(lease: string, { isNew }: { readonly isNew: boolean }): Promise<void> {
  const path = await socketOf(lease, isNew ? startMillis : 0);
  if (path === undefined) {
    process.exitCode = noWarden;
    throw new Error(isNew ? 'its warden on the node could not be started' : 'its warden on the node has ended');
  }
  process.stdout.write(readyLine);
  await new Promise<void>((resolve) => {
    // Without its warden, there is nothing to hand on; what that has said last is on its way.
    const open = (): Socket => connect(path).once('close', () => setTimeout(resolve, lastWordsMillis));
    void serveStreams(process.stdin, process.stdout, open).then(resolve);
  });
}

const lastWordsMillis = 2000;

/** Status of {@link attach} where there is no warden. */
export const noWarden = 92;

/** What {@link attach} prints first; what stands before it is of the shell of the user, or of the programs between. */
export const readyLine = '\n--tree-warden-node--\n';

/** Ends what is there for this lease; resolves when nothing of it is left. */
export async function endLease(lease: string): Promise<void> {
  const path = await socketOf(lease, 0);
  if (path === undefined) return;
  try {
    const client = await connectToWarden(path, 'tree-warden remote');
    await client.shutdown('its client has gone');
  } catch (error) {
    if (!(error instanceof WardenGoneError)) throw error;
  }
}

async function socketOf(lease: string, waitMillis: number): Promise<string | undefined> {
  const deadline = performance.now() + waitMillis;
  for (;;) {
    for (const { path, warden } of recordedWardens()) if (warden.window === leasePrefix + lease) return socketPath(path);
    if (performance.now() >= deadline) return undefined;
    await sleep(pollMillis);
  }
}
