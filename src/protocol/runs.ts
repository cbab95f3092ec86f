/**
 * The runs of a declared process, as they are kept on disk: JSON lines, one when a run begins and one when it has ended. A reader takes what it can read, so
 * that a torn line, a damaged file and the fields of a newer version cost nothing else.
 */

import { formatDuration } from './format.ts';
import type { TreeId } from './identity.ts';
import { parsedLine } from './jsonLine.ts';
import type { RunTrigger } from './runKey.ts';
import type { ExitStatus, TreeState } from './snapshot.ts';
import { type Localizable, localizable, type Text, type TextData, textFrom } from './texts.ts';

/** One run of a process: a tree. */
export interface Run {
  readonly tree: TreeId;
  /** Of the instance. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds since 1970; absent while it runs, and where its warden has ended before it could say. */
  readonly endedAt?: number;
  /** How it has ended, with {@link endedAt}: a {@link TreeState}, or the word of a newer version. */
  readonly state?: TreeState | (string & {});
  /** Why it has ended, as a clause for people. */
  readonly reason?: string;
  readonly reasonData?: TextData;
  /** Of the first process; absent where it was not spawned. */
  readonly exit?: ExitStatus;
  /** A user, a program or a limit has asked for its end, or it is not known: another warden than the one that has started it has seen it end. */
  readonly stopped?: true;
  /** What has begun it, where it was neither a user nor another process: a {@link RunTrigger}, or the word of a newer version. */
  readonly trigger?: RunTrigger | (string & {});
  /** Of a job, its arguments, as a user may see them. */
  readonly args?: string;
  /** The highest memory of a sample, in bytes; absent where it was not sampled throughout. */
  readonly peakMemoryBytes?: number;
  /** CPU time of all of its processes, in milliseconds; absent where it was not sampled throughout. */
  readonly cpuMillis?: number;
  /** The last that it printed. */
  readonly lastLines?: readonly string[];
  /** The file with what it printed, as long as that is kept. */
  readonly log?: string;
}

export type RunFigures = Required<Pick<Run, 'peakMemoryBytes' | 'cpuMillis'>>;

/** Number of runs of a process that are listed. */
export const maxRuns = 50;
/** Maximum length of a line of the file, in bytes. */
export const maxLineBytes = 4096;
/** Maximum length of a reason, in characters, where it has to be cut. */
const maxReason = 300;

/**
 * The line of a run. It begins with a line break as well: behind a line that a crash or a full disk has torn, it is a line of its own. Where it is too long, it
 * goes without the oldest of its last lines, then without the data of its reason.
 */
export function lineOfRun(run: Run): string {
  const lines = [...(run.lastLines ?? [])];
  const written = (one: Run): string => `\n${JSON.stringify(one)}\n`;
  for (;;) {
    const text = written({ ...run, ...(run.lastLines && { lastLines: lines }) });
    if (Buffer.byteLength(text) <= maxLineBytes) return text;
    if (lines.shift() === undefined) break;
  }
  const { reasonData: _data, lastLines: _lines, log: _log, args: _args, ...rest } = run;
  return written({
    ...rest,
    name: rest.name.slice(0, maxReason),
    ...(rest.reason !== undefined && { reason: rest.reason.slice(0, maxReason) }),
  });
}

/** The runs that a text has lines of, in the order of their beginnings; what is no line of a run is left out. */
export function runsIn(text: string): Run[] {
  const runs = new Map<TreeId, Run>();
  for (const line of text.split('\n')) {
    const run = runIn(line);
    if (run) runs.set(run.tree, { ...runs.get(run.tree), ...run });
  }
  return [...runs.values()];
}

function runIn(line: string): Run | undefined {
  const value = parsedLine(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    tree,
    name,
    startedAt,
    endedAt,
    state,
    reason,
    reasonData,
    exit,
    stopped,
    trigger,
    args,
    peakMemoryBytes,
    cpuMillis,
    lastLines,
    log,
  } = value as Record<string, unknown>;
  if (typeof tree !== 'string' || typeof name !== 'string' || !isTime(startedAt)) return undefined;
  return {
    ...{ tree: tree as TreeId, name, startedAt },
    ...(isTime(endedAt) && { endedAt }),
    ...(typeof state === 'string' && { state }),
    ...(typeof reason === 'string' && { reason }),
    // Whether it is one is looked at where it is translated.
    ...(typeof reasonData === 'object' && reasonData !== null && { reasonData: reasonData as TextData }),
    ...(isExit(exit) && { exit: { code: exit.code, signal: exit.signal } }),
    ...(stopped === true && { stopped }),
    ...(typeof trigger === 'string' && { trigger }),
    ...(typeof args === 'string' && { args }),
    ...(isAmount(peakMemoryBytes) && { peakMemoryBytes }),
    ...(isAmount(cpuMillis) && { cpuMillis }),
    ...(Array.isArray(lastLines) && { lastLines: lastLines.filter((one) => typeof one === 'string') }),
    ...(typeof log === 'string' && { log }),
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

/** What a Date can be made of. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

function isExit(value: unknown): value is ExitStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { code, signal } = value as Record<string, unknown>;
  return (code === null || typeof code === 'number') && (signal === null || typeof signal === 'string');
}

/** Why nothing is known of the end of a run that does not run any more, as a clause. */
const lostReason: Localizable = localizable('endNotRecorded');

/** How long it took; empty where that is not known. */
export function timeOfRun({ startedAt, endedAt }: Pick<Run, 'startedAt' | 'endedAt'>): string {
  return endedAt === undefined ? '' : formatDuration(Math.max(0, endedAt - startedAt));
}

/** How a run has ended, in one word, and why; `isRunning`: a warden has its tree. */
export function resultOfRun(
  { endedAt, state = 'exited', reason = '', reasonData }: Run,
  isRunning: boolean,
): { readonly state: string; readonly reason: Text } {
  if (endedAt !== undefined) return { state, reason: textFrom(reason, reasonData) };
  return isRunning ? { state: 'running', reason: '' } : { state: 'unknown', reason: lostReason };
}
