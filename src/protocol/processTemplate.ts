/**
 * A declared process with every variable filled in but those that are known only at the start: the number of an instance and its ports, which the
 * warden knows, and the {@link StartValues}, which a client gives. These stand in texts as placeholders, such as `${instance}` and `${port:NAME}`.
 */
import { resolve } from 'node:path';
import { instanceName } from './names.ts';
import type { Check, Probe, ReadyProbe } from './policies.ts';
import type { HookCommand, StartRequest } from './startRequest.ts';
import { noExpansion, type StartValues } from './startVariables.ts';
import { commandsOf } from './stopSteps.ts';

/** As {@link Check}; a port may have a placeholder in it. */
export type CheckTemplate =
  | Exclude<Check, { readonly by: 'tcp' }>
  | { readonly by: 'tcp'; readonly host: string; readonly port: number | string };

export type ProbeTemplate<P extends Probe = Probe> = Omit<P, 'check'> & { readonly check: CheckTemplate };

export interface ProcessTemplate extends Omit<StartRequest, 'name' | 'pool' | 'declaration' | 'history' | 'ready' | 'alive'> {
  readonly ready?: ProbeTemplate<ReadyProbe>;
  readonly alive?: ProbeTemplate;
  /** What `cwd` is relative to; absent where that is absolute already. */
  readonly folder?: string;
}

/** What is an instance's own. */
export interface InstanceValues {
  /** Its number among several, from 1 up. */
  readonly instance: number;
  /** Of this name, as it stands in the file; the first instance has the port of that name, each further one a port of its own. */
  portOf(name: string): number;
  /** Given at the start. */
  readonly values: StartValues;
}

/** Holds a placeholder apart that is meant as it is written. No argument, variable or path can have this character in it. */
const apart = '\0';
const placeholder = new RegExp(
  String.raw`\$\{(?:port:${noExpansion}([^{}]+)|((?:input|command|secret):${noExpansion}[^{}]+)|instance)\}|\0`,
  'g',
);
const beginning = new RegExp(String.raw`\$(?=\{(?:(?:port|input|command|secret):${noExpansion}[^{}]+|instance)\})`, 'g');

/** A value that comes through {@link fillTemplate} unchanged, whatever it holds. */
export function literalInProcess(value: string): string {
  return value.replaceAll(beginning, () => `$${apart}`);
}

/** The value that {@link literalInProcess} has made a literal of. */
export function withoutMarks(literal: string): string {
  return literal.replaceAll(apart, '');
}

/** Names of the ports that it needs, each once, as they stand in the file. */
export function portNamesIn(template: ProcessTemplate): string[] {
  return placeholdersIn(template).ports;
}

/** The variables whose values have to be given, each once. */
export function startVariablesIn(template: ProcessTemplate): string[] {
  return placeholdersIn(template).variables;
}

function placeholdersIn(template: ProcessTemplate): { readonly ports: string[]; readonly variables: string[] } {
  const ports = new Set<string>();
  const variables = new Set<string>();
  for (const text of textsOf(template))
    for (const [, port, variable] of text.matchAll(placeholder)) {
      if (port !== undefined) ports.add(port);
      if (variable !== undefined) variables.add(variable);
    }
  return { ports: [...ports], variables: [...variables] };
}

function textsOf({ argv, cwd, env, ready, alive, stop, beforeStart = [], afterReady = [] }: ProcessTemplate): string[] {
  const inEnvironment = Object.values(env).filter((value) => value !== null);
  const hooks = [...beforeStart, ...afterReady, ...commandsOf(stop)].flatMap(({ run }) => run);
  return [...argv, cwd, ...inEnvironment, ...hooks, ...[ready, alive].flatMap((probe) => (probe ? textsOfCheck(probe.check) : []))];
}

function textsOfCheck(check: CheckTemplate): readonly string[] {
  switch (check.by) {
    case 'http':
      return [check.url];
    case 'exec':
      return check.argv;
    case 'tcp':
      return [check.host, String(check.port)];
    case 'log':
      return [];
  }
}

/** The name under which the port of an instance is known in a warden: several processes may share it. */
export function portKey(name: string, instance: number): string {
  return instanceName(name, instance);
}

/**
 * Fills placeholders in, in one pass.
 * @throws RangeError where the port of a probe is none, or a value was not given.
 */
export function fillTemplate(template: ProcessTemplate, { instance, portOf, values }: InstanceValues): Omit<StartRequest, 'name'> {
  const fill = (text: string): string =>
    text.replaceAll(placeholder, (found, port: string | undefined, variable: string | undefined) => {
      if (found === apart) return '';
      if (variable === undefined) return String(port === undefined ? instance : portOf(port));
      const value = Object.hasOwn(values, variable) ? values[variable] : undefined;
      if (value === undefined) throw new RangeError(`${found} has no value.`);
      return value;
    });
  const fillAll = ([program, ...args]: readonly [string, ...string[]]): [string, ...string[]] => [fill(program), ...args.map(fill)];
  const fillHook = (hook: HookCommand): HookCommand => ({ ...hook, run: fillAll(hook.run) });
  const { ready, alive, folder, isolate, runner, beforeStart, afterReady, ...rest } = template;
  const secretEnv = Object.keys(template.env).filter((name) => holdsSecret(template.env[name] ?? ''));
  return {
    ...rest,
    argv: fillAll(template.argv),
    stop: template.stop.map((step) => ('run' in step ? fillHook(step) : step)),
    ...(beforeStart && { beforeStart: beforeStart.map(fillHook) }),
    ...(afterReady && { afterReady: afterReady.map(fillHook) }),
    ...(secretEnv.length > 0 && { secretEnv }),
    cwd: folder === undefined ? fill(template.cwd) : resolve(fill(folder), fill(template.cwd)),
    env: Object.fromEntries(Object.entries(template.env).map(([name, value]) => [name, value === null ? null : fill(value)])),
    ...(isolate && { isolate: { ...isolate, folder: fill(isolate.folder), write: isolate.write.map(fill) } }),
    ...(runner && { runner: { ...runner, workspace: fill(runner.workspace) } }),
    ...(ready && { ready: { ...ready, check: fillCheck(ready.check, fill) } }),
    ...(alive && { alive: { ...alive, check: fillCheck(alive.check, fill) } }),
  };
}

function holdsSecret(text: string): boolean {
  return [...text.matchAll(placeholder)].some(([, , variable]) => variable?.startsWith('secret:'));
}

function fillCheck(check: CheckTemplate, fill: (text: string) => string): Check {
  switch (check.by) {
    case 'http':
      return { ...check, url: fill(check.url) };
    case 'exec': {
      const [program, ...args] = check.argv;
      return { ...check, argv: [fill(program), ...args.map(fill)] };
    }
    case 'tcp': {
      const written = fill(String(check.port));
      const port = Number(written);
      if (!(/^\d+$/.test(written) && port >= 1 && port <= 65_535))
        throw new RangeError(`'${written}' cannot be connected to: it is no port.`);
      return { ...check, host: fill(check.host), port };
    }
    case 'log':
      return check;
  }
}
