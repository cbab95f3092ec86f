/** From the options of a program to the request for a warden. */

import { basename, isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { successExitCodesSchema } from '../config/exitCodes.ts';
import { fillCommand, shellFor } from '../config/fillCommand.ts';
import { type IsolateSpec, isolateSchema, resolveIsolation } from '../config/isolation.ts';
import { limitsSchema, resolveLimits } from '../config/limits.ts';
import { pathIn } from '../config/pathIn.ts';
import { aliveSchema, readySchema, resolveProbe, resolveReady } from '../config/probes.ts';
import { argument, command as commandSchema, path, text, variableName } from '../config/values.ts';
import { errorText } from '../protocol/errors.ts';
import type { Isolation } from '../protocol/isolation.ts';
import { nameFrom, nameProblem, normalName } from '../protocol/names.ts';
import type { Probe, ReadyProbe } from '../protocol/policies.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { defaultStop, parseStop } from '../protocol/stopSteps.ts';
import { type Command, OptionError, type RunOptions, type SpawnOptions, StartError } from './api.ts';
import { ownFolder } from './ownFolder.ts';

const optionsSchema = z.strictObject({
  name: text.optional(),
  cwd: path.optional(),
  // `process.env` is an object of a class of its own.
  env: z.custom<NonNullable<SpawnOptions['env']>>((value) => typeof value === 'object' && value !== null, 'must be an object').optional(),
  stdin: z.enum(['pipe', 'ignore']).optional(),
  stdout: z.enum(['pipe', 'inherit', 'ignore']).optional(),
  stderr: z.enum(['pipe', 'inherit', 'ignore']).optional(),
  stop: z.union([text, z.array(text)]).optional(),
  whenLeaderExits: z.enum(['kill', 'keep']).optional(),
  successExitCodes: successExitCodesSchema.optional(),
  containment: z.enum(['auto', 'group', 'cgroup', 'namespace', 'job']).optional(),
  isolate: isolateSchema.optional(),
  limits: limitsSchema.optional(),
  onLimit: z.enum(['warn', 'stop', 'kill']).optional(),
  ready: readySchema.optional(),
  alive: aliveSchema.optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

const runOptionsSchema = z.looseObject({
  input: z
    .custom<string | Uint8Array>((value) => typeof value === 'string' || ArrayBuffer.isView(value), 'must be a text or bytes')
    .optional(),
  maxBuffer: z
    .union([z.number(), z.literal(Number.POSITIVE_INFINITY)], 'must be a number of bytes')
    .refine((bytes) => bytes >= 0, 'must not be negative')
    .optional(),
});

/** @throws OptionError */
export function runOptionsFrom(options: RunOptions): Pick<RunOptions, 'input' | 'maxBuffer'> {
  const { input, maxBuffer } = checkedOptions(runOptionsSchema, options);
  return { ...(input !== undefined && { input }), ...(maxBuffer !== undefined && { maxBuffer }) };
}

/** What is written is meant as it is: a program has its own ways to fill in values. */
const asWritten = { fill: (written: string) => Promise.resolve(written), shell: shellFor(process.env) };

/**
 * @param around What is there: a free name that is like another one, and the environment that a tree gets without a change.
 * @param isStderrRead Whether all of it is read at once, so that the process can wait for its reader and nothing is left out.
 * @throws OptionError that names the option.
 */
export async function requestFrom(
  command: Command,
  options: SpawnOptions,
  around: { freeName(plain: string): string; readonly environment: NodeJS.ProcessEnv },
  isStderrRead = options.stderr === 'inherit',
): Promise<StartRequest> {
  const program = checked(commandSchema, command, 'command');
  const { isolate, limits, onLimit, ready, alive, ...given } = checkedOptions(optionsSchema, options);
  const argv = await fillCommand(program, asWritten);
  const [first] = typeof program === 'string' ? program.trim().split(/\s+/) : argv;
  const request = {
    argv,
    cwd: folderFrom(given.cwd),
    env: { ...changeSince(around.environment), ...environmentFrom(given.env ?? {}) },
    stdio: 'raw' as const,
    ...(isStderrRead && { awaitReader: true }),
    stop: given.stop === undefined ? defaultStop : optionOf('stop', () => parseStop([given.stop ?? []].flat())),
    whenLeaderExits: given.whenLeaderExits ?? 'kill',
    ...(given.successExitCodes && { successExitCodes: given.successExitCodes }),
    containment: given.containment ?? 'auto',
    ...(isolate && { isolate: isolationFrom(isolate, folderFrom(given.cwd)) }),
    ...(limits && { limits: resolveLimits(limits) }),
    ...(onLimit && { onLimit }),
    ...(ready && { ready: (await probeOf('ready', resolveReady(ready, asWritten))) as ReadyProbe }),
    ...(alive && { alive: (await probeOf('alive', resolveProbe(alive, asWritten))) as Probe }),
  };
  // The last that can fail: a name that is found for it stays taken until it is started.
  const name = given.name === undefined ? around.freeName(nameFrom(basename(first ?? ''), 'command')) : checkedName(given.name);
  return { name, ...request };
}

/** A program that goes to another folder means its relative paths from there; the warden has stayed. */
function folderFrom(cwd = '.'): string {
  if (isAbsolute(cwd)) return cwd;
  const own = ownFolder();
  if (own === undefined) throw new StartError('The working directory of this program does not exist any more.', 'folderUnusable');
  return resolve(own, cwd);
}

function isolationFrom(isolate: IsolateSpec, cwd: string): Isolation {
  return resolveIsolation(
    isolate,
    cwd,
    (isolate.write ?? []).map((path) => pathIn(cwd, path)),
  );
}

function environmentFrom(given: NonNullable<SpawnOptions['env']>): Record<string, string | null> {
  const entries = Object.entries(given).map(([name, value]) => {
    checked(variableName, name, 'env');
    return [name, value === undefined || value === null ? null : checked(argument, value, `env.${name}`)] as const;
  });
  return Object.fromEntries(entries);
}

/** What this program has changed in its environment since it was this one. */
function changeSince(before: NodeJS.ProcessEnv): Record<string, string | null> {
  const names = new Set([...Object.keys(before), ...Object.keys(process.env)]);
  const changed = [...names].filter((name) => process.env[name] !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, process.env[name] ?? null]));
}

function checkedOptions<T extends z.ZodType>(schema: T, options: unknown): z.output<T> {
  if (Array.isArray(options))
    throw new OptionError('options: must be an object; arguments are part of the command, as in ["git", "status"].');
  return checked(schema, options, '');
}

function checked<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [{ path, message } = { path: [], message: 'is not valid' }] = error.issues;
  throw new OptionError(`${[what, ...path].filter((part) => part !== '').join('.') || 'options'}: ${message}.`);
}

function optionOf<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new OptionError(`${name}: ${errorText(error)}.`);
  }
}

async function probeOf<T>(name: string, resolving: Promise<T>): Promise<T> {
  try {
    return await resolving;
  } catch (error) {
    throw new OptionError(`${name}: ${errorText(error)}`);
  }
}

function checkedName(written: string): string {
  const name = normalName(written);
  const problem = nameProblem(name);
  if (problem !== undefined) throw new OptionError(`name: ${problem}.`);
  return name;
}
