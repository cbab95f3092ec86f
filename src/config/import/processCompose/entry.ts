/** One process of process-compose as an entry of a processes.json. */
import { posix } from 'node:path';
import { foundSchedule } from '../composeSchedule.ts';
import type { FoundTask } from '../foundTask.ts';
import { asObject } from '../jsonEntries.ts';
import { type CommandContext, pathBelow, shellCommand, type WrittenCommand } from './commands.ts';
import { dependenciesOf, isDisabled } from './dependencies.ts';
import type { Notes } from './notes.ts';
import { logOf, restartOf, stopOf } from './policies.ts';
import { aliveProbe, readyProbe } from './probes.ts';
import { type ComposeProcess, namedValues } from './project.ts';
import { numberOf, valueText } from './texts.ts';
import { watchOf } from './watch.ts';

/** Maximum number of instances of a process of ours. */
const maxInstances = 64;

export interface EntryContext extends CommandContext {
  readonly processes: ReadonlyMap<string, ComposeProcess>;
  /** The workspace's `.env` is for all processes but those that say otherwise, and not beside the processes. */
  readonly ownDotenv: boolean;
}

/** Keys that need nothing here, with the reason for a reader of this code. */
const needless = new Set([
  'name', // It is the key of the entry.
  'is_template_disabled', // See the command.
  'vars', // See the texts.
  'extends', // See the project.
]);

const untaken: Readonly<Record<string, string>> = {
  is_tty: 'every process has a terminal in VS Code, and none has one from tree-warden up',
  is_interactive: 'every process has a terminal in VS Code, and none has one from tree-warden up',
  is_foreground: 'it is started with the others; in VS Code, it has a terminal',
  is_elevated: 'nothing is run as root here; put sudo in front of the command',
  launch_timeout_seconds: 'a start waits for nothing here',
  log_location: 'the output is kept, and tree-warden logs prints it',
  disable_ansi_colors: 'NO_COLOR=1 in "env" asks most programs for it',
  truncate_log: 'each start has a log of its own here',
  monitor_for: 'nothing is told of output or silence here',
  monitor_silence_threshold: 'nothing is told of output or silence here',
  mcp: 'no process is a tool of agents here; they can start and read all of them',
};

type Fields = Readonly<Record<string, unknown>>;

/** Undefined where the process has no command that could be taken over, which is noted. */
export function entryOf(process: ComposeProcess, context: EntryContext): FoundTask | undefined {
  const { name, fields, line } = process;
  const { notes } = context;
  const at = (key: string): string => `processes.${name}.${key}`;
  for (const key of Object.keys(fields))
    if (!known.has(key) && !needless.has(key) && !key.startsWith('x-')) notes.leave(at(key), untaken[key] ?? 'it is not known here');
  const command = commandOf(fields, at, context);
  if (command === undefined) {
    notes.leave(`processes.${name}`, 'it is left out, because it has no command that could be taken over');
    return undefined;
  }
  const cwd = textOf(fields, 'working_dir', at, context);
  const env = environmentOf(process, at, context);
  const schedule = scheduleOf(fields['schedule'], at('schedule'), notes);
  const hasLostSchedule = fields['schedule'] !== undefined && schedule === undefined;
  const more = furtherKeys(process, cwd, hasLostSchedule, at, context);
  return {
    ...{ label: name, command, likely: true, line },
    ...(cwd !== undefined && { cwd }),
    ...(env && { env }),
    ...(schedule !== undefined && { schedule }),
    ...(Object.keys(more).length > 0 && { more }),
  };
}

type At = (key: string) => string;

function commandOf({ command, entrypoint, is_template_disabled }: Fields, at: At, context: EntryContext): WrittenCommand | undefined {
  if (typeof command === 'string' && command.trim() !== '')
    return shellCommand(command, at('command'), context, is_template_disabled !== true);
  const words = (Array.isArray(entrypoint) ? entrypoint : []).map((word) => valueText(word, at('entrypoint'), context));
  return words.length > 0 && !words.includes(undefined) ? (words as [string, ...string[]]) : undefined;
}

