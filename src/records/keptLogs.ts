/** Which logs of trees are kept: those on record, and of the others the newest ones. */
import type { Dir } from 'node:fs';
import { opendir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What carries our name and format: `NAME-ID.log`, what was set aside, the times of both, and the copy that is to be set aside. */
const logName = /^(?<log>.+-(?<tree>[0-9a-f]{8})\.log)(?:\.\d{1,2}|\.times(?:\.1)?|\.next)?$/;
/** Number of logs that are kept however old they are, and at all; the age in milliseconds that those in between may have. */
const bounds = { always: 100, logs: 500, millis: 14 * 24 * 3_600_000 } as const;
/** Maximum number of entries of the folder that are looked at. */
const maxEntries = 20_000;

interface KeptLog {
  readonly tree: string;
  readonly paths: string[];
}

/**
 * Removes the logs that were written to longest ago, where there are many.
 * @param isOnRecord Of the beginning of a tree's id: its log stays.
 * @throws the system's error where the folder cannot be read.
 */
export async function pruneLogs(folder: string, isOnRecord: (tree: string) => boolean): Promise<void> {
  const logs = (await logsIn(folder)).filter(({ tree }) => !isOnRecord(tree));
  if (logs.length <= bounds.always) return;
  const dated: { readonly log: KeptLog; readonly writtenAt: number }[] = [];
  for (const log of logs) dated.push({ log, writtenAt: await lastWrite(log) });
  const oldestAt = Date.now() - bounds.millis;
  const outdated = dated
    .toSorted((a, b) => b.writtenAt - a.writtenAt)
    .slice(bounds.always)
    .filter(({ writtenAt }, index) => index >= bounds.logs - bounds.always || writtenAt < oldestAt);
  // Another warden may do the same.
  for (const path of outdated.flatMap(({ log }) => log.paths)) await unlink(path).catch(() => undefined);
}

async function logsIn(folder: string): Promise<readonly KeptLog[]> {
  const logs = new Map<string, KeptLog>();
  let entries = 0;
  for await (const entry of (await openIfThere(folder)) ?? []) {
    const { log, tree } = (entry.isFile() && logName.exec(entry.name)?.groups) || {};
    if (log !== undefined && tree !== undefined) {
      const known = logs.get(log) ?? { tree, paths: [] };
      known.paths.push(join(folder, entry.name));
      logs.set(log, known);
    }
    if (++entries === maxEntries) break;
  }
  return [...logs.values()];
}

async function openIfThere(folder: string): Promise<Dir | undefined> {
  return await opendir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}

/** In milliseconds since 1970. */
async function lastWrite({ paths }: KeptLog): Promise<number> {
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
