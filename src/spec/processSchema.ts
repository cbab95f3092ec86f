/** Processes as people write them. */
import * as z from 'zod';
import { maxInstances } from '../protocol/policies.ts';
import { parseStop } from '../protocol/stopSteps.ts';
import { limitsSchema, prioritySchema } from './limits.ts';
import { aliveSchema, readySchema } from './probes.ts';
import { restartSchema } from './restarts.ts';
import { command, count, text } from './values.ts';

const stopStep = text.describe('A signal such as "SIGINT", or a time to wait such as "5s".');

/** Checked here, so that the message points at the line. */
const stop = z
  .union([stopStep, z.array(stopStep)], 'must be a signal, or a list of signals and times to wait')
  .transform((steps) => (typeof steps === 'string' ? [steps] : steps))
  .superRefine((steps, context) => {
    try {
      parseStop(steps);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as RangeError).message });
    }
  });

const processSpec = z
  .strictObject({
    command: command.meta({
      description: 'What to run. A string is given to the shell (/bin/sh -c); an array is a program and its arguments, without a shell.',
      examples: ['npm run dev', ['node', 'server.js', '--port', '${port:web}']],
    }),
    cwd: text.optional().describe('The working directory; relative to the workspace folder, which is also the default.'),
    env: z
      .record(z.string(), z.union([z.string(), z.null()], 'must be a string, or null'))
      .optional()
      .describe('Environment variables; null removes one.'),
    envFile: z
      .union([text, z.array(text)], 'must be a file, or a list of files')
      .optional()
      .describe('Files of NAME=value lines, relative to the workspace folder; env overrides them.'),
    group: text.optional().describe('The heading under which it is listed.'),
    description: text.optional().describe('What it is, shown beside its name.'),
    autoStart: z.boolean().optional().describe('Start it when the workspace is opened. You are asked once per workspace.'),
    pty: z
      .boolean()
      .optional()
      .describe('Run it on a terminal of its own (the default), so that it prints colours and takes input; false gives it plain pipes.'),
    stop: stop.optional().meta({
      description:
        'How it is stopped: signals and waits in turn, sent to the whole tree. Ends in SIGKILL, whether that is written or not. Default: ["SIGTERM", "5s", "SIGKILL"].',
      examples: [['SIGINT', '3s', 'SIGTERM', '5s', 'SIGKILL']],
    }),
    whenLeaderExits: z
      .enum(['kill', 'keep'])
      .optional()
      .describe(
        'What becomes of processes that outlive the first one: "kill" (the default) ends them; "keep" lets the tree live as long as they do, for commands that put themselves into the background.',
      ),
    lifetime: z
      .enum(['managed', 'detached'])
      .optional()
      .describe(
        '"managed" (the default): it ends with its window. "detached": it survives it on purpose, writes to its log instead of a terminal, and is found again by every window of this folder and by the command line.',
      ),
    containment: z
      .enum(['auto', 'group', 'cgroup', 'namespace', 'job'])
      .optional()
      .describe(
        'By which means members are known and killed. "auto" (the default) takes the strongest that changes nothing for the processes: a job on Windows, a cgroup where one is to be had, else group. "namespace" gives it a PID namespace of its own (Linux), which the kernel ends when its warden dies, and which ends with its first process.',
      ),
    limits: limitsSchema.optional(),
    onLimit: z
      .enum(['warn', 'stop', 'kill', 'restart'])
      .optional()
      .describe(
        'What happens when a limit is reached. By default, too much memory and too many processes are killed, too long a time is stopped, too much of the processor is told.',
      ),
    priority: prioritySchema.optional(),
    ready: readySchema.optional(),
    alive: aliveSchema.optional(),
    restart: restartSchema.optional(),
    instances: count()
      .max(maxInstances, `must be at most ${maxInstances}`)
      .optional()
      .describe('How many of it run at once, 1 by default. Each has ${instance}, its number, and a ${port:…} of its own.'),
  })
  .describe('One process and all that descends from it.');

export type ProcessSpec = z.output<typeof processSpec>;

/** One spec, checked by itself: a mistake in one does not take the others away. */
export { processSpec as processSpecSchema };
