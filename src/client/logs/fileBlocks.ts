import type { LogPiece } from './logPiece.ts';

/** Maximum number of bytes that are read from a file at once. */
const blockBytes = 4 * 2 ** 20;

/** Reads into `buffer` from `position` on; 0 at the end. */
export type ReadAt = (position: number, buffer: Buffer) => Promise<number>;

/**
 * What can be read from a position on, one block ahead of what is asked for, so that the disk and who searches work at the same time.
 * @param most No block is larger, in bytes.
 * @param isRecycled A block is valid until the next one is asked for: memory that is new costs more than to search it.
 */
export async function* fileBlocks(
  read: ReadAt,
  from: number,
  isRecycled: boolean,
  most = blockBytes,
): AsyncGenerator<LogPiece, void, void> {
  const bytes = Math.max(1, Math.min(most, blockBytes));
  const newBuffer = (): Buffer => Buffer.allocUnsafe(bytes);
  let [buffer, spare] = [newBuffer(), isRecycled ? newBuffer() : undefined];
  let reading = read(from, buffer);
  try {
    for (let position = from; ; ) {
      const length = await reading;
      if (length === 0) return;
      const data = buffer.subarray(0, length);
      [buffer, spare] = [spare ?? newBuffer(), isRecycled ? buffer : undefined];
      reading = read(position + length, buffer);
      // Where it is not waited for any more, nor is its failure.
      reading.catch(() => undefined);
      yield { data, position };
      position += length;
    }
  } finally {
    // The file is closed next.
    await reading.catch(() => undefined);
  }
}
