import { CannotStartError } from '../command/executable.ts';
import { literalInProcess, type ProcessTemplate } from '../protocol/processTemplate.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { defaultStop } from '../protocol/stopSteps.ts';
import { fillCommand } from './fillCommand.ts';
import { hookTimeouts, resolveHooks, resolveStop } from './hooks.ts';
import { commandOfJobs } from './jobRules.ts';
import { resolveLimits, resolvePriority } from './limits.ts';
import { resolveRotation } from './logs.ts';
import { resolveProbe, resolveReady } from './probes.ts';
import type { ProcessSpec } from './processSchema.ts';
import { resolveRestart } from './restarts.ts';
import { SpecValues } from './specValues.ts';
import type { Variables } from './variables.ts';

export type ResolveContext = Variables;
/** All that the client fills in. */
export interface TemplateContext
  extends Pick<Variables, 'workspaceFolder' | 'env' | 'portName' | 'settingOf' | 'onFile' | 'selectedPython' | 'onToolchain'> {
  /** The name that a process of the same file has for the warden; the same one where this is absent. */
  processName?(name: string): string;
}

/**
 * As {@link resolveSpec} does it, but for what the warden fills in: the number of each instance, its ports, and what a client gives at the start.
 * @throws CannotStartError that names the variable or the file.
 */
export async function resolveTemplate(spec: ProcessSpec, context: TemplateContext): Promise<ProcessTemplate> {
  const portFor = (name: string): never => {
    throw new CannotStartError(`The port '${name}' cannot be used here: the warden assigns it to each instance.`);
  };
  const { join, ...template } = await resolve(spec, { ...context, portFor, isTemplate: true, asLiteral: literalInProcess });
  return { ...template, ...(join !== undefined && { join: context.processName?.(join) ?? join }) };
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
  const values = new SpecValues(spec, { ...context, ...(spec.inputs && { inputs: spec.inputs }) });
  const commands = values.commandsOf('command');
  const filled = await fillCommand(spec.command, commands);
  const argv = spec.jobs ? commandOfJobs(filled, typeof spec.command === 'string') : filled;
  const env = await values.environment();
  const whenLeaderExits = spec.whenLeaderExits ?? 'kill';
  // The terminal hangs up when its first process ends; members that are to live on are better off without one.
  const pty = spec.pty ?? whenLeaderExits === 'kill';
  const restart = spec.restart === undefined ? undefined : resolveRestart(spec.restart);
  const stop = spec.stop === undefined ? defaultStop : await resolveStop(spec.stop, values.commandsOf('stop'));
  const onStop = await resolveHooks(spec.onStop ?? [], hookTimeouts.stop, values.commandsOf('onStop'));
  const beforeStart = await resolveHooks(spec.beforeStart ?? [], hookTimeouts.beforeStart, values.commandsOf('beforeStart'));
  const afterReady = await resolveHooks(spec.afterReady ?? [], hookTimeouts.afterReady, values.commandsOf('afterReady'));
  return {
    ...(spec.group !== undefined && { group: spec.group }),
    argv,
    ...(await values.location()),
    env,
    stdio: pty ? 'pty' : 'pipes',
    stop: [...stop, ...onStop],
    ...(beforeStart.length > 0 && { beforeStart }),
    ...(afterReady.length > 0 && { afterReady }),
    whenLeaderExits,
    ...(spec.successExitCodes && { successExitCodes: spec.successExitCodes }),
    containment: spec.containment ?? 'auto',
    ...(spec.isolate && { isolate: await values.isolation(spec.isolate) }),
    ...(spec.join !== undefined && { join: spec.join }),
    ...(spec.runner && { runner: values.runner(spec.runner) }),
    ...(spec.limits && { limits: resolveLimits(spec.limits) }),
    ...(spec.onLimit && { onLimit: spec.onLimit }),
    ...(spec.priority && { priority: resolvePriority(spec.priority) }),
    ...(spec.ready && { ready: await resolveReady(spec.ready, values.commandsOf('ready')) }),
    ...(spec.alive && { alive: await resolveProbe(spec.alive, values.commandsOf('alive')) }),
    ...(restart && { restart }),
    ...(spec.log && { log: resolveRotation(spec.log) }),
  };
}
