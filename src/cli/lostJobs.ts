import type { WardenClient } from '../client/wardenClient.ts';
import { type LostJobs, lostJobs } from '../records/jobFiles.ts';

/**
 * The jobs of a pool that waited when their warden was killed.
 * @param client Of the one warden that may have some of the pool now; undefined where none runs.
 */
export function lostOf(client: WardenClient | undefined, { path, name }: { readonly path: string; readonly name: string }): LostJobs {
  return lostJobs({ origin: path, name }, new Set(client ? [client.welcome.warden] : []));
}
