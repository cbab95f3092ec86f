/** The schemas of the commands that belong to the life of a process, and their resolution. */
import * as z from 'zod';
import { maxHookMillis, maxHooks } from '../protocol/hooks.ts';
import type { HookCommand, StopStep } from '../protocol/startRequest.ts';
import { parseStop } from '../protocol/stopSteps.ts';
import { type CommandContext, fillCommand } from './fillCommand.ts';
import { command, duration, text } from './values.ts';

/** After which a command is killed, in milliseconds: what comes before a start may be an installation, what comes at an end is waited for by a window. */
export const hookTimeouts = { beforeStart: 10 * 60_000, afterReady: 60_000, stop: 10_000 } as const;

const hookObject = z.strictObject({
  run: command.describe('The command: a line for the shell, or a list of a program and its arguments.'),
  timeout: duration(1)
    .refine((millis) => millis <= maxHookMillis, 'must be at most 1h')
    .optional()
    .describe('Time after which the command is killed.'),
});

type WrittenHook = z.output<typeof hookObject>;

const hooks = z
  .union([command, hookObject, z.array(hookObject)], 'must be a command, { "run": COMMAND, "timeout": "10s" }, or a list of those objects')
  .transform((written): readonly WrittenHook[] => {
    if (typeof written === 'string') return [{ run: written }];
    if (!Array.isArray(written)) return [written];
    return isCommand(written) ? [{ run: written }] : written;
  })
  .superRefine(({ length }, context) => {
    if (length === 0) context.addIssue({ code: 'custom', message: 'must have at least one command' });
    if (length > maxHooks) context.addIssue({ code: 'custom', message: `must have at most ${maxHooks} commands` });
  });

/** A list of texts is one command, as everywhere else. */
function isCommand(list: readonly (string | WrittenHook)[]): list is [string, ...string[]] {
  return typeof list[0] === 'string';
}

export const beforeStartSchema = hooks.describe(
  'Commands that are run before each start, in the working directory and environment of the process. Where one fails, the process is not started. What they leave running is ended. Default timeout: "10m".',
);
export const afterReadySchema = hooks.describe(
  'Commands that are run each time the process has become ready. A failure is told, and the process runs on. Default timeout: "1m".',
);
export const onStopSchema = hooks.describe(
  'Commands that are run when no process of the tree is left, however it has ended: a stop, its own end, a limit, the window, a crash of the editor. The same as commands at the end of "stop". Default timeout: "10s".',
);

const stopStep = z.union(
  [text.describe('A signal such as "SIGINT", or a time to wait such as "5s".'), hookObject.describe('A command. Default timeout: "10s".')],
  'must be a signal, a time to wait, or { "run": COMMAND }',
);

/** The stop sequence is checked here, so that the message points at the line. */
export const stopSchema = z
  .union([stopStep, z.array(stopStep)], 'must be a signal, or a list of signals, times to wait and commands')
  .transform((steps) => (Array.isArray(steps) ? steps : [steps]))
  .superRefine((steps, context) => {
    if (steps.filter((step) => typeof step === 'object').length > maxHooks)
      context.addIssue({ code: 'custom', message: `must have at most ${maxHooks} commands` });
    try {
      parseStop(steps);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as RangeError).message });
    }
  });

/** @throws CannotStartError that names the variable that a command cannot be filled in with. */
export async function resolveHooks(
  written: readonly WrittenHook[],
  timeoutMillis: number,
  context: CommandContext,
): Promise<HookCommand[]> {
  return await Promise.all(written.map((hook) => resolveHook(hook, timeoutMillis, context)));
}

async function resolveHook({ run, timeout }: WrittenHook, timeoutMillis: number, context: CommandContext): Promise<HookCommand> {
  return { run: await fillCommand(run, context), timeoutMillis: timeout ?? timeoutMillis };
}

/** @throws CannotStartError that names the variable that a command cannot be filled in with. */
export async function resolveStop(written: z.output<typeof stopSchema>, context: CommandContext): Promise<StopStep[]> {
  const steps = parseStop(written);
  return await Promise.all(steps.map((step) => ('run' in step ? resolveHook(step, hookTimeouts.stop, context) : step)));
}
