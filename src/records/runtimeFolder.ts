import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, sep } from 'node:path';
import { errorText } from '../protocol/errors.ts';
import { type Entry, listBounded } from './boundedFile.ts';
import { makeFolder } from './makeFolder.ts';
import { holdsOnlyRecords, isRecordFolderName, isRuntimeFileName, maxEntries, socketFile } from './recordFiles.ts';

/** Where the wardens of this user keep their records and sockets. */
export function runtimeFolderPath(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['TREE_WARDEN_RUNTIME_DIR'];
  if (given) return given;
  const localAppData = env['LOCALAPPDATA'];
  if (localAppData) return join(localAppData, 'tree-warden', 'runtime');
  const xdg = env['XDG_RUNTIME_DIR'];
  return xdg ? join(xdg, 'tree-warden') : join(tmpdir(), `tree-warden-${process.getuid?.() ?? 'user'}`);
}

/** Longest path of a Unix socket that every system takes, in bytes: macOS has 104 with the byte that ends it, Linux four more. */
const maxSocketPath = 103;
const longestSocket = join('/', '00000000', socketFile);

/**
 * Marks the folders that we have made. On a folder of one user the sticky bit changes nothing; below XDG_RUNTIME_DIR it also keeps
 * periodic cleaning away (XDG Base Directory Specification).
 */
const ownMode = 0o1700;
const sticky = 0o1000;

const advice = 'Set TREE_WARDEN_RUNTIME_DIR to a folder that belongs to you.';

/**
 * The folder, made where it is not there, for this user alone: what is in it decides which processes get killed. One that holds
 * anything else is left as it is.
 * @throws Error with what is wrong with a folder that cannot be used, and what to do.
 */
export function openRuntimeFolder(path = runtimeFolderPath()): string {
  const found = findOrMake(path);
  // On Windows, a folder of the local application data is this user's by its place.
  const uid = process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(
      `${path} is not a folder of this user (owner ${found.uid}), so its records cannot be trusted. Remove it, or set TREE_WARDEN_RUNTIME_DIR to a folder that belongs to you.`,
    );
  }
  const isOurs = (found.mode & sticky) !== 0;
  if (!isOurs) assertUsable(path, found);
  else if ((found.mode & 0o777) !== 0o700) chmodSync(path, ownMode);
  return path;
}

function findOrMake(path: string): Stats {
  if (!isAbsolute(path)) throw new Error(`The folder for runtime records, '${path}', is not an absolute path. ${advice}`);
  const bytes = Buffer.byteLength(path) + longestSocket.length;
  if (sep === '/' && bytes > maxSocketPath)
    throw new Error(
      `The path of the folder for runtime records is ${bytes - maxSocketPath} bytes too long for the sockets in it: ${path}. Set TREE_WARDEN_RUNTIME_DIR to a shorter one.`,
    );
  try {
    if (makeFolder(path) && process.getuid) chmodSync(path, ownMode);
    return lstatSync(path);
  } catch (error) {
    throw new Error(`The folder for runtime records, ${path}, cannot be created: ${errorText(error)}. ${advice}`);
  }
}

/** A folder that was not made by us may be used as it is, where nothing but records is in it; it is not changed. */
function assertUsable(path: string, { mode }: Stats): void {
  const foreign = findForeign(path);
  if (foreign)
    throw new Error(
      `${path} cannot be the folder for runtime records: it holds something else ('${foreign.name}'). Nothing in it was changed. Set TREE_WARDEN_RUNTIME_DIR to an empty folder, or to one that does not exist yet.`,
    );
  if (process.getuid && (mode & 0o022) !== 0)
    throw new Error(
      `Other users may write to ${path}, so records in it could not be trusted. Remove that permission (chmod go-w), or set TREE_WARDEN_RUNTIME_DIR to a folder that does not exist yet.`,
    );
}

function findForeign(path: string): Entry | undefined {
  try {
    const { entries } = listBounded(path, maxEntries);
    return entries.find(({ name, isFolder }) =>
      isFolder ? !isRecordFolderName(name) || !holdsOnlyRecords(join(path, name)) : !isRuntimeFileName(name),
    );
  } catch (error) {
    throw new Error(`The folder for runtime records, ${path}, cannot be read: ${errorText(error)}. ${advice}`);
  }
}
