/** Which names in a runtime folder are ours; nothing else in it is ever read, changed or removed. */
import { rmdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listBounded } from './boundedFile.ts';

export const wardenFile = 'warden.json';
export const treeSuffix = '.tree.json';
export const socketFile = 'warden.sock';
/** Of a tree's own socket; no name with it is longer than {@link socketFile}, whose length the path of a runtime folder leaves room for. */
export const rawSuffix = '.raw';
/** A record is written under this name first. */
export const unfinishedSuffix = '.new';

/** Of a folder, for the time of an adoption: a crash in between leaves a folder that the next one finds. */
export const adoptedSuffix = '-adopted';

const folderName = /^[0-9a-f]{8}(-adopted)?$/;
const fileName = /^(warden\.sock|[0-9a-f]{7}\.raw|(warden|[0-9a-f-]{36}\.tree)\.json(\.new)?)$/;

/** Maximum number of entries that are read. */
export const maxEntries = 4096;

export function isRecordFolderName(name: string): boolean {
  return folderName.test(name);
}

export function isRecordFileName(name: string): boolean {
  return fileName.test(name);
}

/** Whether all that is in a folder carries our names. */
export function holdsOnlyRecords(folder: string): boolean {
  const { entries, complete } = listBounded(folder, maxEntries);
  return complete && entries.every(({ name, isFolder }) => !isFolder && isRecordFileName(name));
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
