import type { DeclareRequest, NameAnswer, NameStatus, ProcessDeclaration } from '../../protocol/declare.ts';
import type { CancelJobRequest, ClearJobsRequest, FollowJobRequest, JobSnapshot, SubmitJobRequest } from '../../protocol/jobs.ts';
import { jobOf } from '../../protocol/jobs.ts';
import { localizable, reasonIn, type Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import type { Job } from './job.ts';
import { JobPool, type JobPoolParts, type JobsDeclaration } from './jobPool.ts';
import type { StopOptions } from './reconcilerParts.ts';

/** A job, and whatever its client is told of it. */
export interface SubmittedJob {
  readonly job: JobSnapshot;
  /** The connection of its client has ended: unless it goes on without that, it is cancelled. */
  abandon(): void;
  hasEnded(): boolean;
}

/** The pools of jobs that files declare. */
export class JobKeeper {
  readonly #parts: JobPoolParts;
  readonly #pools = new Map<string, JobPool>();
  /** Of jobs whose warden was killed, and whose pool is not declared to this one yet; by their names. */
  readonly #adopted = new Map<string, Tree>();
  #isClosed = false;

  constructor(parts: JobPoolParts) {
    this.#parts = parts;
  }

  get statuses(): NameStatus[] {
    return Array.from(this.#pools.values(), ({ status }) => status);
  }

  /** Whether any job runs, or will. */
  get isBusy(): boolean {
    return [...this.#pools.values()].some(({ isBusy }) => isBusy);
  }

  has(name: string): boolean {
    return this.#pools.has(name);
  }

  /** Takes the place of what this origin declared before. A pool that is not declared any more goes on with the jobs that it has. */
  declare({ origin, file = origin, processes }: DeclareRequest): void {
    const declared = processes.filter(isOfJobs);
    for (const process of declared) {
      const known = this.#pools.get(process.name);
      if (known) known.declare(process, { origin, file });
      else this.#add(new JobPool(process, { origin, file }, this.#parts));
    }
    for (const pool of this.#pools.values())
      if (pool.origin === origin && !declared.some(({ name }) => name === pool.name)) pool.origin = undefined;
    this.#dropForgettable();
  }

  /** A tree that has outlived its warden. */
  adopt(tree: Tree): void {
    const { pool, number = 0 } = jobOf(tree.request.name) ?? {};
    if (pool === undefined) return;
    const known = this.#pools.get(pool);
    if (known) known.adopt(tree, number);
    else this.#adopted.set(tree.request.name, tree);
  }

  /** @throws RequestError where no such pool is declared, it cannot be resolved, lacks a value, or its queue is full. */
  async submit(request: SubmitJobRequest): Promise<SubmittedJob> {
    if (this.#isClosed) throw new RequestError('notPossible', localizable('notStartedByShutdown', request.pool));
    const pool = this.#pools.get(request.pool);
    if (pool === undefined) throw new RequestError('notPossible', `No pool of jobs '${request.pool}' is declared.${this.#known()}`);
    const job = await pool.submit(request);
    return { job: pool.snapshot(job), abandon: () => this.#abandoned(pool, job), hasEnded: () => job.state === 'ended' };
  }

  /** @throws RequestError where the job has ended and been forgotten. */
  async follow({ job: name, until }: FollowJobRequest): Promise<JobSnapshot> {
    const { pool, job } = this.#find(name);
    await job.reached(until);
    return pool.snapshot(job);
  }

  /** @throws RequestError where the job has ended and been forgotten. */
  async cancel({ job: name, now, ...asked }: CancelJobRequest): Promise<JobSnapshot> {
    const { pool, job } = this.#find(name);
    await pool.cancel(job, { now, reason: reasonIn(asked) });
    return pool.snapshot(job);
  }

  /** @throws RequestError where there is no such pool. */
  clear({ pool: name, ...asked }: ClearJobsRequest): JobSnapshot[] {
    return this.#existing(name).clear(reasonIn(asked));
  }

  /** What waits in any pool is not started any more. */
  clearAll(reason: Text): void {
    for (const pool of this.#pools.values()) pool.clear(reason);
  }

  /** @throws RequestError where there is no such pool. */
  list(name?: string): JobSnapshot[] {
    const pools = name === undefined ? [...this.#pools.values()] : [this.#existing(name)];
    return pools.flatMap(({ snapshots }) => snapshots);
  }

  /** Ends what runs of a pool, and cancels all that waits. */
  async stop(name: string, options: StopOptions): Promise<NameAnswer> {
    const trees = await this.#existing(name).stop(options);
    this.#dropForgettable();
    return { trees: trees.map((tree) => this.#parts.snapshotOf(tree)), failures: [] };
  }

  /** @throws RequestError where this is a pool of jobs. `verb`: what was to be done, as a participle. */
  refuse(name: string, verb: string): void {
    if (this.#pools.has(name))
      throw new RequestError(
        'notPossible',
        `'${name}' was not ${verb}: it is a pool of jobs. Run one with: tree-warden job ${name} -- ARGUMENTS`,
      );
  }

  treeEnded(tree: { readonly id: string; readonly request: { readonly name: string } }): void {
    const { pool } = jobOf(tree.request.name) ?? {};
    if (pool === undefined) return;
    this.#adopted.delete(tree.request.name);
    this.#pools.get(pool)?.treeEnded(tree);
    this.#dropForgettable();
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #add(pool: JobPool): void {
    this.#pools.set(pool.name, pool);
    for (const [name, tree] of this.#adopted) {
      const job = jobOf(name);
      if (job?.pool !== pool.name) continue;
      this.#adopted.delete(name);
      pool.adopt(tree, job.number);
    }
  }

  #abandoned(pool: JobPool, job: Job): void {
    // The client of one that still waits for a place has not been told that it is in the queue.
    if (job.isDetached && job.state !== 'waiting') return;
    void pool.cancel(job, { now: false, reason: localizable('jobAbandoned') });
  }

  #find(name: string): { readonly pool: JobPool; readonly job: Job } {
    const pool = this.#pools.get(jobOf(name)?.pool ?? '');
    const job = pool?.find(name);
    if (pool && job) return { pool, job };
    throw new RequestError('noSuchTree', `There is no job '${name}'; it may have ended and been forgotten.`);
  }

  #existing(name: string): JobPool {
    const pool = this.#pools.get(name);
    if (pool) return pool;
    throw new RequestError('notPossible', `There is no pool of jobs '${name}'.${this.#known()}`);
  }

  #known(): string {
    const names = [...this.#pools.keys()].join(', ');
    return ` There ${names === '' ? 'are none' : `are: ${names}`}.`;
  }

  #dropForgettable(): void {
    for (const [name, pool] of this.#pools) if (pool.origin === undefined && !pool.isBusy) this.#pools.delete(name);
  }
}

function isOfJobs(process: ProcessDeclaration): process is JobsDeclaration {
  return process.jobs !== undefined;
}
