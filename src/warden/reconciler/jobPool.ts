import { ResponseError } from 'vscode-jsonrpc';
import type { NameStatus, ProcessDeclaration } from '../../protocol/declare.ts';
import { errorCodes } from '../../protocol/errorCodes.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import { type JobSettings, type JobSnapshot, jobBounds, type SubmitJobRequest } from '../../protocol/jobs.ts';
import { type ProcessTemplate, portKey, portNamesIn, startVariablesIn } from '../../protocol/processTemplate.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text, withData } from '../../protocol/texts.ts';
import type { JobKey } from '../../records/jobFiles.ts';
import type { Journal } from '../journal.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import { valuesNeeded } from './givenValues.ts';
import { fillInstance } from './instances.ts';
import { Job } from './job.ts';
import { JobQueue } from './jobQueue.ts';
import type { JobRecorder } from './jobRecorder.ts';
import type { NamedPortTable } from './namedPortTable.ts';
import type { StopOptions } from './reconcilerParts.ts';

export type JobsDeclaration = ProcessDeclaration & { readonly jobs: JobSettings };

export interface JobPoolParts {
  readonly ports: NamedPortTable;
  readonly recorder: JobRecorder;
  readonly journal: Journal;
  /** Starts a tree that is no instance of a name, and ends it. */
  start(request: StartRequest): Promise<Tree>;
  stop(tree: Tree, options: StopOptions): Promise<unknown>;
  snapshotOf(tree: Tree): TreeSnapshot;
  onChange(): void;
}

/** Of one pool: its declaration, its queue, its jobs. */
export class JobPool {
  readonly name: string;
  origin: string | undefined;
  readonly #parts: JobPoolParts;
  #key: JobKey;
  #process: JobsDeclaration;
  readonly #queue: JobQueue<Job>;
  /** By their names, in the order of their numbers: those that have not ended, and the last that have. */
  readonly #jobs = new Map<string, Job>();
  /** Names of those that have ended and are remembered, in the order of their ends. */
  readonly #remembered: string[] = [];
  /** What identifies the lost jobs that were queued again. */
  readonly #requeued = new Set<string>();
  #lastNumber = 0;
  #isClosed = false;

  constructor(process: JobsDeclaration, { origin, file }: { readonly origin: string; readonly file: string }, parts: JobPoolParts) {
    this.name = process.name;
    this.origin = origin;
    this.#parts = parts;
    this.#process = process;
    this.#key = keyOf(process, file);
    this.#queue = new JobQueue(process.jobs);
  }

  /** Whether any job runs, or will. */
  get isBusy(): boolean {
    return !this.#queue.isEmpty;
  }

