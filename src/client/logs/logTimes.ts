import { type LogTime, logTimesIn, timesSuffix } from '../../protocol/logTimes.ts';
import { openPlainFile } from '../../records/plainFile.ts';

/** Maximum number of bytes that are read of each of the two files: the last of a log of gigabytes. */
const maxBytes = 64 * 2 ** 20;

/** When what is in this log and those that were set aside was printed. Never fails: what cannot be read has no times. */
export async function readLogTimes(logPath: string): Promise<readonly LogTime[]> {
  const path = `${logPath}${timesSuffix}`;
  return logTimesIn(`${await endOf(`${path}.1`)}\n${await endOf(path)}`);
}

async function endOf(path: string): Promise<string> {
  try {
    const { handle, status } = await openPlainFile(path);
    await using file = handle;
    const length = Math.min(status.size, maxBytes);
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(buffer, 0, length, status.size - length);
    const text = buffer.toString('latin1', 0, bytesRead);
    // Half of a line.
    return length < status.size ? text.slice(text.indexOf('\n') + 1) : text;
  } catch {
    return '';
  }
}
