/**
 * Reads the files of MCP clients and replaces them as a whole. Packages that write files atomically (write-file-atomic, atomically) put handlers on the signals of the
 * process, which is the editor's extension host here.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import { decodeText, UnreadableTextError } from '../textFile.ts';

/** Maximum size in bytes. `~/.claude.json` also has the history of its client. */
const maxBytes = 2 ** 25;

/** A file as it was read. */
export interface ReadFile {
  readonly path: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly bytes: Buffer;
}

/** Why a file was not replaced, as a sentence. */
export class CannotReplaceError extends Error {}

/**
 * The file, undefined where there is none.
 * @throws UnreadableTextError with the reason as a clause.
 */
export function readClientFile(path: string): ReadFile | undefined {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new UnreadableTextError('it is not a plain file');
    if (found.size > maxBytes) throw new UnreadableTextError(`it is larger than ${maxBytes / 2 ** 20} MB`);
    const bytes = readFileSync(path);
    return { path, text: decodeText(bytes), bytes };
  } catch (error) {
    if (error instanceof UnreadableTextError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UnreadableTextError(errorText(error), { cause: error });
  }
}

/**
 * Replaces a file by a new text in one step: at any moment it has either. A link is followed to its file; mode, owner and byte order mark stay.
 * @throws CannotReplaceError where the file is not the one that was read any more, or the system refuses.
 */
export function replaceFile({ path, bytes }: ReadFile, text: string): void {
  const hasMark = bytes.subarray(0, 3).equals(byteOrderMark);
  const content = Buffer.concat([hasMark ? byteOrderMark : Buffer.alloc(0), Buffer.from(text)]);
  let temporary: string | undefined;
  try {
    const target = realpathSync(path);
    const { mode, uid, gid } = statSync(target);
    temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tree-warden`);
    const file = openSync(temporary, 'wx', mode & 0o777);
    try {
      writeFileSync(file, content);
      const made = statSync(temporary);
      if (made.uid !== uid || made.gid !== gid) fchownSync(file, uid, gid);
      // Without the process's mask.
      fchmodSync(file, mode & 0o7777);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (!readFileSync(target).equals(bytes))
      throw new CannotReplaceError(`${path} was changed by another program in the meantime, so it was left as it is. Try again.`);
    renameSync(temporary, target);
  } catch (error) {
    if (temporary !== undefined) removeIfThere(temporary);
    if (error instanceof CannotReplaceError) throw error;
    throw new CannotReplaceError(`${path} cannot be written: ${errorText(error)}. It was left as it is.`, { cause: error });
  }
}

const byteOrderMark = Buffer.from('\uFEFF');

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not made, or is in its place already.
  }
}
