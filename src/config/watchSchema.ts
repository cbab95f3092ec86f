/** The schema of what is watched for a process. */
import * as z from 'zod';
import { maxPatterns } from '../protocol/fileWatch.ts';
import { globProblem, isNegation } from '../protocol/globs.ts';
import { parseSignal } from '../protocol/stopSteps.ts';
import { command, duration, text } from './values.ts';

/** Minimum and maximum debounce time in milliseconds; the watcher drops a change that follows another one of the same file within 50 ms. */
const debounceBounds = { least: 100, most: 60_000 } as const;
const defaultDebounceMillis = 200;

const pattern = z.string('must be a glob such as "src/**"').superRefine((written, context) => {
  const problem = globProblem(written);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
const patterns = z.array(pattern, 'must be a list of globs such as ["src/**"]');

const signal = text.transform((written, context) => {
  try {
    return parseSignal(written);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as RangeError).message });
    return z.NEVER;
  }
});

const action = z.union(
  [z.literal('restart'), z.strictObject({ signal }), z.strictObject({ run: command })],
  'must be "restart", { "signal": "SIGHUP" } or { "run": "npm run codegen" }',
);

const written = z.union(
  [
    patterns,
    z.strictObject({
      paths: patterns.describe('Globs, relative to the workspace folder. One that begins with ! takes files away.'),
      action: action
        .optional()
        .describe(
          'What follows a change: "restart" (default), { "signal": "SIGHUP" } for the first process, or { "run": "npm run codegen" }, a command that is run in the environment of the process, for ten minutes at most.',
        ),
      debounce: duration(debounceBounds.least)
        .refine((millis) => millis <= debounceBounds.most, 'must be at most 1m')
        .optional()
        .describe('Time without a further change after which the changes count. Default: "200ms".'),
      dependents: z.boolean().optional().describe('Also restart the processes that depend on this one. Default: false.'),
    }),
  ],
  'must be a list of globs such as ["src/**"], or an object: { "paths": ["src/**"] }',
);

export const watchSchema = written
  .superRefine((value, context) => {
    const isList = Array.isArray(value);
    const paths = isList ? value : value.paths;
    const complain = (message: string, ...path: string[]): void => context.addIssue({ code: 'custom', message, path });
    const place = isList ? [] : ['paths'];
    if (paths.length === 0) complain('must name at least one glob, such as "src/**"', ...place);
    else if (paths.every(isNegation)) complain('only takes files away: add a glob of files to watch, such as "src/**"', ...place);
    if (paths.length > maxPatterns) complain(`must have at most ${maxPatterns} globs`, ...place);
    if (!isList && value.dependents && value.action !== undefined && value.action !== 'restart')
      complain('is for "action": "restart": with another action, nothing is restarted', 'dependents');
  })
  .transform((value) => {
    const {
      paths,
      action: chosen = 'restart',
      debounce = defaultDebounceMillis,
      dependents = false,
    } = Array.isArray(value) ? { paths: value } : value;
    return { paths, action: chosen, debounceMillis: debounce, dependents } as const;
  })
  .meta({
    description:
      'Files whose changes restart the process. What git ignores, .git and node_modules never count. Changes during a checkout, merge or rebase count once, when it is over.',
    examples: [['src/**', '!**/*.test.ts'], { paths: ['config/*.yaml'], action: { signal: 'SIGHUP' } }],
  });

export type WatchSpec = z.output<typeof watchSchema>;
