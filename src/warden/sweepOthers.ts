import { renameSync } from 'node:fs';
import { adoptedSuffix, removeRecordFolder } from '../records/recordFiles.ts';
import type { RecordFolder } from '../records/records.ts';
import { reapTree, startDetachedWarden, sweep } from './ending/reaper.ts';
import type { WardenParts } from './wardenParts.ts';

/** Ends what earlier wardens left because everything was killed at once, and has their detached trees taken over. */
export async function sweepOthers(parts: WardenParts, alert: (message: string) => void): Promise<void> {
  const { journal, observers, options } = parts;
  const { platform, runtimeFolder, lifetime } = options;
  const { swept, unreadable, detached } = await sweep(platform, runtimeFolder);
  for (const { workspace, trees } of swept) {
    for (const { name, killed, problem } of trees) {
      journal.write({
        event: problem ? 'cleanup-failed' : 'swept',
        spec: name,
        reason: problem || `${killed} processes of ${workspace || 'a command line'} had outlived their warden`,
      });
      if (problem) alert(`'${name}', left by a crash, could not be ended: ${problem}.`);
    }
  }
  for (const reason of unreadable) journal.write({ event: 'record-set-aside', reason });
  for (const folder of detached) {
    await observers.run(
      `Having the detached processes of ${folder.path} looked after`,
      () => (lifetime === 'detached' ? adopt(parts, folder) : startDetachedWarden(folder)),
      undefined,
    );
  }
}

/** Takes over the detached trees of a dead warden. Of several wardens that try, the one that renames its folder first does so. */
async function adopt({ records, supervisor, options }: WardenParts, { path, trees, warden }: RecordFolder): Promise<void> {
  const taken = `${records.folder}${adoptedSuffix}`;
  try {
    renameSync(path, taken);
  } catch {
    return;
  }
  records.inheritCgroupRoots(warden.homes);
  for (const record of trees) {
    if (record.detached !== null) supervisor.adopt(record, warden);
    // Strays belonged to no tree even then.
    else await reapTree(options.platform, record, warden);
  }
  removeRecordFolder(taken);
}