/** Keys that are taken over, in the order of an entry. */
function furtherKeys(process: ComposeProcess, cwd: string | undefined, hasLostSchedule: boolean, at: At, context: EntryContext): Fields {
  const { name, fields } = process;
  const { notes } = context;
  const isDaemon = fields['is_daemon'] === true;
  const ready = readinessOf(fields, at, context);
  const found: Readonly<Record<string, unknown>> = {
    envFile: envFilesOf(fields, cwd, at, context),
    group: groupOf(fields['namespace'], at('namespace'), notes),
    description: textOf(fields, 'description', at, context),
    dependsOn: dependenciesOf(fields['depends_on'], at('depends_on'), context.processes, notes),
    ready,
    alive: livenessOf(fields, isDaemon, at, context),
    restart: restartOf(fields['availability'], at('availability'), name, context),
    stop: stopOf(fields['shutdown'], at('shutdown'), context),
    // The end of a terminal's first process ends what it has left in the background: SIGHUP.
    pty: isDaemon ? false : undefined,
    whenLeaderExits: isDaemon ? 'keep' : undefined,
    successExitCodes: exitCodesOf(fields['success_exit_codes'], at('success_exit_codes'), notes),
    watch: fields['watch'] === undefined ? undefined : watchOf(fields['watch'], at('watch'), cwd, context),
    log: logOf(fields['log_configuration'], at('log_configuration'), context),
    instances: instancesOf(fields, at, context),
    // It is listed there, and started by its name only.
    profiles: isDisabled(process) || hasLostSchedule ? ['disabled'] : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

const known = new Set([
  ...['command', 'entrypoint', 'working_dir', 'environment', 'env_file', 'is_dotenv_disabled', 'namespace', 'description', 'depends_on'],
  ...['readiness_probe', 'liveness_probe', 'ready_log_line', 'availability', 'shutdown', 'is_daemon', 'success_exit_codes', 'watch'],
  ...['log_configuration', 'replicas', 'disabled', 'is_disabled', 'schedule'],
]);

function textOf(fields: Fields, key: string, at: At, context: EntryContext): string | undefined {
  const written = fields[key];
  return written === undefined || written === '' ? undefined : valueText(written, at(key), context);
}

/** `{{.PC_REPLICA_NUM}}` and `$PC_REPLICA_NUM` of ours begin with 1, as instances do. */
function environmentOf({ name, fields }: ComposeProcess, at: At, context: EntryContext): Record<string, string> | undefined {
  const text = JSON.stringify(fields);
  const isPool = replicasOf(fields) > 1;
  const env: Record<string, string> = {
    ...(/PC_PROC_NAME/.test(text) && { PC_PROC_NAME: name }),
    ...((isPool || /PC_REPLICA_NUM/.test(text)) && { PC_REPLICA_NUM: isPool ? '${instance}' : '0' }),
  };
  for (const [variable, written] of Object.entries(namedValues(fields['environment']))) {
    const key = `${at('environment')}.${variable}`;
    if (written === undefined || !/^[^=\0]+$/.test(variable)) context.notes.leave(key, 'it is not of the form NAME=value');
    const value = written === undefined ? undefined : valueText(written ?? '', key, context);
    if (value !== undefined && !value.includes('\0')) env[variable] = value;
  }
  return Object.keys(env).length > 0 ? env : undefined;
}

function envFilesOf(fields: Fields, cwd: string | undefined, at: At, context: EntryContext): unknown {
  const own = textOf(fields, 'env_file', at, context);
  const files = [
    ...(context.ownDotenv && fields['is_dotenv_disabled'] !== true ? ['.env'] : []),
    ...(own === undefined ? [] : [posix.normalize(pathBelow(cwd, own))]),
  ];
  return files.length > 1 ? files : files[0];
}

function groupOf(written: unknown, key: string, notes: Notes): string | undefined {
  const [first, ...others] = [written].flat().filter((one): one is string => typeof one === 'string' && one !== '');
  if (others.length > 0) notes.leave(key, `a process has one group here: ${JSON.stringify(first)}, and not ${others.join(', ')}`);
  return first === 'default' ? undefined : first;
}

function readinessOf(fields: Fields, at: At, context: EntryContext): object | undefined {
  const { readiness_probe: probe, ready_log_line: log } = fields;
  if (typeof log === 'string' && log !== '') {
    if (probe !== undefined) context.notes.leave(at('readiness_probe'), 'ready_log_line counts');
    return { log };
  }
  return probe === undefined ? undefined : readyProbe(probe, at('readiness_probe'), context);
}

function livenessOf(fields: Fields, isDaemon: boolean, at: At, context: EntryContext): object | undefined {
  const { readiness_probe: readiness, liveness_probe: liveness, ready_log_line: log } = fields;
  if (liveness !== undefined && !isDaemon) context.notes.leave(at('liveness_probe'), 'it acts on daemons only (is_daemon)');
  if (liveness !== undefined && isDaemon) return aliveProbe(liveness, at('liveness_probe'), context);
  return readiness === undefined || (typeof log === 'string' && log !== '')
    ? undefined
    : aliveProbe(readiness, at('readiness_probe'), context);
}

/** 0 need not be named there. */
function exitCodesOf(written: unknown, key: string, notes: Notes): readonly number[] | undefined {
  if (written === undefined) return undefined;
  const codes = (Array.isArray(written) ? written : []).filter(
    (code): code is number => Number.isInteger(code) && code >= 0 && code <= 255,
  );
  if (codes.some((code) => code > 128 && code <= 128 + 64))
    notes.leave(key, 'these are exit codes only: a process that a signal has ended has none here, and one that was stopped has not failed');
  return codes.length > 0 ? [...new Set([0, ...codes])] : undefined;
}

function replicasOf(fields: Fields): number {
  return Number(fields['replicas'] ?? 1) || 1;
}

function instancesOf(fields: Fields, at: At, context: EntryContext): number | undefined {
  const count = numberOf(fields['replicas'], at('replicas'), context) ?? 1;
  if (count > 1) context.notes.leave(at('PC_REPLICA_NUM'), 'instances are counted from 1 here, and not from 0');
  if (count > maxInstances) context.notes.leave(at('replicas'), `there are at most ${maxInstances}`);
  return count > 1 ? Math.min(Math.round(count), maxInstances) : undefined;
}

function scheduleOf(written: unknown, key: string, notes: Notes): ReturnType<typeof foundSchedule> {
  if (written === undefined) return undefined;
  const { cron: _cron, interval: _interval, timezone: _timezone, run_on_start, max_concurrent, ...others } = asObject(written);
  for (const name of Object.keys(others)) notes.leave(`${key}.${name}`, 'it is no key of schedule');
  if (run_on_start === true) notes.leave(`${key}.run_on_start`, 'it waits for its first time here');
  if (typeof max_concurrent === 'number' && max_concurrent > 1) notes.leave(`${key}.max_concurrent`, 'one run at a time here');
  const schedule = foundSchedule(written);
  if (schedule === undefined) notes.leave(key, 'no pattern of cron says it, so the process is started by its name only');
  return schedule;
}
