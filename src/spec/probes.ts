/** Probes as people write them. */
import * as z from 'zod';
import { ownPort, portPlaceholder } from '../protocol/models.ts';
import type { Check, Probe, ReadyProbe } from '../protocol/policies.ts';
import { CannotStartError } from './executable.ts';
import { type CommandContext, fillCommand } from './fillCommand.ts';
import { command, count, duration, pattern, text } from './values.ts';

const checks = {
  http: text.optional().describe('A URL; a status from 200 to 399 is a yes: "http://127.0.0.1:${port:web}/health".'),
  tcp: z
    .union([text, z.int()], 'must be a port, or "host:port"')
    .optional()
    .describe('A port of this machine, or "host:port"; a connection is a yes.'),
  log: pattern.optional().describe('A regular expression; a line of output in which it is found is a yes.'),
  exec: command.optional().describe('A command, run in the directory and the environment of the process; status 0 is a yes.'),
};

const timing = {
  delay: duration().optional().describe('Before the first check; by default none.'),
  period: duration().optional().describe('Between two checks; by default half a second at most until it is ready, then "10s".'),
  timeout: duration().optional().describe('How long one check may take; by default "1s", for commands "5s".'),
  failureThreshold: count().optional().describe('So many failures in a row, and it is unwell; by default 3.'),
  successThreshold: count().optional().describe('So many successes in a row, and it is well; by default 1.'),
};

const probe = z.strictObject({ ...checks, ...timing });
type WrittenProbe = z.output<typeof probe>;

export const aliveSchema = probe
  .superRefine(wantOneCheck)
  .describe('How it is known that it works, once it is ready. When it does not, it has failed and is ended; see restart.');

export const readySchema = z
  .strictObject({
    ...checks,
    ...timing,
    deadline: duration().optional().describe('From its start: what is not ready by then has failed. By default it may take its time.'),
  })
  .superRefine(wantOneCheck)
  .describe('How it is known that it is ready: until then it is starting. Checked on after that, it tells whether all is well.');

function wantOneCheck(written: WrittenProbe, context: z.RefinementCtx): void {
  const named = Object.keys(checks).filter((name) => written[name as keyof typeof checks] !== undefined);
  if (named.length !== 1) context.addIssue({ code: 'custom', message: `must have one of ${Object.keys(checks).join(', ')}` });
}

/** @throws CannotStartError that names what cannot be used. */
export async function resolveReady(written: z.output<typeof readySchema>, context: CommandContext): Promise<ReadyProbe> {
  return {
    ...(await resolveProbe(written, context)),
    ...(written.deadline !== undefined && { deadlineMillis: written.deadline }),
  };
}

/** @throws CannotStartError that names what cannot be used. */
export async function resolveProbe(written: WrittenProbe, context: CommandContext): Promise<Probe> {
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

async function resolveCheck({ http, tcp, log, exec }: WrittenProbe, context: CommandContext): Promise<Check> {
  const { fill } = context;
  if (http !== undefined) return { by: 'http', url: asUrl(await fill(http)) };
  if (tcp !== undefined) return { by: 'tcp', ...asAddress(await fill(String(tcp))) };
  if (log !== undefined) return { by: 'log', pattern: log };
  return { by: 'exec', argv: await fillCommand(exec ?? [''], context) };
}

function asUrl(written: string): string {
  if (!/^https?:\/\//.test(written) || !URL.canParse(written.replaceAll(portPlaceholder, '1')))
    throw new CannotStartError(`'${written}' cannot be asked whether it is ready: it is no URL that starts with http:// or https://.`);
  return written;
}

/** The host as an IPv6 address has brackets around it. */
function asAddress(written: string): { readonly host: string; readonly port: number } {
  if (written === portPlaceholder) return { host: '127.0.0.1', port: ownPort };
  const [, host = '127.0.0.1', digits] = written.match(/^(?:(.+):)?(\d+)$/) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65535)) throw new CannotStartError(`'${written}' cannot be connected to: it is neither a port nor host:port.`);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
}
