/** The schema of the times at which a process is run, and of the files whose saving runs it. */
import * as z from 'zod';
import { cronProblem, timeZoneProblem } from '../protocol/cronTimes.ts';
import { maxPatterns } from '../protocol/fileWatch.ts';
import { globProblem, isNegation } from '../protocol/globs.ts';
import type { Schedule } from '../protocol/schedule.ts';

const cron = z.string('must be a cron pattern such as "0 3 * * *"');

const timeZone = z.string('must be a time zone such as "Europe/Berlin"').superRefine((written, context) => {
  const problem = timeZoneProblem(written);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const written = z.union(
  [
    cron,
    z.strictObject({
      cron: cron.describe(
        'Five fields: minute, hour, day of the month, month, weekday; six with seconds in front; or a nickname such as "@hourly".',
      ),
      timeZone: timeZone.optional().describe('IANA name of the time zone that the times are of. Default: that of the machine.'),
      overlap: z
        .enum(['skip', 'queue', 'replace'])
        .optional()
        .describe(
          'What happens where the last run is still under way: "skip" (default) leaves the time out, "queue" runs it once more when that has ended, "replace" ends that first.',
        ),
      catchUp: z
        .boolean()
        .optional()
        .describe(
          'Whether one run makes up for times that have passed while the machine slept, or while nothing of Tree Warden was there to run it. Default: false.',
        ),
    }),
  ],
  'must be a cron pattern such as "0 3 * * *", or an object: { "cron": "0 3 * * *" }',
);

export const scheduleSchema = written
  .superRefine((value, context) => {
    const { cron: pattern, timeZone: zone } = typeof value === 'string' ? { cron: value } : value;
    const place = typeof value === 'string' ? [] : ['cron'];
    const problem = cronProblem(pattern, zone, startOfTimes);
    if (problem !== undefined && zoneIsKnown(zone)) context.addIssue({ code: 'custom', message: problem, path: place });
  })
  .transform((value): Schedule => {
    const { cron: pattern, overlap = 'skip', catchUp = false, ...rest } = typeof value === 'string' ? { cron: value } : value;
    return { cron: pattern.trim(), ...(rest.timeZone !== undefined && { timeZone: rest.timeZone }), overlap, ...(catchUp && { catchUp }) };
  })
  .meta({
    description:
      'Times at which the process is run, once it was started. It runs to its end; between its runs it waits for the next time, until it is stopped.',
    examples: ['*/5 * * * *', '@hourly', { cron: '0 3 * * *', timeZone: 'Europe/Berlin', catchUp: true }],
  });

/** 2026-01-01, in milliseconds since 1970. A pattern without years that comes true comes true again, so that a file is read alike on any day. */
const startOfTimes = Date.UTC(2026, 0, 1);

/** One that is not is underlined itself. */
function zoneIsKnown(zone: string | undefined): boolean {
  return zone === undefined || timeZoneProblem(zone) === undefined;
}

const pattern = z.string('must be a glob such as "src/**/*.ts"').superRefine((glob, context) => {
  const problem = globProblem(glob);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const runOnSaveSchema = z
  .union([pattern, z.array(pattern)], 'must be a glob such as "src/**/*.ts", or a list of globs')
  .superRefine((value, context) => {
    const globs = [value].flat();
    const complain = (message: string): void => context.addIssue({ code: 'custom', message });
    if (globs.length === 0) complain('must name at least one glob, such as "src/**/*.ts"');
    else if (globs.every(isNegation)) complain('only takes files away: add a glob of files, such as "src/**/*.ts"');
    if (globs.length > maxPatterns) complain(`must have at most ${maxPatterns} globs`);
  })
  .transform((value): readonly string[] => [value].flat())
  .meta({
    description:
      'Files, relative to the workspace folder, whose saving in the editor runs the process once. A file that is saved during a run has it run once more. The path of the file is in TREE_WARDEN_SAVED_FILE. The command line has no editor, and ignores this.',
    examples: ['src/**/*.ts', ['docs/**/*.md', '!docs/generated/**']],
  });
