/** The schema of how the output of a process is kept. */
import * as z from 'zod';
import { minLogBytes } from '../protocol/guardianVariables.ts';
import { defaultRotation, type LogRotation, maxSetAside } from '../protocol/logRotation.ts';
import { parseBytes } from '../protocol/quantities.ts';
import { parsed } from './values.ts';

const fileSize = parsed((text: string): number => {
  const bytes = parseBytes(text);
  if (bytes < minLogBytes) throw new RangeError(`'${text}' is less than 64k, which one screen of output may fill`);
  return bytes;
}, 'a size such as "50m"');

export const logSchema = z
  .strictObject({
    maxSize: fileSize
      .optional()
      .describe('Size at which the log is set aside and a new one begun: "50m", "1g", or a number of bytes. Default: "10m".'),
    maxFiles: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(maxSetAside, `must be at most ${maxSetAside}`)
      .optional()
      .describe('Number of logs set aside that are kept. Default: 3.'),
  })
  .describe('How much of the output is kept on disk.');

export function resolveRotation({ maxSize, maxFiles }: z.output<typeof logSchema>): LogRotation {
  return { maxBytes: maxSize ?? defaultRotation.maxBytes, maxFiles: maxFiles ?? defaultRotation.maxFiles };
}
