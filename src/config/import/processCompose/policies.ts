/** When process-compose starts a process again, and how it ends one: https://f1bonacc1.github.io/process-compose/launcher/ */
import { constants } from 'node:os';
import { asObject } from '../jsonEntries.ts';
import { type CommandContext, shellCommand } from './commands.ts';
import { numberOf, type TextContext } from './texts.ts';

type Written = Readonly<Record<string, unknown>>;

/** More than ten minutes, our default window, have room for, at one second each: process-compose goes on for ever. */
const withoutLimit = { maxRestarts: 10_000 };
/** The longest that a window may be: there, restarts are counted from the start on. */
const wholeRun = '8760h';

/** Undefined where the process is not to be started again. `name`: for what is noted. */
export function restartOf(written: unknown, key: string, name: string, context: TextContext): Written | undefined {
  const { restart = 'no', backoff_seconds, max_restarts, exit_on_end, exit_on_skipped, ...others } = asObject(written);
  const { notes } = context;
  for (const other of Object.keys(others)) notes.leave(`${key}.${other}`, 'it is no key of availability');
  const until = `here the command line says so: tree-warden up --until ${name}`;
  if (exit_on_end === true) notes.leave(`${key}.exit_on_end`, until);
  if (exit_on_skipped === true) notes.leave(`${key}.exit_on_skipped`, until);
  if (restart === 'exit_on_failure') notes.leave(`${key}.restart: exit_on_failure`, until);
  const whens: Readonly<Record<string, string>> = { always: 'always', on_failure: 'on-failure', 'on-failure': 'on-failure' };
  const when = whens[String(restart)];
  if (when === undefined) {
    if (!['no', 'false', 'exit_on_failure'].includes(String(restart)))
      notes.leave(`${key}.restart`, `${JSON.stringify(restart)} is unknown`);
    return undefined;
  }
  const most = numberOf(max_restarts, `${key}.max_restarts`, context) ?? 0;
  const seconds = Math.max(1, numberOf(backoff_seconds, `${key}.backoff_seconds`, context) ?? 1);
  // The same pause each time.
  return { when, ...(most >= 1 ? { maxRestarts: most, window: wholeRun } : withoutLimit), delay: `${seconds}s`, maxDelay: `${seconds}s` };
}

/** The longest that a command of a stop may take here. */
const maxCommandSeconds = 3600;

/** Undefined where the default does. */
export function stopOf(written: unknown, key: string, context: CommandContext): readonly unknown[] | undefined {
  const { command, signal: number, timeout_seconds, parent_only, send_keys, ...others } = asObject(written);
  const { notes } = context;
  for (const other of Object.keys(others)) notes.leave(`${key}.${other}`, 'it is no key of shutdown');
  if (parent_only === true) notes.leave(`${key}.parent_only`, 'a stop is for all processes of a tree here');
  if (send_keys !== undefined) notes.leave(`${key}.send_keys`, 'a stop sends no keys here');
  if (written === undefined || written === null) return undefined;
  const seconds = Math.max(1, numberOf(timeout_seconds, `${key}.timeout_seconds`, context) ?? 10);
  const run = shellCommand(command, `${key}.command`, context);
  // Its signal counts only where there is no command.
  if (run !== undefined) return [{ run, timeout: `${Math.min(seconds, maxCommandSeconds)}s` }, `${seconds}s`, 'SIGKILL'];
  const wanted = numberOf(number, `${key}.signal`, context);
  const signal = signalOf(wanted ?? constants.signals.SIGTERM);
  if (signal === undefined) notes.leave(`${key}.signal`, `${wanted} is no signal of this system`);
  return signal === 'SIGKILL' ? [signal] : [signal ?? 'SIGTERM', `${seconds}s`, 'SIGKILL'];
}

function signalOf(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, one]) => one === number)?.[0];
}

/** `log` of a processes.json: how much of the output is kept. */
export function logOf(written: unknown, key: string, context: TextContext): Written | undefined {
  const { rotation, ...others } = asObject(written);
  const { max_size_mb, max_backups, ...further } = asObject(rotation);
  const { notes } = context;
  for (const name of Object.keys(others))
    notes.leave(`${key}.${name}`, 'a log is the output as it is; tree-warden logs -t puts times in front');
  for (const name of Object.keys(further)) notes.leave(`${key}.rotation.${name}`, 'logs are kept by size and number here');
  const size = numberOf(max_size_mb, `${key}.rotation.max_size_mb`, context);
  const files = numberOf(max_backups, `${key}.rotation.max_backups`, context);
  const log = {
    ...(size !== undefined && size >= 1 && { maxSize: `${Math.round(size)}m` }),
    ...(files !== undefined && files >= 1 && { maxFiles: Math.min(99, Math.round(files)) }),
  };
  return Object.keys(log).length > 0 ? log : undefined;
}
