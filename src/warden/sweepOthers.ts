import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { localizable, type Text } from '../protocol/texts.ts';
import { pruneLogs } from '../records/keptLogs.ts';
import { adoptedSuffix, removeRecordFolder } from '../records/recordFiles.ts';
import { type RecordFolder, readAllRecords } from '../records/records.ts';
import { reapTree, startDetachedWarden, sweep } from './ending/reaper.ts';
import type { WardenParts } from './wardenParts.ts';

/** Ends what earlier wardens left because everything was killed at once, and has their detached trees taken over. */
export async function sweepOthers(parts: WardenParts, alert: (message: Text) => void): Promise<void> {
  const { journal, observers, options } = parts;
  const { platform, runtimeFolder, lifetime } = options;
  const { swept, unreadable, detached } = await sweep(platform, runtimeFolder, parts.supervisor.cleaner);
  for (const { workspace, trees } of swept) {
    for (const { name, killed, commands = 0, failed = [], problem } of trees) {
      if (commands > 0) journal.write({ event: 'hook', spec: name, reason: `${commands} commands of its stop were run after a crash` });
      for (const { command, problem: why } of failed) {
        journal.write({ event: 'hook', spec: name, command, reason: String(why) });
        alert(localizable('leftHookFailed', name, command, why));
      }
      journal.write({
        event: problem ? 'cleanup-failed' : 'swept',
        spec: name,
        reason: problem ? String(problem) : `${killed} processes of ${workspace || 'a command line'} had outlived their warden`,
      });
      // One that another process has is no news where this one is ending.
      if (problem && !parts.supervisor.cleaner.leaving.aborted) alert(localizable('leftNotEnded', name, problem));
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
  await observers.run('Removing old logs', () => removeOldLogs(options), undefined);
}

async function removeOldLogs({ logFolder, runtimeFolder }: WardenParts['options']): Promise<void> {
  const { folders, unreadable } = readAllRecords(runtimeFolder);
  // It may be of another version, whose processes write logs as well.
  if (unreadable.length > 0 || folders.some((folder) => folder.unreadable.length > 0)) return;
  const recorded = new Set(folders.flatMap(({ trees }) => trees.map(({ tree }) => tree.slice(0, 8))));
  await pruneLogs(logFolder, (tree) => recorded.has(tree));
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
    // Strays belonged to no tree even then; what has ended meanwhile may have commands of its stop left.
    const isLiving = record.detached !== null && record.claimant === undefined && supervisor.adopt(record, warden);
    if (!isLiving) await reapTree(options.platform, { ...record, path: join(taken, basename(record.path)) }, warden, supervisor.cleaner);
  }
  removeRecordFolder(taken);
}
