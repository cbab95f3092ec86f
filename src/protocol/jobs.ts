/**
 * Pools of short jobs: a declared command that is run again and again, each time with other arguments, so many at a time; the others wait in a queue, first in,
 * first out. JSON-RPC over the warden's socket.
 */
import { RequestType } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { StartValues } from './startVariables.ts';
import type { TextData } from './texts.ts';

/** What becomes of a job that finds the queue full: it waits for a place in it, or is refused. */
export type WhenFull = 'wait' | 'reject';

export interface JobSettings {
  /** Number of jobs that run at once, from 1 to {@link jobBounds}.concurrent. */
  readonly maxConcurrent: number;
  /** Number of jobs that wait in the queue, from 0 to {@link jobBounds}.queued. */
  readonly maxQueued: number;
  readonly whenFull: WhenFull;
}

/** Default of a pool that does not say it. */
export const defaultMaxQueued = 1000;

export const jobBounds = {
  /** Maximum number of jobs of a pool that run at once. */
  concurrent: 64,
  /** Maximum number of jobs in the queue of a pool. */
  queued: 10_000,
  /** Maximum number of jobs of a pool that wait for a place in its queue. */
  waiting: 10_000,
  /** Maximum number of arguments of a job. */
  args: 10_000,
  /** Maximum size of the arguments of a job, in UTF-16 code units: Linux takes no single argument above 128 KiB (execve(2)). */
  argsLength: 128 * 1024,
  /** Maximum size of the arguments and environments of all jobs of a pool that have not been started, in UTF-16 code units; a queue is full before. */
  heldLength: 64 * 2 ** 20,
  /** Maximum number of a job, where its numbers go on from those on record. */
  number: 1e12,
  /** Number of ended jobs of a pool that a warden remembers. */
  ended: 100,
} as const;

/** `waiting`: the queue is full, and it waits for a place in it; `starting`: it is its turn. */
export type JobState = 'waiting' | 'queued' | 'starting' | 'running' | 'ended';

export interface SubmitJobRequest {
  /** Declared name of the pool. */
  readonly pool: string;
  /** Behind those of the declared command. */
  readonly args: readonly string[];
  /** Below the declared environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute; instead of the declared working directory. */
  readonly cwd?: string;
  /** Of the variables that the declaration needs. */
  readonly values?: StartValues;
  /** It goes on when the connection of this client ends. By default that cancels it. */
  readonly detached?: true;
  /** Identifies the lost job that this one is instead of: that is queued again once, however many clients ask for it. */
  readonly lost?: string;
  /** Number of the last job that is on record: the next ones go on from there. */
  readonly lastNumber?: number;
}

/** How a job has ended: as a tree; without one, because it could not be started; or it was cancelled before it was started. */
export type JobEnd =
  | { readonly tree: TreeSnapshot }
  /** `message`: as a sentence. */
  | { readonly failure: { readonly message: string; readonly messageData?: TextData; readonly code: number } }
  /** Why, as a clause. */
  | { readonly cancelled: string; readonly reasonData?: TextData };

export interface JobSnapshot {
  readonly pool: string;
  /** Of its tree, too: the name of the pool, `+` and its number. */
  readonly name: string;
  /** From 1 up, in the order in which the jobs of a pool came. */
  readonly number: number;
  readonly args: readonly string[];
  readonly state: JobState;
  /** It goes on without the client that has asked for it. */
  readonly detached?: true;
  /** Number of jobs that come before it, of one that waits. */
  readonly ahead?: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  /** Milliseconds since 1970; absent before its turn. */
  readonly startedAt?: number;
  /** Milliseconds since 1970. */
  readonly endedAt?: number;
  /** Absent before it is spawned. */
  readonly tree?: TreeId;
  /** Of an ended one. */
  readonly end?: JobEnd;
}

/** How many there are of a pool, and its settings. */
export interface JobCounts extends JobSettings {
  /** Those that are being started among them. */
  readonly running: number;
  /** Those that wait for a place in the queue are not among them. */
  readonly queued: number;
  readonly waiting: number;
}

export interface FollowJobRequest {
  /** Name of the job. */
  readonly job: string;
  /** `queued`: it is in the queue, or beyond; `started`: it is spawned, or has ended without that; `ended`: nothing of it is left. */
  readonly until: 'queued' | 'started' | 'ended';
}

export interface CancelJobRequest {
  /** Name of the job. */
  readonly job: string;
  /** Skip the escalation. */
  readonly now: boolean;
  /** As a clause for people. */
  readonly reason: string;
  readonly reasonData?: TextData;
}

export interface ClearJobsRequest {
  /** Of the pool. */
  readonly pool: string;
  /** As a clause for people. */
  readonly reason: string;
  readonly reasonData?: TextData;
}

/** What job names end with. No declared name has a plus sign. */
const jobName = /^(.*)\+([1-9]\d{0,14})$/s;

export function nameOfJob(pool: string, number: number): string {
  return `${pool}+${number}`;
}

/** What {@link nameOfJob} was made of; undefined where it is no name of a job. */
export function jobOf(name: string): { readonly pool: string; readonly number: number } | undefined {
  const [, pool, number] = jobName.exec(name) ?? [];
  return pool === undefined ? undefined : { pool, number: Number(number) };
}

/** Whether a process of this name and pool is a job. */
export function isJob({ name, pool }: { readonly name: string; readonly pool?: string | undefined }): boolean {
  return pool !== undefined && jobOf(name)?.pool === pool;
}

/** `3 running, 12 queued`; `no jobs` where there are none. */
export function jobCountText({ running, queued, waiting }: Pick<JobCounts, 'running' | 'queued' | 'waiting'>): string {
  const parts = [
    running > 0 ? `${running} running` : '',
    queued > 0 ? `${queued} queued` : '',
    waiting > 0 ? `${waiting} waiting for a place in the queue` : '',
  ];
  return parts.filter(Boolean).join(', ') || 'no jobs';
}

/**
 * Answers when it is known whether the job is taken: it has started, is in the queue, or waits for a place there. Ends with the reason `queueFull` where it is
 * refused because the queue is full, and with `alreadyQueued` where its lost job is not lost any more.
 */
export const submitJob = new RequestType<SubmitJobRequest, JobSnapshot, void>('jobs/submit');
/** Answers when the job is as far as that. */
export const followJob = new RequestType<FollowJobRequest, JobSnapshot, void>('jobs/follow');
/** One that waits leaves the queue; of one that runs, the tree is stopped. Answers when nothing of it is left. */
export const cancelJob = new RequestType<CancelJobRequest, JobSnapshot, void>('jobs/cancel');
/** Cancels all jobs of a pool that have not started, and answers with them; those that run go on. */
export const clearJobs = new RequestType<ClearJobsRequest, readonly JobSnapshot[], void>('jobs/clear');
/** All jobs of a pool that the warden remembers, in the order of their numbers; of all pools where none is named. */
export const listJobs = new RequestType<{ readonly pool?: string }, readonly JobSnapshot[], void>('jobs/list');
