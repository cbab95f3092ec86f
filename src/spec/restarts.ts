/** Restart policies as people write them. */
import * as z from 'zod';
import type { RestartPolicy } from '../protocol/policies.ts';
import { count, duration } from './values.ts';

const when = z.enum(['never', 'on-failure', 'always'], 'must be "never", "on-failure" or "always"');

export const restartSchema = z
  .union([
    when,
    z.strictObject({
      when: when.describe('"on-failure": exit codes other than 0, signals, and what its alive probe finds; "always": also exit code 0.'),
      maxRestarts: count().optional().describe('So many within the window; then it has failed for good. By default 5.'),
      window: duration().optional().describe('By default "10m".'),
      delay: duration()
        .optional()
        .describe('Before the first restart, by default "1s"; twice as long before each further one, a little more or less at random.'),
      maxDelay: duration().optional().describe('The longest delay; by default "1m".'),
    }),
  ])
  .describe('Whether it is started again when it has ended by itself. By default never. A stop, also by a limit, is no failure.');

/** Undefined where it is never started again. */
export function resolveRestart(written: z.output<typeof restartSchema>): RestartPolicy | undefined {
  const policy = typeof written === 'string' ? { when: written } : written;
  if (policy.when === 'never') return undefined;
  return {
    when: policy.when,
    maxRestarts: policy.maxRestarts ?? 5,
    windowMillis: policy.window ?? 600_000,
    delayMillis: policy.delay ?? 1000,
    maxDelayMillis: policy.maxDelay ?? 60_000,
  };
}