  get status(): NameStatus {
    const { counts } = this.#queue;
    const running = this.#queue.running.flatMap(({ tree }) => (tree ? { name: tree.request.name, tree: tree.id } : []));
    return {
      name: this.name,
      ...(this.origin !== undefined && { origin: this.origin }),
      instances: counts.maxConcurrent,
      desired: [],
      ...('problem' in this.#process && { problem: this.#process.problem }),
      jobs: counts,
      running,
    };
  }

  /** In the order of their numbers. */
  get snapshots(): JobSnapshot[] {
    const places = new Map(this.#queue.pending.map((job, place) => [job, place]));
    return Array.from(this.#jobs.values(), (job) => job.snapshot(places.get(job)));
  }

  /** One of its jobs runs on, whose warden was killed: it takes a place. */
  adopt(tree: Tree, number: number): void {
    const template = { argv: ['-'], cwd: '/', env: {}, stdio: 'file', stop: [], whenLeaderExits: 'kill', containment: 'auto' } as const;
    const job = new Job({ pool: this.name, number, key: this.#key, args: [], template, values: {}, detached: true });
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#jobs.set(job.name, job);
    this.#queue.occupy(job);
    job.starting(tree.startedAt);
    job.running(tree);
    if (tree.ended) this.#finished(job, tree);
  }

  /** Jobs that wait were queued with what was declared then; how many run at once counts from now on. */
  declare(process: JobsDeclaration, { origin, file }: { readonly origin: string; readonly file: string }): void {
    this.origin = origin;
    this.#process = process;
    this.#key = keyOf(process, file);
    this.#queue.settings = process.jobs;
    this.#goOn();
  }

  find(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  snapshot(job: Job): JobSnapshot {
    return job.snapshot(this.#queue.aheadOf(job));
  }

  /** @throws RequestError where it cannot be resolved, lacks a value, or the queue is full. */
  async submit(request: SubmitJobRequest): Promise<Job> {
    const { args, env, cwd, values = {}, detached, lost, lastNumber = 0 } = request;
    const template = this.#template();
    const variables = startVariablesIn(template).filter((variable) => !Object.hasOwn(values, variable));
    if (variables.length > 0)
      throw new RequestError('startFailed', valuesNeeded(this.name, variables), undefined, { needed: [{ name: this.name, variables }] });
    if (lost !== undefined && this.#requeued.has(lost))
      throw new RequestError('notPossible', localizable('jobRequeued', this.name), 'alreadyQueued');
    const number = Math.max(this.#lastNumber, lastNumber) + 1;
    const job = new Job({
      ...{ pool: this.name, number, key: this.#key, args, template, values },
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
      ...(detached && { detached }),
      ...(lost !== undefined && { lost }),
    });
    const admission = this.#queue.admit(job);
    if (admission === 'full') throw this.#full();
    this.#lastNumber = number;
    if (lost !== undefined) this.#requeued.add(lost);
    this.#jobs.set(job.name, job);
    if (admission === 'waiting') job.waiting();
    else await this.#enter(job);
    return job;
  }

  /** It leaves the queue, or its tree is stopped; resolves when nothing of it is left. */
  async cancel(job: Job, options: StopOptions): Promise<void> {
    if (job.state === 'ended') return;
    if (job.state === 'waiting' || job.state === 'queued') {
      this.#queue.remove(job);
      this.#drop(job, options.reason);
      this.#goOn();
      return;
    }
    job.cancelled = options;
    if (job.tree) await this.#parts.stop(job.tree, options);
    else await job.reached('ended');
  }

  /** Cancels what has not been started; what runs goes on. */
  clear(reason: Text): JobSnapshot[] {
    const pending = this.#queue.takePending();
    for (const job of pending) this.#drop(job, reason);
    if (pending.length > 0) this.#parts.onChange();
    return pending.map((job) => this.snapshot(job));
  }

  /** Ends what runs, and cancels all that waits; resolves with the trees when nothing of them is left. */
  async stop(options: StopOptions): Promise<Tree[]> {
    this.clear(options.reason);
    const { running } = this.#queue;
    await Promise.all(running.map((job) => this.cancel(job, options)));
    return running.flatMap(({ tree }) => tree ?? []);
  }

  treeEnded(tree: { readonly id: string }): void {
    const job = this.#queue.running.find((one) => one.tree?.id === tree.id);
    if (job?.tree) this.#finished(job, job.tree);
  }

  /** The warden ends: nothing is started any more. What waits stays on record, as what it has not come to. */
  close(): void {
    this.#isClosed = true;
    for (const job of this.#queue.takePending()) job.ended({ cancelled: 'this warden is shutting down' });
  }

  async #enter(job: Job): Promise<void> {
    // What is on record before the client is told of it cannot be lost silently.
    if (job.isDetached) await this.#parts.recorder.queued(job.parts.key, job.recorded);
    // It may have been its turn meanwhile, or been cancelled.
    if (job.state === 'queued' || job.state === 'waiting') job.queued();
    this.#goOn();
  }

  #goOn(): void {
    for (let next = this.#next(); next; next = this.#next()) void this.#launch(next.job, next.place);
    for (const job of this.#queue.promote()) void this.#enter(job);
    this.#parts.onChange();
  }

  #next(): ReturnType<JobQueue<Job>['next']> {
    return this.#isClosed ? undefined : this.#queue.next();
  }

  async #launch(job: Job, place: number): Promise<void> {
    job.starting();
    if (job.isDetached) this.#parts.recorder.left(job.parts.key, job.number);
    try {
      await this.#parts.ports.reserve(portNamesIn(job.parts.template).map((name) => portKey(name, place)));
      if (job.cancelled)
        return this.#ended(job, () =>
          job.ended({ cancelled: String(job.cancelled?.reason), ...withData('reasonData', job.cancelled?.reason) }),
        );
      const tree = await this.#parts.start(this.#requestFor(job, place));
      job.running(tree);
      // Its end may be faster than the news of its start.
      if (tree.ended) this.#finished(job, tree);
      else if (job.cancelled) await this.#parts.stop(tree, job.cancelled);
      this.#parts.onChange();
    } catch (error) {
      const message = textOfError(error);
      const code = error instanceof ResponseError ? error.code : errorCodes.notPossible;
      this.#tell(job, `was not started: ${errorText(error)}`);
      this.#ended(job, () => job.ended({ failure: { message: String(message), ...withData('messageData', message), code } }));
    }
  }

  #requestFor({ name, number, isDetached, parts: { key, template, values, args, env, cwd } }: Job, place: number): StartRequest {
    const filled = fillInstance({ name: this.name, template, instance: place, ports: this.#parts.ports, values }, name);
    return {
      ...filled,
      argv: [...filled.argv, ...args],
      name,
      pool: this.name,
      ...(cwd !== undefined && { cwd }),
      env: { ...env, TREE_WARDEN_INSTANCE: String(place), TREE_WARDEN_JOB: String(number), ...filled.env },
      history: key,
      jobArgs: args.length,
      ...(!isDetached && { endsWithWarden: true as const }),
    };
  }

  #finished(job: Job, tree: Tree): void {
    this.#ended(job, () => job.ended({ tree: this.#parts.snapshotOf(tree) }));
  }

  #ended(job: Job, end: () => void): void {
    this.#queue.remove(job);
    // The news of its end may come twice.
    if (job.state !== 'ended') {
      end();
      this.#remember(job);
    }
    this.#goOn();
  }

  /** It has been taken out of the queue. */
  #drop(job: Job, reason: Text): void {
    // Also of one that waits for a place: it may have got that, and be on its way to the disk.
    if (job.isDetached) this.#parts.recorder.left(job.parts.key, job.number);
    // Its client may have ended before it could say on the disk that it is not lost any more.
    if (job.parts.lost !== undefined) this.#requeued.delete(job.parts.lost);
    job.ended({ cancelled: String(reason), ...withData('reasonData', reason) });
    this.#tell(job, `cancelled before it was started: ${reason}`);
    this.#remember(job);
  }

  /** The last that have ended, also of those that took long. */
  #remember({ name }: Job): void {
    if (this.#remembered.push(name) > jobBounds.ended) this.#jobs.delete(this.#remembered.shift() ?? '');
  }

  #template(): ProcessTemplate {
    if (this.origin === undefined)
      throw new RequestError('notPossible', `The job was not queued: no file declares '${this.name}' any more.`);
    if ('problem' in this.#process) throw new RequestError('startFailed', this.#process.problem);
    return this.#process.template;
  }

  #full(): RequestError {
    const { queued, waiting, maxQueued } = this.#queue.counts;
    const held =
      queued < maxQueued || waiting > 0
        ? `${queued + waiting} jobs wait already, which is what is kept of arguments and environments`
        : `its queue is full (${queued} of ${maxQueued})`;
    return new RequestError('notPossible', localizable('jobRefused', this.name, held), 'queueFull');
  }

  #tell({ name }: Job, reason: string): void {
    this.#parts.journal.write({ event: 'job', spec: name, reason });
  }
}

function keyOf({ written, name }: JobsDeclaration, file: string): JobKey {
  return { origin: file, name: written ?? name };
}
