/** The schema of restart policies. */
import * as z from 'zod';
import { defaultRestarts, type RestartPolicy } from '../protocol/policies.ts';
import { count, duration } from './values.ts';

const when = z.enum(['never', 'on-failure', 'always'], 'must be "never", "on-failure" or "always"');

export const restartSchema = z
  .union(
    [
      when,
      z.strictObject({
        when: when.describe(
          '"on-failure": after an exit code that is no success (see successExitCodes), a signal, or a failed alive probe. "always": also after a success.',
        ),
        maxRestarts: count().optional().describe('Maximum number of restarts within the window. Default: 5.'),
        window: duration(1).optional().describe('The time within which restarts are counted. Default: "10m".'),
        delay: duration()
          .optional()
          .describe('Delay before the first restart; doubled for each further restart, with jitter. Default: "1s".'),
        maxDelay: duration().optional().describe('Maximum delay. Default: "1m".'),
      }),
    ],
    'must be "never", "on-failure" or "always", or an object with one of them as "when"',
  )
  .describe('Whether the process is restarted when it ends by itself. A stop, also by a limit, is not a failure. Default: "never".');

/** Undefined for a process that is never restarted. */
export function resolveRestart(written: z.output<typeof restartSchema>): RestartPolicy | undefined {
  const policy = typeof written === 'string' ? { when: written } : written;
  if (policy.when === 'never') return undefined;
  return {
    when: policy.when,
    maxRestarts: policy.maxRestarts ?? defaultRestarts.maxRestarts,
    windowMillis: policy.window ?? defaultRestarts.windowMillis,
    delayMillis: policy.delay ?? defaultRestarts.delayMillis,
    maxDelayMillis: policy.maxDelay ?? defaultRestarts.maxDelayMillis,
  };
}
