import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { localFile, processesFile } from './declarations.ts';
import type { SystemKey } from './layers/layeredSchema.ts';
import { type ParsedProcesses, parseProcesses } from './parseProcesses.ts';
import { readTextFile } from './textFile.ts';

export interface ReadOptions {
  /** The system that this program runs on. */
  readonly system: SystemKey;
  /** Whether files that others include are read. They may be anywhere, so not in a workspace that is not trusted. */
  readonly followsIncludes: boolean;
  /** What the same folder declared last. */
  readonly before?: ParsedProcesses | undefined;
}

export interface ReadProcesses {
  readonly parsed: ParsedProcesses;
  /** The same where nothing of the files has changed. */
  readonly fingerprint: string;
}

/** What a file has that is not there: a person may have processes of his own only. */
const emptyFile = '{ "processes": {} }';

/** Whether a folder declares anything. */
export function hasProcessesFile(folder: string): boolean {
  return existsSync(join(folder, processesFile)) || existsSync(join(folder, localFile));
}

/**
 * Reads the processes.json of a folder, the person's file beside it, and what they include.
 * @throws UnreadableTextError where one of the two is there and cannot be read.
 */
export function readProcesses(folder: string, { system, followsIncludes, before }: ReadOptions): ReadProcesses {
  const path = join(folder, processesFile);
  const localPath = join(folder, localFile);
  const text = existsSync(path) ? readTextFile(path) : emptyFile;
  const local = existsSync(localPath) ? { path: localPath, text: readTextFile(localPath) } : undefined;
  const parsed = parseProcesses(text, before, {
    system,
    ...(followsIncludes && { location: { path, folder, access: { read: readTextFile, realPath: realpathSync } } }),
    ...(local && { local }),
  });
  const all = JSON.stringify([text, local?.text, [...parsed.texts], parsed.problems]);
  return { parsed, fingerprint: createHash('sha256').update(all).digest('base64') };
}
