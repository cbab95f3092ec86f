/** The schema of a process in processes.json. */
import * as z from 'zod';
import { maxInstances } from '../protocol/policies.ts';
import { parseStop } from '../protocol/stopSteps.ts';
import { envFileSchema } from './env/envFiles.ts';
import { limitsSchema, prioritySchema } from './limits.ts';
import { onReadySchema } from './onReady.ts';
import { aliveSchema, readySchema } from './probes.ts';
import { restartSchema } from './restarts.ts';
import { argument, command, count, text, variableName } from './values.ts';

const stopStep = text.describe('A signal such as "SIGINT", or a time to wait such as "5s".');

/** The stop sequence is checked here, so that the message points at the line. */
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
      description:
        'The command to run. A string runs in the shell (/bin/sh -c); an array is a program and its arguments, run without a shell.',
      examples: ['npm run dev', ['node', 'server.js', '--port', '${port:web}']],
    }),
    cwd: text.optional().describe('Working directory, relative to the workspace folder. Default: the workspace folder.'),
    env: z
      .record(variableName, z.union([argument, z.null()], 'must be a string, or null'))
      .optional()
      .describe('Environment variables. null removes a variable.'),
    envFile: envFileSchema.optional(),
    group: text.optional().describe('Heading under which the process is listed.'),
    description: text.optional().describe('Text shown beside the name.'),
    autoStart: z.boolean().optional().describe('Start the process when the workspace opens. You are asked once per workspace.'),
    pty: z.boolean().optional().describe('Run in a terminal, which gives colors and input. false uses plain pipes. Default: true.'),
    stop: stop.optional().meta({
      description:
        'Stop sequence: signals and waits in turn, sent to the whole process tree. It always ends with SIGKILL. Default: ["SIGTERM", "5s", "SIGKILL"].',
      examples: [['SIGINT', '3s', 'SIGTERM', '5s', 'SIGKILL']],
    }),
    whenLeaderExits: z
      .enum(['kill', 'keep'])
      .optional()
      .describe(
        'What happens to processes that outlive the first one. "kill" (default) ends them. "keep" keeps the tree running until they end, for commands that daemonize.',
      ),
    lifetime: z
      .enum(['managed', 'detached'])
      .optional()
      .describe(
        '"managed" (default): the process ends with its window. "detached": it survives the window and writes to a log instead of a terminal; every window of this folder and the command line find it again.',
      ),
    containment: z
      .enum(['auto', 'group', 'cgroup', 'namespace', 'job'])
      .optional()
      .describe(
        'How the processes of the tree are tracked and killed. "auto" (default): a job on Windows, a cgroup where available, otherwise group. "namespace" (Linux): a PID namespace of its own, which the kernel ends when Tree Warden dies, and which ends with its first process.',
      ),
    limits: limitsSchema.optional(),
    onLimit: z
      .enum(['warn', 'stop', 'kill', 'restart'])
      .optional()
      .describe(
        'What happens when a limit is reached. By default, a process over its memory or process limit is killed, one that runs too long is stopped, and high CPU use only raises a warning.',
      ),
    priority: prioritySchema.optional(),
    ready: readySchema.optional(),
    alive: aliveSchema.optional(),
    onReady: onReadySchema.optional(),
    restart: restartSchema.optional(),
    instances: count()
      .max(maxInstances, `must be at most ${maxInstances}`)
      .optional()
      .describe('Number of instances that run at the same time. Each has its number in ${instance}, and its own ${port:…}. Default: 1.'),
  })
  .describe('A process, together with all of its descendants.');

export type ProcessSpec = z.output<typeof processSpec>;

/** Each process is checked separately, so that an error in one does not affect the others. */
export { processSpec as processSpecSchema };
