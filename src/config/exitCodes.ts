/** The schema of the exit codes that are a success. */
import { sep } from 'node:path';
import * as z from 'zod';

/** The highest exit code of a process of this system: the low eight bits of what it says (wait(2)), and 32 bits on Windows (GetExitCodeProcess). */
const maxExitCode = sep === '\\' ? 0xffff_ffff : 0xff;

/** The highest exit code of any system, and the maximum number of codes: more say nothing that a wrapper of the command could not. */
const bounds = { code: 0xffff_ffff, count: 256 } as const;

const notACode = 'must be a whole number from 0 up';

/** A file may be for several systems, so the schema has the bound of all of them, and the check that of this one. */
export const successExitCodesSchema = z
  .array(
    z.int(notACode).min(0, notACode).max(bounds.code, `must be at most ${maxExitCode}`),
    'must be a list of exit codes, such as [0, 3]',
  )
  .min(1, 'must have at least one exit code: a process without one could never succeed')
  .max(bounds.count, `must have at most ${bounds.count} exit codes`)
  .superRefine((codes, context) => {
    for (const [index, code] of codes.entries()) {
      const problem =
        code > maxExitCode
          ? `must be at most ${maxExitCode}: no process of this system has another exit code`
          : codes.indexOf(code) < index && 'is listed twice';
      if (problem) context.addIssue({ code: 'custom', message: problem, path: [index] });
    }
  })
  .meta({
    description:
      'Exit codes that count as success, for the row, restart policies, "succeeded" dependencies, notifications and exit statuses. A signal never does. The list is complete: without 0 in it, exit code 0 is a failure. From 0 to 255; on Windows, to 4294967295. Default: [0].',
    examples: [[0, 3]],
  });
