/** The schema of a process in processes.json. */
import * as z from 'zod';
import { normalName } from '../protocol/names.ts';
import { maxInstances } from '../protocol/policies.ts';
import { dependsOnSchema } from './dependencySchema.ts';
import { envFileSchema } from './env/envFiles.ts';
import { successExitCodesSchema } from './exitCodes.ts';
import { afterReadySchema, beforeStartSchema, onStopSchema, stopSchema } from './hooks.ts';
import type { Inputs } from './inputSchema.ts';
import { isolateSchema } from './isolation.ts';
import { jobsSchema } from './jobSchema.ts';
import { limitsSchema, prioritySchema } from './limits.ts';
import { logSchema } from './logs.ts';
import { onReadySchema } from './onReady.ts';
import { aliveSchema, readySchema } from './probes.ts';
import { restartSchema } from './restarts.ts';
import { runnerSchema } from './runnerSchema.ts';
import { runOnSaveSchema, scheduleSchema } from './scheduleSchema.ts';
import type { SpecFolders } from './specFolders.ts';
import { argument, command, count, path, text, variableName } from './values.ts';
import { watchSchema } from './watchSchema.ts';

const processSpec = z
  .strictObject({
    command: command.meta({
      description:
        'The command to run. A string runs in the shell (/bin/sh -c); an array is a program and its arguments, run without a shell.',
      examples: ['npm run dev', ['node', 'server.js', '--port', '${port:web}']],
    }),
    cwd: path.optional().describe('Working directory, relative to the workspace folder. Default: the workspace folder.'),
    env: z
      .record(variableName, z.union([argument, z.null()], 'must be a string, or null'))
      .optional()
      .describe('Environment variables. null removes a variable.'),
    envFile: envFileSchema.optional(),
    python: path.optional().meta({
      description:
        'Python environment that the process runs in: "selected", the one that is selected in VS Code (without that, and on the command line, the active one, then .venv or venv), or the folder of an environment. Its programs come first in PATH.',
      examples: ['selected', '.venv'],
    }),
    node: text.optional().meta({
      description:
        'Node.js that the process runs with: "selected", the version in .nvmrc, .node-version, .tool-versions or the "volta" of package.json, or a version such as "22" or "20.11". It is looked for among those that nvm, fnm, volta, mise, asdf and nodenv have installed. Its programs come first in PATH.',
      examples: ['selected', '22'],
    }),
    group: text.optional().describe('Heading under which the process is listed.'),
    description: text.optional().describe('Text shown beside the name.'),
    autoStart: z.boolean().optional().describe('Start the process when the workspace opens. You are asked once per workspace.'),
    dependsOn: dependsOnSchema.optional(),
    pty: z.boolean().optional().describe('Run in a terminal, which gives colors and input. false uses plain pipes. Default: true.'),
    stop: stopSchema.optional().meta({
      description:
        'Stop sequence: signals, waits and commands in turn. Signals are sent to the whole process tree, and it always ends with SIGKILL. Commands are run whichever way the process ends, also after a crash of the editor. Default: ["SIGTERM", "5s", "SIGKILL"].',
      examples: [
        ['SIGINT', '3s', 'SIGTERM', '5s', 'SIGKILL'],
        [{ run: 'docker compose stop db', timeout: '20s' }, '10s', 'SIGKILL'],
      ],
    }),
    beforeStart: beforeStartSchema.optional().meta({ examples: ['npm run migrate'] }),
    afterReady: afterReadySchema.optional(),
    onStop: onStopSchema.optional(),
    whenLeaderExits: z
      .enum(['kill', 'keep'])
      .optional()
      .describe(
        'What happens to processes that outlive the first one. "kill" (default) ends them. "keep" keeps the tree running until they end, for commands that daemonize.',
      ),
    successExitCodes: successExitCodesSchema.optional(),
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
    isolate: isolateSchema.optional(),
    runner: runnerSchema.optional(),
    join: text
      .transform(normalName)
      .optional()
      .describe(
        'Name of a running process into whose containment this one is started: it counts toward its limits, and ends when it ends. Use dependsOn as well to have that one started first.',
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
    watch: watchSchema.optional(),
    log: logSchema.optional(),
    schedule: scheduleSchema.optional(),
    runOnSave: runOnSaveSchema.optional(),
    jobs: jobsSchema.optional(),
    instances: count()
      .max(maxInstances, `must be at most ${maxInstances}`)
      .optional()
      .describe(
        "Number of instances that run at the same time. Each has its number in ${instance}, and its own ${port:…}; ${port:NAME} with the name of another process is that one's. Default: 1.",
      ),
  })
  .describe('A process, together with all of its descendants.');

export type ProcessSpec = z.output<typeof processSpec> & LayeredParts;

/** What comes from other places than the entry of the process. */
export interface LayeredParts {
  /** Where it has some, it starts with all others only if one of them is active. */
  readonly profiles?: readonly string[];
  /** The environment of all processes of its file, below its own. */
  readonly shared?: Pick<z.output<typeof processSpec>, 'env' | 'envFile'>;
  /** What `${input:ID}` means in it. */
  readonly inputs?: Inputs;
  readonly folders?: SpecFolders;
  /** The same of `shared`. */
  readonly sharedFolders?: SpecFolders;
}

/** Each process is checked separately, so that an error in one does not affect the others. */
export { processSpec as processSpecSchema };
