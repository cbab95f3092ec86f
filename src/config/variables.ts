import { basename, sep } from 'node:path';
import { CannotStartError } from '../command/executable.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import type { PythonEnvironment, Toolchain } from './toolchains/toolchain.ts';
import { placeProblem, type VariablePlace, variable } from './variableRules.ts';

/** What the variables of a text stand for. */
export interface Variables extends VariablePlace {
  /** Absolute. */
  readonly workspaceFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** A free port for this name, the same one at every call. */
  portFor(name: string): Promise<number>;
  /** Its number among several, from 1 up. */
  readonly instance?: number;
  /** The working directory of the process, absolute; in a template, a template itself. Default: the workspace folder. */
  readonly cwd?: string;
  /** Further variables, by name. */
  readonly known?: ReadonlyMap<string, string>;
  /** The instance's number, its ports and what a client gives at the start stay as they are written: the warden fills them in. */
  readonly isTemplate?: boolean;
  /** The name under which the warden knows a port of this name, in a template. */
  portName?(name: string): string;
  /** The value of a setting of VS Code; undefined where it has none. @throws CannotStartError that says where it was looked for. */
  settingOf?(name: string): unknown;
  /** The value of a secret, for keys of models; undefined where it is not set. */
  secretOf?(name: string): Promise<string | undefined>;
  /** The Python environment that is selected in the editor; undefined where none is, or none is known of. */
  selectedPython?(): Promise<PythonEnvironment | undefined>;
  /** Hears of the Python or Node.js that was found for a process. */
  onToolchain?(toolchain: Toolchain): void;
  /** Hears of each file that values are to be read from, by its absolute path, also where there is none. */
  onFile?(path: string): void;
  /** Applied to each value before it is inserted, where the text is a template that is filled in further on. */
  asLiteral?(value: string): string;
}

/**
 * Replaces variables, in one pass: a value is inserted as it is. What a shell understands, such as `${HOME}`, stays.
 * @throws CannotStartError where a variable has no value, or cannot be used in this place.
 */
export async function fillVariables(text: string, variables: Variables): Promise<string> {
  const { isTemplate = false, portName, asLiteral = (value) => value, cwd } = variables;
  const found = Array.from(text.matchAll(variable));
  const ports = isTemplate ? new Map<string, number>() : await portsIn(found, variables);
  return text.replaceAll(variable, (whole, kind: string | undefined, name: string, plain: string) => {
    if (kind === 'port' && isTemplate) return portName === undefined ? whole : `\${port:${portName(name)}}`;
    // Its own placeholders are filled in with those of the text around it.
    if (plain === 'cwd' && cwd !== undefined) return isTemplate ? cwd : asLiteral(cwd);
    const value = kind === undefined ? plainValue(plain, variables) : namedValue(whole, kind, name, variables, ports);
    return value === undefined ? whole : asLiteral(value);
  });
}

async function portsIn(found: readonly RegExpMatchArray[], { portFor }: Variables): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for (const [, kind, name = ''] of found) if (kind === 'port' && !ports.has(name)) ports.set(name, await portFor(name));
  return ports;
}

/** Undefined where it is a shell's, or is filled in further on. */
function plainValue(name: string, { workspaceFolder, instance = 1, known, isTemplate = false }: Variables): string | undefined {
  switch (name) {
    case 'workspaceFolder':
    case 'cwd':
      return workspaceFolder;
    case 'workspaceFolderBasename':
      return basename(workspaceFolder);
    case 'userHome':
      return homeFolder();
    case 'pathSeparator':
    case '/':
      return sep;
    case 'instance':
      return isTemplate ? undefined : String(instance);
    default:
      return known?.get(name);
  }
}

/** Undefined where it is filled in further on. */
function namedValue(
  whole: string,
  kind: string,
  name: string,
  variables: Variables,
  ports: ReadonlyMap<string, number>,
): string | undefined {
  const { env, isTemplate = false } = variables;
  switch (kind) {
    case 'port':
      return ports.get(name)?.toString();
    case 'env': {
      const value = env[name];
      // Also where it is what every object has, such as `constructor`.
      if (typeof value === 'string') return value;
      throw new CannotStartError(`${whole} cannot be filled in: the environment variable ${name} is not set.`);
    }
    case 'config':
      return settingText(whole, name, variables);
    default: {
      const problem = placeProblem({ kind, name }, { ...variables, isFilledAtStart: isTemplate });
      if (problem !== undefined) throw new CannotStartError(`${whole} cannot be used here: ${problem}.`);
      return undefined;
    }
  }
}

function settingText(whole: string, name: string, { settingOf }: Variables): string {
  if (settingOf === undefined) throw new CannotStartError(`${whole} cannot be used here: no settings are known.`);
  const value = settingOf(name);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const problem =
    value === undefined || value === null ? 'the setting has no value' : `it is ${Array.isArray(value) ? 'a list' : 'an object'}`;
  throw new CannotStartError(`${whole} cannot be filled in: ${problem}. It has to be a string, a number, true or false.`);
}

const plainNames: ReadonlySet<string> = new Set([
  'workspaceFolder',
  'workspaceFolderBasename',
  'userHome',
  'pathSeparator',
  '/',
  'cwd',
  'instance',
]);

/** Whether something of it would be replaced. */
export function holdsVariable(text: string): boolean {
  return Array.from(text.matchAll(variable)).some(([, kind, , plain = '']) => kind !== undefined || plainNames.has(plain));
}

/** Whether something of it is another one for each instance, or each start. */
export function holdsInstanceValue(text: string): boolean {
  return Array.from(text.matchAll(variable)).some(
    ([, kind, , plain]) => (kind !== undefined && kind !== 'env' && kind !== 'config') || plain === 'instance',
  );
}
