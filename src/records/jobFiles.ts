/**
 * The jobs that wait in the queues of a warden and go on without their clients, on disk: JSON lines, one when a job is queued and one when it waits no more. When
 * the warden is killed, what was queued is read from here: it is not started by itself, because its environment is not on record.
 */

import { createHash } from 'node:crypto';
import { rename, unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { jobBounds } from '../protocol/jobs.ts';
import { parsedLine } from '../protocol/jsonLine.ts';
import { listBounded, readBoundedFile } from './boundedFile.ts';
import { makeFolder } from './makeFolder.ts';
import { appendToPlainFile } from './plainFile.ts';
import { stateFolder } from './stateFolder.ts';

/** A job that waits, as it is on record. */
export interface WaitingJob {
  readonly number: number;
  readonly args: readonly string[];
  /** Absent where it runs in the declared folder. */
  readonly cwd?: string;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
}

/** Under what the jobs of a pool are kept: the path of its processes.json, and its name there. */
export interface JobKey {
  readonly origin: string;
  readonly name: string;
}

/** Maximum size of a file that is read, in bytes: what a queue can hold, with what was written since its file was last made anew. */
const maxFileBytes = 3 * jobBounds.heldLength;
/** Maximum number of entries of the folder that are looked at. */
const maxEntries = 5000;
/** Number of lines beyond those of the jobs that wait at which a file is made anew. */
const maxSpareLines = 2000;

export function jobsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'jobs');
}

function hashOf({ origin, name }: JobKey): string {
  // Programs of Windows do not agree on the case of a drive's letter.
  const place = sep === '\\' ? origin.toLowerCase() : origin;
  return createHash('sha256').update(`${place}\0${name}`).digest('hex').slice(0, 24);
}

/** The file of one pool of one warden. Its methods are to be called one after the other. */
export class WaitingJobsFile {
  readonly #path: string;
  readonly #folder: string;
  readonly #waiting = new Map<number, WaitingJob>();
  #lines = 0;

  /** `warden`: its id. */
  constructor(key: JobKey, warden: string, folder = jobsFolder()) {
    this.#folder = folder;
    this.#path = join(folder, `${hashOf(key)}.${warden}.jsonl`);
  }

  /** @throws the system's error. */
  async add(job: WaitingJob): Promise<void> {
    this.#waiting.set(job.number, job);
    await this.#append(lineOf(job));
  }

  /** @throws the system's error. */
  async remove(number: number): Promise<void> {
    if (!this.#waiting.delete(number)) return;
    if (this.#waiting.size === 0) {
      this.#lines = 0;
      await unlink(this.#path).catch(unlessMissing);
    } else await this.#append(`\n${JSON.stringify({ left: number })}\n`);
  }

  async #append(line: string): Promise<void> {
    if (this.#lines >= this.#waiting.size + maxSpareLines) return await this.#rewrite();
    this.#lines++;
    await appendToPlainFile(this.#path, line).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      makeFolder(this.#folder);
      await appendToPlainFile(this.#path, line);
    });
  }

  async #rewrite(): Promise<void> {
    const next = `${this.#path}.new`;
    await unlink(next).catch(unlessMissing);
    await appendToPlainFile(next, Array.from(this.#waiting.values(), lineOf).join(''));
    await rename(next, this.#path);
    this.#lines = this.#waiting.size;
  }
}

/** It begins with a line break as well: behind a line that a crash or a full disk has torn, it is a line of its own. */
function lineOf(job: WaitingJob): string {
  return `\n${JSON.stringify(job)}\n`;
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Jobs that waited when their warden was killed. */
export interface LostJobs {
  /** In the order in which they were queued. */
  readonly jobs: readonly WaitingJob[];
  /** What could not be read, as sentences. */
  readonly problems: readonly string[];
  /** The files that they stand in. */
  readonly paths: readonly string[];
}

/** `living`: ids of the wardens that run: what waits in their queues is not lost. Never throws. */
export function lostJobs(key: JobKey, living: ReadonlySet<string>, folder = jobsFolder()): LostJobs {
  const prefix = `${hashOf(key)}.`;
  const problems: string[] = [];
  const paths: string[] = [];
  const jobs: WaitingJob[] = [];
  for (const name of namesIn(folder)) {
    const [, warden] = /^[0-9a-f]{24}\.([0-9a-f]{1,16})\.jsonl$/.exec(name) ?? [];
    if (!name.startsWith(prefix) || warden === undefined || living.has(warden)) continue;
    const path = join(folder, name);
    try {
      jobs.push(...waitingIn(readBoundedFile(path, maxFileBytes)));
      paths.push(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`${path} cannot be read: ${(error as Error).message}.`);
    }
  }
  return { jobs: jobs.toSorted((a, b) => a.queuedAt - b.queuedAt || a.number - b.number), problems, paths };
}

/** Stands for a warden that has ended. No warden has this id. */
const noWarden = '0';

/**
 * They are told of, or queued again, but for these, which stay lost.
 * @throws the system's error.
 */
export async function forgetLost(key: JobKey, { paths }: LostJobs, left: readonly WaitingJob[] = [], folder = jobsFolder()): Promise<void> {
  for (const path of paths) await unlink(path).catch(unlessMissing);
  const file = new WaitingJobsFile(key, noWarden, folder);
  for (const job of left) await file.add(job);
}

function namesIn(folder: string): string[] {
  try {
    return listBounded(folder, maxEntries).entries.flatMap(({ name, isFolder }) => (isFolder ? [] : name));
  } catch {
    return [];
  }
}

/** What is no line of a job is left out. */
export function waitingIn(text: string): WaitingJob[] {
  const waiting = new Map<number, WaitingJob>();
  for (const line of text.split('\n')) {
    const value = parsedLine(line);
    if (typeof value !== 'object' || value === null) continue;
    const { left, number, args, cwd, queuedAt } = value as Record<string, unknown>;
    if (typeof left === 'number') waiting.delete(left);
    if (!Number.isSafeInteger(number) || !isTime(queuedAt) || !isTexts(args)) continue;
    waiting.set(number as number, { number: number as number, args, queuedAt, ...(typeof cwd === 'string' && { cwd }) });
  }
  return [...waiting.values()];
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
