/** What a journal says of processes; pure. */
import * as z from 'zod';
import { formatDuration } from '../protocol/format.ts';
import { instanceOf } from '../protocol/names.ts';

/** A line of a journal about a process. Others, and those of a newer version, are left aside. */
const record = z.looseObject({
  time: z.iso.datetime(),
  warden: z.string(),
  event: z.enum(['spawned', 'start-failed', 'state', 'ended', 'health', 'prompt', 'restart', 'gave-up', 'limit-reached']),
  tree: z.string(),
  spec: z.string(),
  pid: z.number().optional(),
  command: z.string().optional(),
  state: z.string().optional(),
  durationMillis: z.number().optional(),
  code: z.number().nullish(),
  signal: z.string().nullish(),
  reason: z.string().optional(),
});

/**
 * `started`: it was spawned. `ready`: its probe says so, or it has none. `stopping`: its end was asked for. `ended`: nothing of it is left. `restart`: it is
 * started again after a delay. `gave-up`: it is not, any more. `prompt`: it waits for an answer in its terminal.
 */
export type EventKind =
  | 'started'
  | 'start-failed'
  | 'ready'
  | 'stopping'
  | 'ended'
  | 'healthy'
  | 'unhealthy'
  | 'prompt'
  | 'restart'
  | 'gave-up'
  | 'limit-reached';

/** What has happened to one process. Keys are stable: programs read them. */
export interface ProcessEvent {
  /** ISO 8601, in UTC. */
  readonly time: string;
  readonly event: EventKind;
  /** Of the process, or of one instance of it. */
  readonly name: string;
  readonly tree: string;
  readonly warden: string;
  /** Of its first process. */
  readonly pid?: number;
  /** Of a start; what looks like a secret is masked. */
  readonly command?: string;
  /** How it has ended. */
  readonly state?: string;
  readonly code?: number | null;
  readonly signal?: string | null;
  /** How long it has run, or how long it is waited before a restart. */
  readonly durationMillis?: number;
  /** As a clause. */
  readonly reason?: string;
}

/** Undefined where the line says nothing of a process. */
export function eventFrom(line: string): ProcessEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined; // The end of it is not written yet, or its disk was full.
  }
  const { data } = record.safeParse(json);
  const kind = data && kindOf(data.event, data.state);
  if (!data || !kind) return undefined;
  const { time, spec, tree, warden, pid, command, code, signal, durationMillis, reason } = data;
  const isEnd = kind === 'ended';
  return {
    ...{ time, event: kind, name: spec, tree, warden },
    ...(pid !== undefined && { pid }),
    ...(command !== undefined && { command }),
    ...(isEnd && { state: data.state ?? '', code: code ?? null, signal: signal ?? null }),
    ...(durationMillis !== undefined && { durationMillis }),
    ...(reason !== undefined && reason !== '' && { reason }),
  };
}

function kindOf(event: z.infer<typeof record>['event'], state: string | undefined): EventKind | undefined {
  switch (event) {
    case 'spawned':
      return 'started';
    case 'state':
      return state === 'ready' || state === 'stopping' ? state : undefined;
    case 'health':
      return state === 'healthy' || state === 'unhealthy' ? state : undefined;
    default:
      return event;
  }
}

/** Whether it is about this process: a name means all of its instances. */
export function isAbout({ name }: ProcessEvent, wanted: string): boolean {
  return name === wanted || instanceOf(name).spec === wanted || (wanted.endsWith('#1') && name === wanted.slice(0, -2));
}

/** For people, on one line. */
export function eventLine({ time, event, name, pid, command, durationMillis, reason = '' }: ProcessEvent): string {
  const what = event === 'started' ? `pid ${pid}${command === undefined ? '' : `: ${command}`}` : reason;
  const took = durationMillis === undefined ? '' : ` (${event === 'restart' ? 'in' : 'after'} ${formatDuration(durationMillis)})`;
  return `${time}  ${name.padEnd(nameWidth)}  ${event.padEnd(eventWidth)}  ${what}${took}`.trimEnd();
}

/** Most names are no longer, so that what is behind them lines up. */
const nameWidth = 12;
const eventWidth = 'limit-reached'.length;
