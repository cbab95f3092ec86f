/** The schemas of probes, and their resolution. */
import * as z from 'zod';
import { CannotStartError } from '../command/executable.ts';
import { ownPort, portPlaceholder } from '../protocol/models.ts';
import type { ReadyProbe } from '../protocol/policies.ts';
import type { CheckTemplate, ProbeTemplate } from '../protocol/processTemplate.ts';
import { type CommandContext, fillCommand } from './fillCommand.ts';
import { command, count, duration, pattern, text } from './values.ts';

const checks = {
  http: text.optional().describe('URL to request. A status from 200 to 399 is a success. Example: "http://127.0.0.1:${port:web}/health".'),
  tcp: z
    .union([text, z.int()], 'must be a port, or "host:port"')
    .optional()
    .describe('Port on this machine (127.0.0.1 or ::1), or "host:port". An accepted connection is a success.'),
  log: pattern
    .optional()
    .describe('Regular expression (no lookahead, lookbehind or back references). A line of output that matches is a success.'),
  exec: command.optional().describe('Command to run in the working directory and environment of the process. Exit status 0 is a success.'),
};

/** Minimum period, timeout and deadline of a probe in milliseconds: a probe without any pause would keep a core busy. */
const minTimingMillis = 1;

const timing = {
  delay: duration().optional().describe('Delay before the first check. Default: none.'),
  period: duration(minTimingMillis)
    .optional()
    .describe('Time between two checks. Default: at most half a second until the process is ready, then "10s".'),
  timeout: duration(minTimingMillis).optional().describe('Maximum duration of one check. Default: "1s", for commands "5s".'),
  failureThreshold: count().optional().describe('Number of consecutive failures after which the process is unhealthy. Default: 3.'),
  successThreshold: count().optional().describe('Number of consecutive successes after which the process is healthy. Default: 1.'),
};

const probe = z.strictObject({ ...checks, ...timing });
type WrittenProbe = z.output<typeof probe>;

export const aliveSchema = probe
  .superRefine(requireOneCheck)
  .describe('Liveness probe, checked once the process is ready. A process that is not alive has failed and is ended; see restart.');

export const readySchema = z
  .strictObject({
    ...checks,
    ...timing,
    deadline: duration(minTimingMillis)
      .optional()
      .describe('Time after the start by which the process must be ready; otherwise it has failed. Default: no deadline.'),
  })
  .superRefine(requireOneCheck)
  .describe('Readiness probe. The process is starting until the probe succeeds, and unhealthy while it fails after that.');

function requireOneCheck(written: WrittenProbe, context: z.RefinementCtx): void {
  const named = Object.keys(checks).filter((name) => written[name as keyof typeof checks] !== undefined);
  if (named.length !== 1) context.addIssue({ code: 'custom', message: `must have exactly one of ${Object.keys(checks).join(', ')}` });
}

/** @throws CannotStartError that names the value that cannot be used. */
export async function resolveReady(written: z.output<typeof readySchema>, context: CommandContext): Promise<ProbeTemplate<ReadyProbe>> {
  return {
    ...(await resolveProbe(written, context)),
    ...(written.deadline !== undefined && { deadlineMillis: written.deadline }),
  };
}

/** @throws CannotStartError that names the value that cannot be used. */
export async function resolveProbe(written: WrittenProbe, context: CommandContext): Promise<ProbeTemplate> {
  const check = await resolveCheck(written, context);
  return {
    check,
    delayMillis: written.delay ?? 0,
    ...(written.period !== undefined && { periodMillis: written.period }),
    timeoutMillis: written.timeout ?? (check.by === 'exec' ? 5000 : 1000),
    failureThreshold: written.failureThreshold ?? 3,
    successThreshold: written.successThreshold ?? 1,
  };
}

async function resolveCheck({ http, tcp, log, exec }: WrittenProbe, context: CommandContext): Promise<CheckTemplate> {
  const { fill } = context;
  if (http !== undefined) return { by: 'http', url: asUrl(await fill(http)) };
  if (tcp !== undefined) return { by: 'tcp', ...asAddress(await fill(String(tcp)), context.isTemplate) };
  if (log !== undefined) return { by: 'log', pattern: log };
  return { by: 'exec', argv: await fillCommand(exec ?? [''], context) };
}

/** Of a model's server, or of an instance of a process. */
const anyPlaceholder = /\$\{(?:port(?::[^{}]+)?|(?:input|command):[^{}]+|instance)\}/g;
/** A port of which the warden fills something in, and what may stand in front of it. */
const portTemplate = /^(?:(.+):)?((?:\d|\$\{(?:port|input|command):[^{}]+\}|\$\{instance\})+)$/;

function asUrl(written: string): string {
  if (!/^https?:\/\//.test(written) || !URL.canParse(written.replaceAll(anyPlaceholder, '1')))
    throw new CannotStartError(`'${written}' cannot be used as a probe: it is not a URL that starts with http:// or https://.`);
  return written;
}

/** Host and port; an IPv6 address has brackets around it. */
function asAddress(written: string, isTemplate = false): { readonly host: string; readonly port: number | string } {
  if (written === portPlaceholder) return { host: '127.0.0.1', port: ownPort };
  const template = isTemplate && /\$\{/.test(written) ? written.match(portTemplate) : null;
  if (template) return { host: plainHost(template[1] ?? 'localhost'), port: template[2] ?? '' };
  const [, host = 'localhost', digits] = written.match(/^(?:(.+):)?(\d+)$/) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65535)) throw new CannotStartError(`'${written}' cannot be connected to: it is neither a port nor host:port.`);
  return { host: plainHost(host), port };
}

function plainHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
