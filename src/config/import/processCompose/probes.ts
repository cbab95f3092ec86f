/** The health checks of process-compose: https://f1bonacc1.github.io/process-compose/health/ */
import { asObject } from '../jsonEntries.ts';
import { type CommandContext, commandIn, shellCommand } from './commands.ts';
import { numberOf, valueText } from './texts.ts';

/** A value of `ready` or `alive` in a processes.json. */
export type WrittenProbe = Readonly<Record<string, unknown>>;

interface Timing {
  readonly delay: number;
  readonly period: number;
  readonly timeout: number;
  readonly failures: number;
}

/** What process-compose takes where a file says nothing, in seconds. */
const defaults: Timing = { delay: 0, period: 10, timeout: 1, failures: 3 };

/** A year, in seconds: the longest time in a processes.json. */
const maxDeadline = 8760 * 3600;

/** Undefined where there is none, or it cannot be said, which is noted. */
export function readyProbe(written: unknown, key: string, context: CommandContext): WrittenProbe | undefined {
  const check = checkOf(written, key, context);
  if (check === undefined) return undefined;
  const { delay, period, timeout, failures } = timingOf(written, key, context);
  // One that fails so often at the beginning is ended there as well.
  return {
    ...check,
    ...writtenTiming(written, key, context),
    deadline: `${Math.min(delay + failures * Math.max(period, timeout) + timeout, maxDeadline)}s`,
  };
}

/** The same of a liveness probe; and of a readiness probe after the first success, because a process that fails it is ended there. */
export function aliveProbe(written: unknown, key: string, context: CommandContext): WrittenProbe | undefined {
  const check = checkOf(written, key, context);
  return check && { ...check, ...writtenTiming(written, key, context) };
}

function checkOf(written: unknown, key: string, context: CommandContext): WrittenProbe | undefined {
  const { exec, http_get: http, ...timing } = asObject(written);
  const known = new Set(['initial_delay_seconds', 'period_seconds', 'timeout_seconds', 'success_threshold', 'failure_threshold']);
  for (const name of Object.keys(timing)) if (!known.has(name)) context.notes.leave(`${key}.${name}`, 'it is no key of a probe');
  if (exec !== undefined) return execCheck(asObject(exec), `${key}.exec`, context);
  if (http !== undefined) return httpCheck(asObject(http), `${key}.http_get`, context);
  context.notes.leave(key, 'it has neither exec nor http_get');
  return undefined;
}

function execCheck(exec: Readonly<Record<string, unknown>>, key: string, context: CommandContext): WrittenProbe | undefined {
  const command = shellCommand(exec['command'], `${key}.command`, context);
  if (command === undefined) return undefined;
  const folder = exec['working_dir'] === undefined ? undefined : valueText(exec['working_dir'], `${key}.working_dir`, context);
  return { exec: folder === undefined ? command : commandIn(folder, command, context) };
}

function httpCheck(http: Readonly<Record<string, unknown>>, key: string, context: CommandContext): WrittenProbe | undefined {
  const text = (name: string, otherwise: string): string | undefined =>
    http[name] === undefined || http[name] === '' ? otherwise : valueText(http[name], `${key}.${name}`, context);
  const [scheme, host, path, port] = [text('scheme', 'http'), text('host', '127.0.0.1'), text('path', '/'), text('port', '')];
  const { headers, status_code: status } = http;
  if (scheme === undefined || host === undefined || path === undefined || port === undefined) return undefined;
  if (headers !== undefined) context.notes.leave(`${key}.headers`, 'a probe has no headers here');
  if (status !== undefined && status !== 200)
    context.notes.leave(`${key}.status_code`, 'any status from 200 to 399 is a success here; "exec" with curl can ask for one');
  return { http: `${scheme.toLowerCase()}://${host}${port === '' ? '' : `:${port}`}${path.startsWith('/') ? path : `/${path}`}` };
}

function timingOf(written: unknown, key: string, context: CommandContext): Timing {
  const fields = asObject(written);
  const seconds = (name: string, otherwise: number, least = 1): number => {
    const number = numberOf(fields[name], `${key}.${name}`, context);
    return number !== undefined && number >= least ? number : otherwise;
  };
  return {
    delay: seconds('initial_delay_seconds', defaults.delay, 0),
    period: seconds('period_seconds', defaults.period),
    timeout: seconds('timeout_seconds', defaults.timeout),
    failures: seconds('failure_threshold', defaults.failures),
  };
}

/** What the file says, and the defaults where ours are others. */
function writtenTiming(written: unknown, key: string, context: CommandContext): WrittenProbe {
  const { delay, period, timeout, failures } = timingOf(written, key, context);
  return {
    ...(delay !== defaults.delay && { delay: `${delay}s` }),
    period: `${period}s`,
    timeout: `${timeout}s`,
    ...(failures !== defaults.failures && { failureThreshold: failures }),
  };
}
