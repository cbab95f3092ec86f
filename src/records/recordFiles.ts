/** Which names in a runtime folder are ours; nothing else in it is ever read, changed or removed. */
import { rmdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listBounded } from './boundedFile.ts';

export const wardenFile = 'warden.json';
export const treeSuffix = '.tree.json';
/** Of the record of a tree whose commands a process runs for a dead warden: its pid and start time stand before it. */
const claimSuffix = '.claim.json';
export const socketFile = 'warden.sock';
/** Of a tree's own socket; no name with it is longer than {@link socketFile}, whose length the path of a runtime folder leaves room for. */
export const rawSuffix = '.raw';
/** A record is written under this name first. */
export const unfinishedSuffix = '.new';

/** Of a folder, for the time of an adoption: a crash in between leaves a folder that the next one finds. */
export const adoptedSuffix = '-adopted';

const folderName = /^[0-9a-f]{8}(-adopted)?$/;
const serviceFileName = /^model-service-(\d{1,12})\.json$/;
/** Of those that such a name has room for. */
export const highestServiceNumber = 999_999_999_999;
const unfinishedServiceFileName = /^model-service-\d{1,10}\.json\.new$/;
const treeFileName = /^([0-9a-f-]{36})\.(?:tree|(\d{1,10})-(\d{1,20}(?:\.\d{1,20})?)\.claim)\.json$/;
const fileName = /^(warden\.sock|[0-9a-f]{7}\.raw|(warden|[0-9a-f-]{36}\.(tree|\d{1,10}-[\d.]{1,41}\.claim))\.json(\.new)?)$/;

/** The process that runs the commands of a tree for a dead warden. */
export interface Claimant {
  readonly pid: number;
  readonly startTime: number;
}

/** Of one record, in bytes: fifty thousand members take two million. */
export const maxRecordBytes = 4 * 2 ** 20;

/** Maximum number of entries that are read. */
export const maxEntries = 4096;

export function isRecordFolderName(name: string): boolean {
  return folderName.test(name);
}

/** Which one in a row of model services a file speaks of; undefined where its name is none of ours. */
export function serviceNumberOf(name: string): number | undefined {
  const [, number] = serviceFileName.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

export function serviceFileNamed(number: number): string {
  return `model-service-${number}.json`;
}

/** Whether it is named like a file of ours beside the folders of records. */
export function isRuntimeFileName(name: string): boolean {
  return serviceFileName.test(name) || unfinishedServiceFileName.test(name);
}

export function isRecordFileName(name: string): boolean {
  return fileName.test(name);
}

/** Whether it is named like the record of a tree. */
export function isTreeRecord(name: string): boolean {
  return name.endsWith(treeSuffix) || name.endsWith(claimSuffix);
}

/** The tree whose record this is, and what has claimed it; undefined where it is no record of a tree. */
export function treeRecordName(name: string): { readonly tree: string; readonly claimant?: Claimant } | undefined {
  const [, tree, pid, startTime] = treeFileName.exec(name) ?? [];
  if (tree === undefined) return undefined;
  return pid === undefined ? { tree } : { tree, claimant: { pid: Number(pid), startTime: Number(startTime) } };
}

export function claimName(tree: string, { pid, startTime }: Claimant): string {
  return `${tree}.${pid}-${startTime}${claimSuffix}`;
}

/** Whether all that is in a folder carries our names. */
export function holdsOnlyRecords(folder: string): boolean {
  const { entries, complete } = listBounded(folder, maxEntries);
  return complete && entries.every(({ name, isFolder }) => !isFolder && isRecordFileName(name));
}

/** Number of looks at a folder in which records are renamed again and again. */
const maxLooks = 100;

/**
 * Reads the files of a folder that `isMeant` names, and begins anew where one was not there any more when it was its turn: it may have been removed,
 * or be there by another name, because another process has just claimed it. Each is read once. `read` throws ENOENT where a file is missing.
 */
export function readListed<T>(
  folder: string,
  isMeant: (name: string) => boolean,
  read: (name: string) => T,
): { readonly found: readonly T[]; readonly complete: boolean } {
  const known = new Map<string, T>();
  for (let look = 1; ; look++) {
    const { entries, complete } = listBounded(folder, maxEntries);
    const names = entries.flatMap(({ name }) => (isMeant(name) ? name : []));
    let hasVanished = false;
    const found = names.flatMap((name) => {
      try {
        if (!known.has(name)) known.set(name, read(name));
        return [known.get(name) as T];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        hasVanished = true;
        return [];
      }
    });
    if (!hasVanished || look === maxLooks) return { found, complete };
  }
}

/** Removes a warden's records one by one, and then their folder; where anything else is in it, that stays, and so does the folder. */
export function removeRecordFolder(path: string): void {
  if (!isRecordFolderName(basename(path))) return;
  try {
    for (const { name } of listBounded(path, Number.POSITIVE_INFINITY).entries) if (isRecordFileName(name)) removeFile(join(path, name));
    rmdirSync(path);
  } catch {
    // Another process has just done it, or something else is in it.
  }
}

/** False where it stays. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
