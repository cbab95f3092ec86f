/** The schema of a pool of jobs. */
import * as z from 'zod';
import { defaultMaxQueued, type JobSettings, jobBounds } from '../protocol/jobs.ts';
import { count } from './values.ts';

const maxConcurrent = count()
  .max(jobBounds.concurrent, `must be at most ${jobBounds.concurrent}`)
  .describe('Number of jobs that run at the same time. The number of the place that a job runs in, from 1 up, is in ${instance}.');

const written = z.union(
  [
    maxConcurrent,
    z.strictObject({
      maxConcurrent,
      maxQueued: z
        .int('must be a whole number')
        .min(0, 'must be at least 0')
        .max(jobBounds.queued, `must be at most ${jobBounds.queued}`)
        .optional()
        .describe(`Number of jobs that wait in the queue. Default: ${defaultMaxQueued}.`),
      whenFull: z
        .enum(['reject', 'wait'])
        .optional()
        .describe('What happens to a job that finds the queue full: "reject" (default) refuses it, "wait" has it wait for a place.'),
    }),
  ],
  'must be the number of jobs that run at the same time, or an object: { "maxConcurrent": 4 }',
);

export const jobsSchema = written
  .transform((value): JobSettings => {
    const {
      maxConcurrent: most,
      maxQueued = defaultMaxQueued,
      whenFull = 'reject',
    } = typeof value === 'number' ? { maxConcurrent: value } : value;
    return { maxConcurrent: most, maxQueued, whenFull };
  })
  .meta({
    description:
      'Makes a pool of jobs of the process: it is not started, but runs its command once for each "tree-warden job NAME -- ARGS", with these arguments, so many at the same time; further ones wait in a queue. In a command for the shell, "$@" stands for the arguments, and is added where nothing stands for them.',
    examples: [4, { maxConcurrent: 4, maxQueued: 1000, whenFull: 'wait' }],
  });
