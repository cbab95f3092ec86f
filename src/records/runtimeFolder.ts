import { chmodSync, lstatSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../protocol/errors.ts';
import { makeFolder } from './makeFolder.ts';

/** Where the wardens of this user keep their records and sockets. */
export function runtimeFolderPath(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['TREE_WARDEN_RUNTIME_DIR'];
  if (given) return given;
  const localAppData = env['LOCALAPPDATA'];
  if (localAppData) return join(localAppData, 'tree-warden', 'runtime');
  const xdg = env['XDG_RUNTIME_DIR'];
  return xdg ? join(xdg, 'tree-warden') : join(tmpdir(), `tree-warden-${userInfo().uid}`);
}

/**
 * The folder, made where it is not there, for this user alone: what is in it decides which processes get killed.
 * @throws Error that says what is wrong with a folder that is not ours, and what to do.
 */
export function openRuntimeFolder(path = runtimeFolderPath()): string {
  try {
    makeFolder(path);
  } catch (error) {
    throw new Error(
      `Cannot make the folder for runtime records, ${path}: ${errorText(error)}. Set TREE_WARDEN_RUNTIME_DIR to a folder that is yours.`,
    );
  }
  const found = lstatSync(path);
  // On Windows, a folder of the local application data is this user's by its place.
  const uid = process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(
      `${path} is not a folder of this user (owner ${found.uid}), so its records cannot be trusted. Remove it, or set TREE_WARDEN_RUNTIME_DIR to a folder that is yours.`,
    );
  }
  if (process.getuid && (found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}
