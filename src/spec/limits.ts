/** Limits and priority as people write them; shared by the file and the command line. */
import * as z from 'zod';
import type { Limits, Priority } from '../protocol/messages.ts';
import { parseBytes, parseCores } from '../protocol/quantities.ts';
import { count, duration, parsed } from './values.ts';

export const limitsSchema = z
  .strictObject({
    memory: parsed(parseBytes, 'a size such as "512m"')
      .optional()
      .describe('Resident memory of all its processes together: "512m", "2g", or a number of bytes.'),
    processes: count().optional().describe('How many processes it may have at once.'),
    cpu: parsed(parseCores, 'a number of cores such as 1.5, or "150%"')
      .optional()
      .describe('How much of the processor it may use: 1.5 (cores), or "150%".'),
    time: duration().optional().describe('How long it may run: "90s", "10m", "2h".'),
    openFiles: count().optional().describe('How many files each of its processes may have open.'),
  })
  .describe('What it may take up. Held by the kernel where it can be, else by looking.');

export const prioritySchema = z
  .strictObject({
    nice: z.int().min(-20).max(19).optional().describe('0 is usual, 19 the most yielding; below 0 needs rights.'),
    io: z.enum(['idle', 'low', 'high']).optional().describe('How it is served by disks that many want to use.'),
    cpus: z
      .string()
      .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'must be a list of processors such as "0-3,8"')
      .optional()
      .describe('The processors it may run on: "0-3,8".'),
  })
  .describe('How much it yields to others.');

export function resolveLimits({ memory, processes, cpu, time, openFiles }: z.output<typeof limitsSchema>): Limits {
  return {
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(processes !== undefined && { processes }),
    ...(cpu !== undefined && { cpuCores: cpu }),
    ...(time !== undefined && { timeMillis: time }),
    ...(openFiles !== undefined && { openFiles }),
  };
}

export function resolvePriority({ nice, io, cpus }: z.output<typeof prioritySchema>): Priority {
  return { ...(nice !== undefined && { nice }), ...(io !== undefined && { io }), ...(cpus !== undefined && { cpus }) };
}
