/**
 * A declared process with every variable filled in but those that the warden knows: the number of an instance and its ports. These
 * stand in texts as placeholders, `${instance}` and `${port:NAME}`.
 */
import { instanceName } from './names.ts';
import type { Check, Probe, ReadyProbe } from './policies.ts';
import type { StartRequest } from './startRequest.ts';

/** As {@link Check}; a port may have a placeholder in it. */
export type CheckTemplate =
  | Exclude<Check, { readonly by: 'tcp' }>
  | { readonly by: 'tcp'; readonly host: string; readonly port: number | string };

export type ProbeTemplate<P extends Probe = Probe> = Omit<P, 'check'> & { readonly check: CheckTemplate };

export interface ProcessTemplate extends Omit<StartRequest, 'name' | 'pool' | 'declaration' | 'ready' | 'alive'> {
  readonly ready?: ProbeTemplate<ReadyProbe>;
  readonly alive?: ProbeTemplate;
}

/** What is an instance's own. */
export interface InstanceValues {
  /** Its number among several, from 1 up. */
  readonly instance: number;
  /** Of this name, as it stands in the file; the first instance has the port of that name, each further one a port of its own. */
  portOf(name: string): number;
}

/** Holds a placeholder apart that is meant as it is written. No argument, variable or path can have this character in it. */
const apart = '\0';
const placeholder = /\$\{(?:port:([^{}]+)|instance)\}|\0/g;
const beginning = /\$(?=\{(?:port:[^{}]+|instance)\})/g;

/** A value that comes through {@link fillTemplate} unchanged, whatever it holds. */
export function literalInProcess(value: string): string {
  return value.replaceAll(beginning, () => `$${apart}`);
}

/** Names of the ports that it needs, each once, as they stand in the file. */
export function portNamesIn(template: ProcessTemplate): string[] {
  const names = new Set<string>();
  fillTemplate(template, {
    instance: 1,
    portOf: (name) => {
      names.add(name);
      return 1;
    },
  });
  return [...names];
}

/** The name under which the port of an instance is known in a warden: several processes may share it. */
export function portKey(name: string, instance: number): string {
  return instanceName(name, instance);
}

/**
 * Fills placeholders in, in one pass.
 * @throws RangeError where the port of a probe is none.
 */
export function fillTemplate(template: ProcessTemplate, values: InstanceValues): Omit<StartRequest, 'name'> {
  const fill = (text: string): string =>
    text.replaceAll(placeholder, (found, port: string | undefined) => {
      if (found === apart) return '';
      return String(port === undefined ? values.instance : values.portOf(port));
    });
  const { ready, alive, ...rest } = template;
  const [program, ...args] = template.argv;
  return {
    ...rest,
    argv: [fill(program), ...args.map(fill)],
    cwd: fill(template.cwd),
    env: Object.fromEntries(Object.entries(template.env).map(([name, value]) => [name, value === null ? null : fill(value)])),
    ...(ready && { ready: { ...ready, check: fillCheck(ready.check, fill) } }),
    ...(alive && { alive: { ...alive, check: fillCheck(alive.check, fill) } }),
  };
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
