/** The schemas of limits and priority, shared by processes.json and the command line. */
import * as z from 'zod';
import { parseBytes, parseCores } from '../protocol/quantities.ts';
import type { Limits, Priority } from '../protocol/startRequest.ts';
import { count, duration, parsed } from './values.ts';

/** Minimum memory limit in bytes. No program starts with less; a smaller number is a typing error for "512m". */
const minMemoryBytes = 2 ** 20;
/** Maximum process limit: the kernel's own maximum for process ids (PID_MAX_LIMIT). */
const maxProcesses = 2 ** 22;
/** Minimum limit of open files: standard input, output and error, and one for shared libraries. */
const minOpenFiles = 4;

function parseLimit(text: string): number {
  const bytes = parseBytes(text);
  if (bytes < minMemoryBytes) throw new RangeError(`'${text}' is less than any program needs: write 1m or more`);
  return bytes;
}

/** True for a list of CPU numbers and ascending ranges, with at most four digits each. */
function isProcessorList(written: string): boolean {
  return written.split(',').every((part) => {
    const [, from, to = from] = part.match(/^(\d{1,4})(?:-(\d{1,4}))?$/) ?? [];
    return from !== undefined && Number(from) <= Number(to);
  });
}

export const memorySize = parsed(parseLimit, 'a size such as "512m"');

export const limitsSchema = z
  .strictObject({
    memory: memorySize.optional().describe('Resident memory of all processes of the tree together: "512m", "2g", or a number of bytes.'),
    processes: count().max(maxProcesses, `must be at most ${maxProcesses}`).optional().describe('Number of processes at the same time.'),
    cpu: parsed(parseCores, 'a number of cores such as 1.5, or "150%"').optional().describe('CPU usage: 1.5 (cores), or "150%".'),
    time: duration(1).optional().describe('Running time: "90s", "10m", "2h".'),
    openFiles: z
      .int('must be a whole number')
      .min(minOpenFiles, `must be at least ${minOpenFiles}, or no program can start`)
      .optional()
      .describe('Number of open files per process.'),
  })
  .describe('Resource limits of the whole tree. The kernel enforces them where it can; otherwise Tree Warden enforces them by sampling.');

export const prioritySchema = z
  .strictObject({
    nice: z
      .int('must be a whole number')
      .min(-20, 'must be from -20 to 19')
      .max(19, 'must be from -20 to 19')
      .optional()
      .describe('Niceness: 0 is normal, 19 is the lowest priority; values below 0 need privileges.'),
    io: z.enum(['idle', 'low', 'high']).optional().describe('Disk I/O priority.'),
    cpus: z
      .string()
      .refine(isProcessorList, 'must be a list of processors such as "0-3,8"')
      .optional()
      .describe('CPUs that the processes may run on: "0-3,8".'),
  })
  .describe('Scheduling priority of the processes.');

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
