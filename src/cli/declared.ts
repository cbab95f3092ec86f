import { dirname, join } from 'node:path';
import { localFile, processesFile } from '../config/declarations.ts';
import { EditorSettings, settingsFiles } from '../config/editorSettings.ts';
import { budgetOf } from '../config/gatewayBudget.ts';
import type { GatewaySpec } from '../config/gatewaySchema.ts';
import type { ModelSpec } from '../config/modelSchema.ts';
import type { ParsedProcesses } from '../config/parseProcesses.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { hasProcessesFile, readProcesses } from '../config/readProcesses.ts';
import type { ResolveContext } from '../config/resolveSpec.ts';
import { NamedPorts } from '../loopback/namedPorts.ts';
import { operatingSystem } from '../platform/operatingSystem.ts';
import { errorText } from '../protocol/errors.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import type { GatewayOptions } from '../protocol/models.ts';
import { normalName } from '../protocol/names.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { rememberedSecrets } from './questions/secrets.ts';
import { workingDirectory } from './workingDirectory.ts';

const fileName = processesFile;

export interface Declared<T> {
  /** Of the file. */
  readonly path: string;
  /** Of the workspace. */
  readonly folder: string;
  readonly context: ResolveContext;
  readonly models: ReadonlyMap<string, ModelSpec>;
  /** What all models share. */
  readonly gateway: Pick<GatewayOptions, 'memory'>;
  /** Of clients that may use some of the models. */
  readonly keys: GatewaySpec['keys'];
  /** Absolute paths of all files that this was read from, or would be if they were there; those that a process names are in it when it has been resolved. */
  readonly files: ReadonlySet<string>;
  /** Names of those that are meant, without what they depend on. */
  readonly asked: readonly string[];
  /** All that is declared, in the order of the file. */
  readonly all: readonly (readonly [string, T])[];
  /** Of that, what is wanted; never empty. */
  readonly wanted: readonly (readonly [string, T])[];
}

/**
 * Reads one section of the processes.json of this folder, or of one above it.
 * @param arrange Which entries are wanted for these names, and in which order.
 * @param counts Which entries are meant beside the named ones; by default all where none is named, and no others where one is.
 * @param file Where it was read already.
 * @throws CliError where there is none, or something is wrong with it, or a name is not in it.
 */
export function readDeclared<T>(
  section: 'processes' | 'models',
  pick: (parsed: ParsedProcesses) => ReadonlyMap<string, T>,
  written: readonly string[],
  arrange: (names: readonly string[], entries: ReadonlyMap<string, T>) => readonly string[] = (names) => names,
  counts: (entries: ReadonlyMap<string, T>, areNamed: boolean) => (entry: T) => boolean = (_entries, areNamed) => () => !areNamed,
  file: DeclaredFile = readFile(),
): Declared<T> {
  const names = written.map(normalName);
  const { path, folder, parsed } = file;
  const noun = section === 'models' ? 'model' : 'process';
  const entries = pick(parsed);
  const [off] = section === 'processes' ? names.filter((name) => parsed.disabled.has(name)) : [];
  if (off !== undefined) {
    const { file = path, line } = parsed.disabled.get(off) ?? { line: 0 };
    throw new CliError(`'${off}' is disabled at ${file}:${line + 1}.`, exitCodes.usage);
  }
  const missing = names.filter((name) => !entries.has(name));
  if (missing.length > 0) throw notDeclared(path, missing, entries, noun);
  const isMeant = counts(entries, names.length > 0);
  const isAsked = ([name, entry]: [string, T]): boolean => names.includes(name) || isMeant(entry);
  const asked = [...entries].filter(isAsked).map(([name]) => name);
  const wanted = arrange(asked, entries).flatMap((name) => {
    const entry = entries.get(name);
    return entry === undefined ? [] : [[name, entry] as const];
  });
  const pools = [...parsed.specs].flatMap(([name, { jobs }]) => (jobs ? name : []));
  if (wanted.length === 0 && section === 'processes' && pools.length > 0 && pools.length === entries.size)
    throw new CliError(
      `${path} declares pools of jobs only, which are not started themselves: tree-warden job ${pools[0]} -- ARGUMENTS`,
      exitCodes.usage,
    );
  if (wanted.length === 0 && entries.size > 0)
    throw new CliError(`${path}: every process has a profile, and none of them is active; name a profile or a process.`, exitCodes.usage);
  if (wanted.length === 0) throw nothingDeclared(path, section, parsed);
  const ports = new NamedPorts();
  const memory = budgetOf(parsed.gateway);
  const settingsPaths = settingsFiles({ folder, home: homeFolder(), env: process.env, isMac: operatingSystem() === 'osx' });
  const settings = new EditorSettings(settingsPaths);
  const files = new Set([...filesOf(file), ...settingsPaths]);
  const context = {
    workspaceFolder: folder,
    env: process.env,
    portFor: (name: string) => ports.portFor(name),
    settingOf: (name: string) => settings.valueOf(name),
    secretOf: rememberedSecrets(),
    onFile: (name: string) => void files.add(name),
  };
  const { keys } = parsed.gateway;
  const gateway = memory ? { memory } : {};
  return { path, folder, context, models: parsed.models, gateway, keys, files, asked, all: [...entries], wanted };
}

