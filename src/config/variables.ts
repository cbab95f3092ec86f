import { CannotStartError } from '../command/executable.ts';

/** What the variables of a text stand for. */
export interface Variables {
  /** Absolute. */
  readonly workspaceFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** A free port for this name, the same one at every call. */
  portFor(name: string): Promise<number>;
  /** Its number among several, from 1 up. */
  readonly instance?: number;
  /** Further variables, by name. */
  readonly known?: ReadonlyMap<string, string>;
  /** The instance's number and ports stay as they are written: the warden fills them in. */
  readonly isTemplate?: boolean;
  /** Applied to each value before it is inserted, where the text is a template that is filled in further on. */
  asLiteral?(value: string): string;
}

/** A name ends at the next brace, so that a text of nothing but beginnings is read once. */
const variable = /\$\{(?:(env|port):([^{}]+)|(\w+))\}/g;

/**
 * Replaces `${workspaceFolder}`, `${instance}`, `${env:NAME}`, `${port:NAME}` and what else is known, in one pass: a value is inserted as it is.
 * What a shell understands, such as `${HOME}`, stays.
 * @throws CannotStartError where an environment variable is not set.
 */
export async function fillVariables(
  text: string,
  { workspaceFolder, env, portFor, instance = 1, known, isTemplate = false, asLiteral = (value) => value }: Variables,
): Promise<string> {
  const ports = new Map<string, number>();
  if (!isTemplate)
    for (const [, kind, name = ''] of text.matchAll(variable))
      if (kind === 'port' && !ports.has(name)) ports.set(name, await portFor(name));
  const simple = new Map([['workspaceFolder', workspaceFolder], ...(known ?? [])]);
  if (!isTemplate) simple.set('instance', String(instance));
  const lookUp = (whole: string, kind: string | undefined, name: string): string | undefined => {
    if (kind === 'port') return ports.get(name)?.toString();
    if (kind === undefined) return simple.get(name);
    const value = env[name];
    // Also where it is what every object has, such as `constructor`.
    if (typeof value !== 'string') throw new CannotStartError(`${whole} cannot be filled in: the environment variable ${name} is not set.`);
    return value;
  };
  return text.replaceAll(variable, (whole, kind: string | undefined, name: string, plain: string) => {
    const value = lookUp(whole, kind, name ?? plain);
    return value === undefined ? whole : asLiteral(value);
  });
}

/** Whether something of it would be replaced. */
export function holdsVariable(text: string): boolean {
  return Array.from(text.matchAll(variable)).some(
    ([, kind, , plain]) => kind !== undefined || plain === 'workspaceFolder' || plain === 'instance',
  );
}

/** Whether something of it is another one for each instance. */
export function holdsInstanceValue(text: string): boolean {
  return Array.from(text.matchAll(variable)).some(([, kind, , plain]) => kind === 'port' || plain === 'instance');
}
