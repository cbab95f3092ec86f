/** The files in which the runs of processes are kept: one for each process, beside an older one, of bounded size and number. */
import { createHash } from 'node:crypto';
import { opendir, rename, stat, unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorText } from '../protocol/errors.ts';
import type { RunKey } from '../protocol/runKey.ts';
import { maxLineBytes, maxRuns, type Run, runsIn } from '../protocol/runs.ts';
import { readBoundedFile } from './boundedFile.ts';
import { makeFolder } from './makeFolder.ts';
import { appendToPlainFile, appendWithin } from './plainFile.ts';
import { stateFolder } from './stateFolder.ts';

/** Size in bytes at which a file becomes the older one: the lines of {@link maxRuns} runs, however long, with room to spare. */
const maxFileBytes = 2 * maxRuns * maxLineBytes;
/** Several wardens may write to a file at once, and each looks at its size before it does. */
const readBytes = 2 * maxFileBytes;
/** Number of files that are kept, the older ones among them, and number of entries of the folder that are looked at. */
const bounds = { files: 500, entries: 5000 } as const;

export function runsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'runs');
}

/** Where the runs of a process are, the newest ones first. Names are hashed: they may be longer than a file's can be. */
export function runFilesOf({ origin, name }: RunKey, folder = runsFolder()): readonly [newest: string, older: string] {
  // Programs of Windows do not agree on the case of a drive's letter.
  const place = sep === '\\' ? origin.toLowerCase() : origin;
  const hash = createHash('sha256').update(`${place}\0${name}`).digest('hex').slice(0, 24);
  return [join(folder, `${hash}.jsonl`), join(folder, `${hash}.old.jsonl`)];
}

/**
 * Writes a line of {@link lineOfRun} behind the others.
 * @throws the system's error, and Error where there is something else than a plain file.
 */
export async function appendRun(key: RunKey, line: string, folder = runsFolder()): Promise<void> {
  const [newest, older] = runFilesOf(key, folder);
  const append = (): Promise<boolean> => appendWithin(newest, line, maxFileBytes);
  const isWritten = await append().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    // The one step that is not asynchronous, so the first run of a user alone takes it.
    makeFolder(folder);
    return await append();
  });
  if (isWritten) return;
  await rename(newest, older).catch((error: NodeJS.ErrnoException) => {
    // Another warden may have done the same since.
    if (error.code !== 'ENOENT') throw error;
  });
  await appendToPlainFile(newest, line);
}

/**
 * Removes the files that were written to longest ago, where there are too many.
 * @throws the system's error.
 */
export async function pruneRuns(folder = runsFolder()): Promise<void> {
  const paths: string[] = [];
  for await (const entry of await opendir(folder)) {
    if (entry.isFile() && entry.name.endsWith('.jsonl')) paths.push(join(folder, entry.name));
    if (paths.length === bounds.entries) break;
  }
  if (paths.length <= bounds.files) return;
  const found: { readonly path: string; readonly at: number }[] = [];
  for (const path of paths)
    found.push({
      path,
      at: await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    });
  const outdated = found.toSorted((a, b) => a.at - b.at).slice(0, found.length - bounds.files);
  // Another warden may do the same.
  for (const { path } of outdated) await unlink(path).catch(() => undefined);
}

export interface RunHistory {
  /** The newest one first. */
  readonly runs: readonly Run[];
  /** What could not be read, as sentences; what could be is there all the same. */
  readonly problems: readonly string[];
}

/** The last runs of a process. Never throws. */
export function readRuns(key: RunKey, folder = runsFolder()): RunHistory {
  const problems: string[] = [];
  const read = (path: string): string => {
    try {
      return readBoundedFile(path, readBytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`${path} cannot be read: ${errorText(error)}.`);
      return '';
    }
  };
  const [newest, older] = runFilesOf(key, folder);
  const runs = runsIn(`${read(older)}\n${read(newest)}`);
  return { runs: runs.slice(-maxRuns).reverse(), problems };
}

/** When the last run of a process began, in milliseconds since 1970; undefined where none is on record. Never throws. */
export function lastRunAt(key: RunKey, folder = runsFolder()): number | undefined {
  return readRuns(key, folder).runs[0]?.startedAt;
}
