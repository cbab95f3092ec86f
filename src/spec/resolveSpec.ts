import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { errorText } from '../protocol/errors.ts';
import type { StartRequest } from '../protocol/messages.ts';
import { defaultStop, parseStop } from '../protocol/stopSteps.ts';
import { CannotStartError } from './executable.ts';
import { fillCommand } from './fillCommand.ts';
import { resolveLimits, resolvePriority } from './limits.ts';
import { resolveProbe, resolveReady } from './probes.ts';
import type { ProcessSpec } from './processSchema.ts';
import { resolveRestart } from './restarts.ts';

export interface ResolveContext {
  /** Absolute. */
  readonly workspaceFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** A free port for this name, the same one at every call. */
  portFor(name: string): Promise<number>;
  /** Its number among several, from 1 up. */
  readonly instance?: number;
}

/** What string commands are given to: the system's shell. Only Windows names one in the environment. */
function shellFor({ ComSpec }: NodeJS.ProcessEnv): [string, ...string[]] {
  return ComSpec ? [ComSpec, '/d', '/s', '/c'] : ['/bin/sh', '-c'];
}

/** The first instance has the spec's own name, so that nothing is renamed when there are to be more of it. */
export function instanceName(spec: string, instance: number): string {
  return instance === 1 ? spec : `${spec}#${instance}`;
}

/** What {@link instanceName} was made of. */
export function instanceOf(name: string): { readonly spec: string; readonly instance: number } {
  const [, spec = name, instance = '1'] = name.match(/^(.*)#(\d+)$/) ?? [];
  return { spec, instance: Number(instance) };
}

/**
 * One of several of a spec, by its number from 1 up: what is numbered or named `${port:…}` is its own.
 * @throws as {@link resolveSpec} does.
 */
export async function resolveInstance(name: string, spec: ProcessSpec, instance: number, context: ResolveContext): Promise<StartRequest> {
  const own: ResolveContext = {
    ...context,
    instance,
    portFor: (port) => context.portFor(instanceName(port, instance)),
  };
  const request = await resolveSpec(instanceName(name, instance), spec, own);
  return { ...request, env: { TREE_WARDEN_INSTANCE: String(instance), ...request.env }, pool: name };
}

/**
 * All instances of a spec; one that is alone is the spec itself.
 * @throws as {@link resolveSpec} does.
 */
export async function resolveInstances(name: string, spec: ProcessSpec, count: number, context: ResolveContext): Promise<StartRequest[]> {
  if (count === 1) return [await resolveSpec(name, spec, context)];
  return await Promise.all(Array.from({ length: count }, (_, index) => resolveInstance(name, spec, index + 1, context)));
}

/**
 * Fills in variables and defaults, and reads environment files.
 * @throws CannotStartError that names the variable or the file.
 */
export async function resolveSpec(name: string, spec: ProcessSpec, context: ResolveContext): Promise<StartRequest> {
  const fill = (text: string): Promise<string> => fillVariables(text, context);
  const shell = shellFor(context.env);
  const argv = await fillCommand(spec.command, { fill, shell });
  const inWorkspace = async (path: string): Promise<string> => pathIn(context.workspaceFolder, await fill(path));
  const env: Record<string, string | null> = {};
  for (const file of [spec.envFile ?? []].flat()) Object.assign(env, readEnvFile(await inWorkspace(file)));
  for (const [variable, value] of Object.entries(spec.env ?? {})) env[variable] = value === null ? null : await fill(value);
  const whenLeaderExits = spec.whenLeaderExits ?? 'kill';
  // The terminal hangs up when its first process ends; members that are to live on are better off without one.
  const pty = spec.pty ?? whenLeaderExits === 'kill';
  const restart = spec.restart === undefined ? undefined : resolveRestart(spec.restart);
  return {
    name,
    ...(spec.group !== undefined && { group: spec.group }),
    argv,
    cwd: spec.cwd === undefined ? context.workspaceFolder : await inWorkspace(spec.cwd),
    env,
    stdio: pty ? 'pty' : 'pipes',
    stop: spec.stop === undefined ? defaultStop : parseStop(spec.stop),
    whenLeaderExits,
    containment: spec.containment ?? 'auto',
    ...(spec.limits && { limits: resolveLimits(spec.limits) }),
    ...(spec.onLimit && { onLimit: spec.onLimit }),
    ...(spec.priority && { priority: resolvePriority(spec.priority) }),
    ...(spec.ready && { ready: await resolveReady(spec.ready, { fill, shell }) }),
    ...(spec.alive && { alive: await resolveProbe(spec.alive, { fill, shell }) }),
    ...(restart && { restart }),
  };
}

/**
 * Replaces `${workspaceFolder}`, `${instance}`, `${env:NAME}` and `${port:NAME}`. What a shell understands, such as `${HOME}`, stays.
 * @throws CannotStartError where an environment variable is not set.
 */
export async function fillVariables(text: string, { workspaceFolder, env, portFor, instance = 1 }: ResolveContext): Promise<string> {
  let filled = text.replaceAll('${workspaceFolder}', workspaceFolder).replaceAll('${instance}', String(instance));
  filled = filled.replaceAll(/\$\{env:([^}]+)\}/g, (variable, name: string) => {
    const value = env[name];
    if (value === undefined) throw new CannotStartError(`${variable} cannot be filled in: the environment variable ${name} is not set.`);
    return value;
  });
  for (const [variable, name = ''] of [...filled.matchAll(/\$\{port:([^}]+)\}/g)])
    filled = filled.replace(variable, String(await portFor(name)));
  return filled;
}

/** As a person writes it: relative to the folder, or to his own by a `~`. */
export function pathIn(folder: string, written: string): string {
  const path = written.replace(/^~(?=\/|$)/, homedir());
  return isAbsolute(path) ? path : resolve(folder, path);
}

function readEnvFile(path: string): Record<string, string> {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new CannotStartError(`Cannot read the environment file ${path}: ${errorText(error)}.`);
  }
}