/** Absolute paths of the files that say what is declared, also where they do not exist. */
export function filesOf({ path, folder, parsed }: DeclaredFile): string[] {
  return [path, join(folder, localFile), ...parsed.watched];
}

/** @throws CliError where a pool of jobs is to be started. */
export function assertNoJobs(wanted: Declared<ProcessSpec>['wanted']): void {
  const [pool] = wanted.find(([, { jobs }]) => jobs !== undefined) ?? [];
  if (pool !== undefined)
    throw new CliError(
      `'${pool}' is a pool of jobs, which is not started itself. Run one with: tree-warden job ${pool} -- ARGUMENTS`,
      exitCodes.usage,
    );
}

/** Names that a file does not declare, and those that it does. */
export function notDeclared(path: string, names: readonly string[], declared: ReadonlyMap<string, unknown>, noun = 'process'): CliError {
  const quoted = names.map((name) => `'${name}'`).join(', ');
  return new CliError(`${path} declares no ${noun} ${quoted}; it declares ${[...declared.keys()].join(', ') || 'none'}.`, exitCodes.usage);
}

/** With what it declares instead, or that all of it is disabled. */
export function nothingDeclared(path: string, section: 'processes' | 'models', parsed: ParsedProcesses): CliError {
  const { disabled } = parsed;
  const [[name, { file = path, line }] = ['', { line: 0 }]] = disabled;
  const problem =
    section === 'processes' && disabled.size > 0
      ? `${path} declares only processes that are disabled: ${listed(disabled)} ('${name}' at ${file}:${line + 1}).`
      : `${path} declares no ${section}.`;
  return new CliError(`${problem}${insteadOf(section, parsed)}`, exitCodes.usage);
}

/** What can be done with the sections that the file does have, as further sentences. */
function insteadOf(section: 'processes' | 'models', { specs, models, mcpServers }: ParsedProcesses): string {
  const sentences = [
    ...(section === 'processes' && models.size > 0 ? [`It declares models: tree-warden gateway serves ${listed(models)}.`] : []),
    ...(section === 'models' && specs.size > 0 ? [`It declares processes: tree-warden up starts ${listed(specs)}.`] : []),
    ...(mcpServers.size > 0 ? [`Its MCP servers are started by the editor that offers them to its agents: ${listed(mcpServers)}.`] : []),
  ];
  return sentences.map((sentence) => ` ${sentence}`).join('');
}

/** Maximum number of names in one sentence. */
const maxListed = 10;

function listed(entries: ReadonlyMap<string, unknown>): string {
  const names = [...entries.keys()].slice(0, maxListed);
  return [...names, ...(entries.size > maxListed ? [`${entries.size - maxListed} more`] : [])].join(', ');
}

export interface DeclaredFile {
  /** Of the processes.json; it may be that only the person's file beside it exists. */
  readonly path: string;
  /** Of the workspace. */
  readonly folder: string;
  readonly parsed: ParsedProcesses;
}

/**
 * Reads the processes.json of this folder, or of one above it, with all that belongs to it.
 * @throws CliError where there is none, or something is wrong with it.
 */
export function readFile(): DeclaredFile {
  const { path, folder } = findProcessesFile();
  const file = { path, folder, parsed: readProcessesFile(path, folder) };
  assertValid(file);
  return file;
}

/** @throws CliError with the places of all that is wrong with it. */
export function assertValid({ path, parsed }: DeclaredFile): void {
  if (parsed.problems.length === 0) return;
  const lines = parsed.problems.map(({ file = path, line, column, message }) => `${file}:${line + 1}:${column + 1}: ${message}`);
  throw new CliError(lines[0] ?? '', exitCodes.usage, lines.slice(1));
}

export interface DeclaredHere extends Partial<Pick<ParsedProcesses, 'specs' | 'models'>> {
  /** Of the workspace. */
  readonly folder: string;
}

/** What the file of this folder declares, as far as it can be read: what it has started is to be ended also where it is broken, or gone. */
export function declaredHere(): DeclaredHere {
  const found = nearestFile();
  if (found === undefined) return { folder: workingDirectory() };
  try {
    const { specs, models } = readProcessesFile(found.path, found.folder);
    return { folder: found.folder, specs, models };
  } catch {
    return { folder: found.folder };
  }
}

/** @throws CliError where there is none. */
export function findProcessesFile(): Pick<DeclaredFile, 'path' | 'folder'> {
  const found = nearestFile();
  if (found) return found;
  throw new CliError(
    `There is no ${fileName} in ${workingDirectory()} or in a folder above it. To write one from package.json, a Procfile or others: tree-warden import FILE`,
    exitCodes.usage,
  );
}

/** The processes.json of this folder, or of the nearest one above it that has one. */
export function nearestFile(): Pick<DeclaredFile, 'path' | 'folder'> | undefined {
  for (let folder = workingDirectory(); ; folder = dirname(folder)) {
    if (hasProcessesFile(folder)) return { path: join(folder, fileName), folder };
    if (folder === dirname(folder)) return undefined;
  }
}

/** @throws CliError where it cannot be read; what is wrong in it is in the answer. */
export function readProcessesFile(path: string, folder: string): ParsedProcesses {
  try {
    return readProcesses(folder, { system: operatingSystem(), followsIncludes: true }).parsed;
  } catch (error) {
    throw new CliError(`Cannot read ${path}: ${errorText(error)}.`, exitCodes.usage);
  }
}
