import type { LogPiece } from './logPiece.ts';

/** Maximum length of a line, in bytes: a longer one counts as several. */
const maxLineBytes = 64 * 1024;
const newline = 10;

/** The same bytes in pieces of whole lines; the last one may have no end. Only lines that lie in two pieces are copied. */
export async function* lineBlocks(pieces: AsyncIterable<LogPiece>): AsyncGenerator<LogPiece, void, void> {
  let held: LogPiece | undefined;
  for await (let { data, position } of pieces) {
    // What lies between them is not there any more.
    if (held && held.position + held.data.length !== position) {
      yield held;
      held = undefined;
    }
    if (held) {
      const end = data.indexOf(newline) + 1 || data.length;
      const joined: LogPiece = { data: Buffer.concat([held.data, data.subarray(0, end)]), position: held.position };
      const isWhole = data[end - 1] === newline || joined.data.length >= maxLineBytes;
      held = isWhole ? undefined : joined;
      if (isWhole) yield joined;
      data = data.subarray(end);
      position += end;
    }
    const end = data.lastIndexOf(newline) + 1;
    if (end > 0) yield { data: data.subarray(0, end), position };
    // Its memory may be used again for the next piece.
    if (end < data.length) held = { data: Buffer.from(data.subarray(end)), position: position + end };
    if (held && held.data.length >= maxLineBytes) {
      yield held;
      held = undefined;
    }
  }
  if (held) yield held;
}
