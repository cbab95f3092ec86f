/** The schemas of what declares a part of a process: an entry of the file, what all processes share, and what differs between systems. */
import * as z from 'zod';
import { maxNameLength, namePattern, namePatternText, normalName } from '../../protocol/names.ts';
import { envFileSchema } from '../env/envFiles.ts';
import { gatewaySchema } from '../gatewaySchema.ts';
import { inputsSchema } from '../inputSchema.ts';
import { processSpecSchema } from '../processSchema.ts';
import { path, text } from '../values.ts';

/** Maximum number of profiles of one process. */
const maxProfiles = 64;
/** Commas separate several in an environment variable; no name has one. */
const profile = z
  .string('must be a text')
  .max(maxNameLength, `a name has at most ${maxNameLength} characters`)
  .regex(namePattern, namePatternText)
  .transform(normalName);

const disabled = z
  .boolean()
  .optional()
  .describe(
    'true: the process is not declared, and what depends on it does not wait for it. For a template that others extend, and for .vscode/processes.local.json.',
  );

const {
  command,
  cwd,
  env,
  envFile,
  python,
  node,
  group,
  autoStart,
  pty,
  stop,
  beforeStart,
  afterReady,
  onStop,
  whenLeaderExits,
  lifetime,
  containment,
  isolate,
  runner,
  limits,
  onLimit,
  priority,
  restart,
  log,
  ready,
  alive,
} = processSpecSchema.shape;

const onSystem = {
  ...{ command: command.optional(), cwd, env, envFile, python, node, pty, stop, beforeStart, afterReady, onStop },
  ...{ containment, isolate, runner, limits, priority, ready, alive, disabled },
};

/** The keys of an entry that hold what counts on one system, as in tasks of VS Code. */
export const systemKeys = ['linux', 'osx', 'windows'] as const;

export type SystemKey = (typeof systemKeys)[number];

/** An entry of `processes`: what it does not say may come from what it inherits. */
export const declaredProcessSchema = processSpecSchema
  .extend({
    command: command
      .optional()
      .meta({ ...command.meta(), description: `${command.description} Required where nothing is inherited.`, id: undefined }),
    extends: text
      .transform(normalName)
      .optional()
      .describe(
        'Name of a process that this one takes all values from which it does not have itself, except for disabled. env, limits, priority and log are merged key by key; null takes a value back.',
      ),
    disabled,
    profiles: z
      .array(profile, 'must be a list of names')
      .max(maxProfiles, `must be at most ${maxProfiles}`)
      .optional()
      .meta({
        description:
          'Profiles of the process: it starts with all others only where one of them is active. A process without profiles always does, and any process can be started by its name or by what depends on it.',
        examples: [['debug']],
      }),
    linux: z.strictObject(onSystem).optional().describe('Values that count on Linux only, above those beside it.'),
    osx: z.strictObject(onSystem).optional().describe('Values that count on macOS only.'),
    windows: z.strictObject(onSystem).optional().describe('Values that count on Windows only.'),
  })
  .describe('A process, together with all of its descendants.');

export const defaultsSchema = z
  .strictObject({
    ...{ cwd, python, node, group, autoStart, pty, stop, whenLeaderExits, lifetime },
    ...{ containment, isolate, runner, limits, onLimit, priority, restart, log },
  })
  .describe(
    'Values of all processes of this file, where a process has none of its own. limits, priority and log are merged key by key. The environment of all processes is beside it: env and envFile.',
  );

export const includeSchema = z.array(path, 'must be a list of files').meta({
  description:
    'Other processes.json files whose processes belong to this workspace as well, relative to the workspace folder. Paths and ${workspaceFolder} in such a file mean its own folder: the one with its .vscode folder.',
  examples: [['../api/.vscode/processes.json']],
});

/** What stands beside the sections and belongs to all processes of the file. */
export const sharedSchemas = {
  include: includeSchema.optional(),
  env: env.unwrap().describe('Environment variables of all processes of this file. null removes a variable.').optional(),
  envFile: envFileSchema
    .optional()
    .describe(
      'Environment files of all processes of this file. Variables of a process, from its env or its envFile, override those of all.',
    ),
  defaults: defaultsSchema.optional(),
  inputs: inputsSchema.optional(),
  gateway: gatewaySchema.optional(),
};
