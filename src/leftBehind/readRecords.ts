import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listBounded, readBoundedFile } from '../records/boundedFile.ts';
import { isRecordFolderName, isTreeRecord, maxEntries, maxRecordBytes, readListed, wardenFile } from '../records/recordFiles.ts';
import { openRuntimeFolder, runtimeFolderPath } from '../records/runtimeFolder.ts';
import { limitMarkNamed } from '../warden/marks.ts';
import { identityKey, type Surroundings } from './processRow.ts';

/**
 * All processes that wardens have on record, alive or dead, by {@link identityKey}, and the marks of the trees. They are only left out of what is offered, so the records need not be
 * valid in every part: a doubtful one leaves out what it names.
 */
export function readRecords(): Pick<Surroundings, 'recorded' | 'recordedMarks'> {
  const all = allRecords();
  return { recorded: new Set(all.flatMap(identitiesIn)), recordedMarks: new Set(all.flatMap(marksIn)) };
}

function allRecords(): unknown[] {
  const runtimeFolder = runtimeFolderPath();
  if (!existsSync(runtimeFolder)) return [];
  const { entries } = listBounded(openRuntimeFolder(runtimeFolder), maxEntries);
  const folders = entries.flatMap(({ name, isFolder }) => (isFolder && isRecordFolderName(name) ? join(runtimeFolder, name) : []));
  return folders.flatMap(recordsIn);
}

function recordsIn(folder: string): unknown[] {
  try {
    const isMeant = (name: string): boolean => name === wardenFile || isTreeRecord(name);
    return [...readListed(folder, isMeant, (name) => readJson(join(folder, name))).found];
  } catch {
    return []; // Its warden has just ended.
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readBoundedFile(path, maxRecordBytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return undefined; // It is no record.
  }
}

function marksIn(record: unknown): number | readonly number[] {
  const tree = typeof record === 'object' && record !== null && 'tree' in record ? record.tree : undefined;
  return typeof tree === 'string' ? (limitMarkNamed(tree) ?? []) : [];
}

/** Of a warden's record, or of a tree's. */
function identitiesIn(record: unknown): string[] {
  if (typeof record !== 'object' || record === null) return [];
  const { process, leader, members } = record as Readonly<Record<string, unknown>>;
  return [process, leader, ...(Array.isArray(members) ? members : [])].flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return [];
    const { pid, startTime } = one as Readonly<Record<string, unknown>>;
    return typeof pid === 'number' && typeof startTime === 'number' ? identityKey({ pid, startTime }) : [];
  });
}
