/** The processes of process-compose: https://f1bonacc1.github.io/process-compose/configuration/ */
import type { Discoverer, FoundTask, ProjectFolder } from './foundTask.ts';
import { asObject } from './jsonEntries.ts';
import { type EntryContext, entryOf } from './processCompose/entry.ts';
import { Notes } from './processCompose/notes.ts';
import { logOf } from './processCompose/policies.ts';
import { type ComposeProcess, namedValues, readProject } from './processCompose/project.ts';
import { dotenvValues, replicaNumber, type TextContext, valueText } from './processCompose/texts.ts';

export const processCompose: Discoverer = {
  kind: 'process-compose',
  files: ['process-compose.yaml', 'process-compose.yml'],
  isNested: false,
  startsAll: true,
  find: findProcesses,
};

/** Keys of a file that need nothing here. */
const needless = new Set(['version', 'name', 'is_strict', 'is_tui_disabled', 'ordered_shutdown', 'log_level', 'log_length', 'log_format']);
const taken = new Set(['environment', 'vars', 'shell', 'disable_env_expansion', 'env_cmds', 'log_configuration']);
const untaken: Readonly<Record<string, string>> = {
  log_location: 'the output is kept, and tree-warden logs prints it, merged where several processes are named',
  mcp_server: 'tree-warden mcp serves agents',
};

function findProcesses(text: string, folder: ProjectFolder | undefined): FoundTask[] {
  const project = readProject(text, folder);
  const { fields, processes, notes: ofFile } = project;
  for (const key of Object.keys(fields))
    if (!needless.has(key) && !taken.has(key) && !key.startsWith('x-')) ofFile.leave(key, untaken[key] ?? 'it is not known here');
  const dotenvText = folder?.has('.env') ? folder.read('.env') : undefined;
  const ownDotenv = dotenvText !== undefined && processes.some(({ fields: { is_dotenv_disabled: isOff } }) => isOff === true);
  const texts: TextContext = {
    expands: fields['disable_env_expansion'] !== true,
    dotenv: dotenvValues(dotenvText),
    vars: asObject(fields['vars']),
    notes: ofFile,
  };
  const common = {
    ...texts,
    system: folder?.system ?? 'linux',
    shell: shellOf(fields['shell'], ofFile),
    envCommands: commandsOf(fields['env_cmds'], ofFile),
    processes: new Map(processes.map((process) => [process.name, process])),
    ownDotenv,
  };
  const env = globalEnvironment(fields['environment'], texts);
  const hasDotenv = dotenvText !== undefined && !ownDotenv;
  const log = logOf(fields['log_configuration'], 'log_configuration', texts);
  const shared = { ...(env && { env }), ...(hasDotenv && { envFile: '.env' }), ...(log && { log }) };
  const found = processes.flatMap((process) => {
    const context = { ...common, notes: new Notes(), vars: varsOf(process, common.vars) };
    const entry = entryOf(process, context);
    if (entry === undefined) for (const line of context.notes.lines) ofFile.leave(...splitNote(line));
    return entry === undefined ? [] : [{ ...entry, ...leftOf(context) }];
  });
  const more = { ...(Object.keys(shared).length > 0 && { shared }), ...(ofFile.lines.length > 0 && { leftOfFile: ofFile.lines }) };
  return found.map((task) => ({ ...task, ...more }));
}

function leftOf({ notes }: EntryContext): Pick<FoundTask, 'left'> {
  return notes.lines.length > 0 ? { left: notes.lines } : {};
}

function splitNote(line: string): [string, string] {
  const at = line.indexOf(': ');
  return [line.slice(0, at), line.slice(at + 2)];
}

function varsOf({ fields }: ComposeProcess, global: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isPool = Number(fields['replicas'] ?? 1) > 1;
  return { ...global, ...asObject(fields['vars']), PC_REPLICA_NUM: isPool ? replicaNumber : 0 };
}

function shellOf(written: unknown, notes: Notes): readonly [string, string] | undefined {
  if (written === undefined) return undefined;
  const { shell_command: program, shell_argument: argument, ...others } = asObject(written);
  for (const name of Object.keys(others)) notes.leave(`shell.${name}`, 'nothing is run as root here');
  const isDefault = program === 'bash' && argument === '-c';
  return typeof program === 'string' && typeof argument === 'string' && !isDefault ? [program, argument] : undefined;
}

/** Maximum number of variables that are what a command prints: each is looked for in each command. */
const maxEnvironmentCommands = 50;

function commandsOf(written: unknown, notes: Notes): ReadonlyMap<string, string> {
  const commands = Object.entries(asObject(written)).filter(
    (entry): entry is [string, string] => /^[A-Za-z_]\w*$/.test(entry[0]) && typeof entry[1] === 'string',
  );
  if (commands.length > maxEnvironmentCommands) notes.leave('env_cmds', `only the first ${maxEnvironmentCommands} are taken over`);
  return new Map(commands.slice(0, maxEnvironmentCommands));
}

function globalEnvironment(written: unknown, context: TextContext): Record<string, string> | undefined {
  const env: Record<string, string> = {};
  for (const [name, one] of Object.entries(namedValues(written))) {
    const value = one === undefined ? undefined : valueText(one ?? '', `environment.${name}`, context);
    if (one === undefined) context.notes.leave(`environment.${name}`, 'it is not of the form NAME=value');
    if (value !== undefined && !value.includes('\0')) env[name] = value;
  }
  return Object.keys(env).length > 0 ? env : undefined;
}
