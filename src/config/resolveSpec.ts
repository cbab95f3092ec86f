import { isAbsolute, resolve as resolvePath } from 'node:path';
import { CannotStartError } from '../command/executable.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import { literalInProcess, type ProcessTemplate } from '../protocol/processTemplate.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { defaultStop, parseStop } from '../protocol/stopSteps.ts';
import { readEnvFiles } from './env/envFiles.ts';
import { fillCommand, shellFor } from './fillCommand.ts';
import { resolveLimits, resolvePriority } from './limits.ts';
import { resolveProbe, resolveReady } from './probes.ts';
import type { ProcessSpec } from './processSchema.ts';
import { resolveRestart } from './restarts.ts';
import { fillVariables, holdsInstanceValue, type Variables } from './variables.ts';

export type ResolveContext = Variables;
/** All that the client fills in. */
export type TemplateContext = Pick<Variables, 'workspaceFolder' | 'env'>;

/**
 * As {@link resolveSpec} does it, but for what the warden fills in: the number of each instance, and its ports.
 * @throws CannotStartError that names the variable or the file.
 */
export async function resolveTemplate(spec: ProcessSpec, context: TemplateContext): Promise<ProcessTemplate> {
  const portFor = (name: string): never => {
    throw new CannotStartError(`The port '${name}' cannot be used here: the warden assigns it to each instance.`);
  };
  return await resolve(spec, { ...context, portFor, isTemplate: true, asLiteral: literalInProcess });
}

/**
 * Fills in variables and defaults, and reads environment files.
 * @throws CannotStartError that names the variable or the file.
 */
export async function resolveSpec(name: string, spec: ProcessSpec, context: ResolveContext): Promise<StartRequest> {
  // Every variable is filled in by now: each port is a number.
  return { name, ...(await resolve(spec, context)) } as StartRequest;
}

async function resolve(spec: ProcessSpec, context: ResolveContext): Promise<ProcessTemplate> {
  const fill = (text: string): Promise<string> => fillVariables(text, context);
  const shell = shellFor(context.env);
  const { asLiteral = (value: string) => value, isTemplate = false, ...plain } = context;
  const commands = { fill, shell, isTemplate };
  const argv = await fillCommand(spec.command, commands);
  // A path of a model is not filled in further on; one of a template is, unless it is read here.
  const folder = isTemplate ? asLiteral(plain.workspaceFolder) : plain.workspaceFolder;
  const inWorkspace = async (path: string): Promise<string> => pathIn(folder, await fillVariables(path, isTemplate ? context : plain));
  const locate = async (path: string): Promise<string> => {
    if (isTemplate && holdsInstanceValue(path))
      throw new CannotStartError(
        `The environment file ${path} cannot be read: all instances share one, so its path must not contain values of an instance.`,
      );
    return pathIn(plain.workspaceFolder, await fillVariables(path, plain));
  };
  const env: Record<string, string | null> = {};
  const lookUp = (variable: string): string | undefined => ownText(context.env, variable);
  for (const [variable, value] of await readEnvFiles(spec.envFile ?? [], locate, lookUp)) env[variable] = asLiteral(value);
  for (const [variable, value] of Object.entries(spec.env ?? {})) env[variable] = value === null ? null : await fill(value);
  const whenLeaderExits = spec.whenLeaderExits ?? 'kill';
  // The terminal hangs up when its first process ends; members that are to live on are better off without one.
  const pty = spec.pty ?? whenLeaderExits === 'kill';
  const restart = spec.restart === undefined ? undefined : resolveRestart(spec.restart);
  return {
    ...(spec.group !== undefined && { group: spec.group }),
    argv,
    cwd: spec.cwd === undefined ? folder : await inWorkspace(spec.cwd),
    env,
    stdio: pty ? 'pty' : 'pipes',
    stop: spec.stop === undefined ? defaultStop : parseStop(spec.stop),
    whenLeaderExits,
    containment: spec.containment ?? 'auto',
    ...(spec.limits && { limits: resolveLimits(spec.limits) }),
    ...(spec.onLimit && { onLimit: spec.onLimit }),
    ...(spec.priority && { priority: resolvePriority(spec.priority) }),
    ...(spec.ready && { ready: await resolveReady(spec.ready, commands) }),
    ...(spec.alive && { alive: await resolveProbe(spec.alive, commands) }),
    ...(restart && { restart }),
  };
}

/** As a person writes it: relative to the folder, or to his own by a `~`. */
export function pathIn(folder: string, written: string): string {
  const path = written.replace(/^~(?=\/|$)/, homeFolder);
  return isAbsolute(path) ? path : resolvePath(folder, path);
}

/** Not what every object has, such as `constructor`. */
function ownText(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  return typeof value === 'string' ? value : undefined;
}
