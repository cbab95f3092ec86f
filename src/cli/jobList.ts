/** The jobs of a pool as they are listed: what its warden knows, what is on record of those that have run, and what was lost. Pure. */
import { displayCommandLine } from '../command/commandLine.ts';
import { dateAndTime, formatDuration } from '../protocol/format.ts';
import { type JobSnapshot, jobOf, nameOfJob } from '../protocol/jobs.ts';
import { type Run, resultOfRun } from '../protocol/runs.ts';
import { endText } from '../protocol/trees.ts';
import type { WaitingJob } from '../records/jobFiles.ts';
import { table } from './table.ts';

/** One job, as it is listed. */
export interface ListedJob {
  readonly name: string;
  readonly pool: string;
  /** From 1 up. */
  readonly number: number;
  /** The state of the job, or how its tree has ended; `cancelled` before it was started; `lost`: it waited when its warden was killed. */
  readonly state: string;
  /** Why, as a clause or a sentence; empty where there is nothing to say. */
  readonly reason: string;
  /** As a user may see them. */
  readonly arguments?: string;
  /** Milliseconds since 1970. */
  readonly queuedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly exit?: Run['exit'];
  readonly tree?: string;
}

export interface JobSources {
  /** What the warden says; nothing where none runs. */
  readonly known: readonly JobSnapshot[];
  readonly lost: readonly WaitingJob[];
  readonly runs: readonly Run[];
  /** Ids of the trees on record. */
  readonly living: ReadonlySet<string>;
}

/** In the order of their numbers. */
export function listedJobs(pool: string, { known, lost, runs, living }: JobSources): ListedJob[] {
  const byName = new Map<string, ListedJob>();
  for (const run of runs) {
    const one = ofRun(pool, run, living);
    if (one) byName.set(one.name, one);
  }
  for (const one of lost) byName.set(nameOfJob(pool, one.number), ofLost(pool, one));
  for (const one of known) {
    const { arguments: recorded } = byName.get(one.name) ?? {};
    const own = ofSnapshot(one);
    // Of one whose warden was killed, the next one does not know them.
    byName.set(one.name, own.arguments === undefined && recorded !== undefined ? { ...own, arguments: recorded } : own);
  }
  return [...byName.values()].toSorted((a, b) => a.number - b.number);
}

/** Those that have not ended, and the last `count` of those that have. */
export function newestJobs(all: readonly ListedJob[], count: number): ListedJob[] {
  const hasEnded = ({ endedAt }: ListedJob): boolean => endedAt !== undefined;
  const ended = all.filter(hasEnded);
  const left = new Set(ended.slice(0, Math.max(0, ended.length - count)));
  return all.filter((one) => !left.has(one));
}

function ofRun(pool: string, run: Run, living: ReadonlySet<string>): ListedJob | undefined {
  const { name, startedAt, args, exit, tree } = run;
  const number = jobOf(name)?.number;
  if (number === undefined) return undefined;
  const isRunning = living.has(tree);
  const { state, reason } = resultOfRun(run, isRunning);
  // Of one whose end is not recorded, nothing is left to wait for.
  const endedAt = run.endedAt ?? (isRunning ? undefined : startedAt);
  return {
    ...{ name, pool, number, state, reason: String(reason) },
    ...(args !== undefined && { arguments: args }),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(exit && { exit }),
    tree,
  };
}

export function ofLost(pool: string, { number, args, queuedAt }: WaitingJob): ListedJob {
  const reason = 'it waited when the background process was killed';
  return { name: nameOfJob(pool, number), pool, number, state: 'lost', reason, arguments: displayCommandLine(args), queuedAt };
}

export function ofSnapshot(job: JobSnapshot): ListedJob {
  const { name, pool, number, args, queuedAt, startedAt, endedAt, tree, end } = job;
  const exit = end && 'tree' in end ? end.tree.exit : undefined;
  return {
    ...{ name, pool, number, state: stateOf(job), reason: reasonOf(job) },
    ...(args.length > 0 && { arguments: displayCommandLine(args) }),
    queuedAt,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(exit && { exit }),
    ...(tree && { tree }),
  };
}

function stateOf({ state, end }: JobSnapshot): string {
  if (end === undefined) return state;
  if ('tree' in end) return end.tree.state;
  return 'failure' in end ? 'failed' : 'cancelled';
}

function reasonOf({ ahead, end }: JobSnapshot): string {
  if (end === undefined) return ahead === undefined ? '' : ahead === 0 ? 'next' : `${ahead} before it`;
  if ('tree' in end) return String(end.tree.reason);
  return 'failure' in end ? end.failure.message : end.cancelled;
}

/** What a cancel has come to, as a clause. */
export function cancelText({ end }: JobSnapshot): string {
  if (end && 'tree' in end) return endText(end.tree);
  return end && 'cancelled' in end ? 'cancelled before it was started' : 'could not be ended; tree-warden ps says why';
}

const header = ['JOB', 'STATE', 'QUEUED', 'TIME', 'ARGUMENTS', 'REASON'];
const numeric = new Set(['TIME']);
/** Maximum length of what is shown of the arguments, in characters. */
const maxShown = 60;

/** @param nowAt In milliseconds since 1970. */
export function jobTable(all: readonly ListedJob[], nowAt: number): string[] {
  const row = (job: ListedJob): string[] => {
    const { name, state, queuedAt, startedAt, endedAt, arguments: text = '', reason } = job;
    const at = queuedAt ?? startedAt;
    const time = startedAt === undefined || state === 'unknown' ? '-' : formatDuration(Math.max(0, (endedAt ?? nowAt) - startedAt));
    const shown = text.length > maxShown ? `${text.slice(0, maxShown - 1)}…` : text;
    return [name, state, at === undefined ? '-' : dateAndTime(at), time, shown || '-', reason || '-'];
  };
  return table(header, all.map(row), numeric);
}
