/** Files that people write, as text: whatever an editor puts in front of it, and no more than a person would write. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorText } from '../protocol/errors.ts';

/** What no file that a person writes comes near, in bytes. */
export const maxTextBytes = 2 ** 20;

/** Why the text of a file cannot be had, as a clause. */
export class UnreadableTextError extends Error {
  /** Whether the file does not exist. */
  readonly isMissing: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isMissing?: boolean } = {}) {
    super(message, options);
    this.isMissing = options.isMissing ?? false;
  }
}

/**
 * The text of a file in UTF-8, without a byte order mark.
 * @throws UnreadableTextError where it cannot be read, is too large, or is encoded otherwise.
 */
export function readTextFile(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readUpTo(path, maxTextBytes + 1);
  } catch (error) {
    throw new UnreadableTextError(errorText(error), { cause: error, isMissing: isMissing(error) });
  }
  if (bytes.length > maxTextBytes) throw new UnreadableTextError(`it is larger than ${maxTextBytes / 2 ** 20} MB`);
  return decodeText(bytes);
}

/**
 * Text in UTF-8, without a byte order mark.
 * @throws UnreadableTextError where it is encoded otherwise.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || hasNulInEveryPair(bytes))
    throw new UnreadableTextError('it is encoded in UTF-16; save it as UTF-8');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UnreadableTextError('it is not text in UTF-8; save it as UTF-8', { cause: error });
  }
}

/** Editors hand their text over with the mark that the file begins with, or without it. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** UTF-16 that begins with letters of ASCII. */
function hasNulInEveryPair(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  return bytes.length >= 4 && ((a === 0 && c === 0) || (b === 0 && d === 0));
}

/** Whatever size the system says it has: files of /proc have none. Opening a pipe does not wait for its writer; Windows has no such flag. */
function readUpTo(path: string, limit: number): Buffer {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(file);
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is a pipe, a socket or a device, and not a regular file');
    const chunks: Buffer[] = [];
    for (let length = 0; length < limit; ) {
      const chunk = Buffer.alloc(Math.min(limit - length, 2 ** 16));
      const read = readSync(file, chunk);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      length += read;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(file);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
