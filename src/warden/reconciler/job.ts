import type { JobEnd, JobSnapshot, JobState, SubmitJobRequest } from '../../protocol/jobs.ts';
import { nameOfJob } from '../../protocol/jobs.ts';
import type { ProcessTemplate } from '../../protocol/processTemplate.ts';
import type { StartValues } from '../../protocol/startVariables.ts';
import type { JobKey, WaitingJob } from '../../records/jobFiles.ts';
import type { Tree } from '../trees/tree.ts';
import type { StopOptions } from './reconcilerParts.ts';

/** How far a job can be, in order. */
const stages = ['submitted', 'queued', 'started', 'ended'] as const;
export type JobStage = (typeof stages)[number];

export interface JobParts extends Pick<SubmitJobRequest, 'pool' | 'args' | 'env' | 'cwd' | 'detached' | 'lost'> {
  readonly number: number;
  /** Under what it is kept: the pool may be of another file by now. */
  readonly key: JobKey;
  /** As the pool was declared when the job came. */
  readonly template: ProcessTemplate;
  readonly values: StartValues;
}

/** One job, from its submission to its end. */
export class Job {
  readonly parts: JobParts;
  readonly name: string;
  readonly number: number;
  readonly queuedAt = Date.now();
  readonly heldLength: number;
  /** While it is being started, and after that. */
  tree: Tree | undefined;
  /** It was cancelled: its tree is stopped as soon as there is one. */
  cancelled: StopOptions | undefined;
  #state: JobState = 'queued';
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #end: JobEnd | undefined;
  #stage: JobStage = 'submitted';
  #waiters: { readonly stage: JobStage; readonly resolve: () => void }[] = [];

  constructor(parts: JobParts) {
    this.parts = parts;
    this.number = parts.number;
    this.name = nameOfJob(parts.pool, parts.number);
    this.heldLength = lengthOf(parts);
  }

  get state(): JobState {
    return this.#state;
  }

  get isDetached(): boolean {
    return this.parts.detached === true;
  }

  get recorded(): WaitingJob {
    const { args, cwd } = this.parts;
    return { number: this.number, args, ...(cwd !== undefined && { cwd }), queuedAt: this.queuedAt };
  }

  /** Resolves when it is as far as that. */
  async reached(stage: JobStage): Promise<void> {
    if (isAsFar(this.#stage, stage)) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push({ stage, resolve });
    });
  }

  waiting(): void {
    this.#state = 'waiting';
  }

  queued(): void {
    this.#state = 'queued';
    this.#reach('queued');
  }

  /** @param startedAt In milliseconds since 1970. */
  starting(startedAt = Date.now()): void {
    this.#state = 'starting';
    this.#startedAt = startedAt;
    this.#reach('queued');
  }

  running(tree: Tree): void {
    this.tree = tree;
    this.#state = 'running';
    this.#reach('started');
  }

  ended(end: JobEnd): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#endedAt = Date.now();
    this.#end = end;
    this.#reach('ended');
  }

  /** @param ahead Number of jobs before it, of one that waits. */
  snapshot(ahead: number | undefined): JobSnapshot {
    const { pool, args } = this.parts;
    return {
      ...{ pool, name: this.name, number: this.number, args, state: this.#state },
      ...(this.isDetached && { detached: true as const }),
      ...(ahead !== undefined && { ahead }),
      queuedAt: this.queuedAt,
      ...(this.#startedAt !== undefined && { startedAt: this.#startedAt }),
      ...(this.#endedAt !== undefined && { endedAt: this.#endedAt }),
      ...(this.tree && { tree: this.tree.id }),
      ...(this.#end && { end: this.#end }),
    };
  }

  #reach(stage: JobStage): void {
    this.#stage = stage;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((one) => !isAsFar(stage, one.stage));
    for (const one of waiters) if (isAsFar(stage, one.stage)) one.resolve();
  }
}

function isAsFar(stage: JobStage, as: JobStage): boolean {
  return stages.indexOf(stage) >= stages.indexOf(as);
}

function lengthOf({ args, env = {}, values, cwd = '' }: JobParts): number {
  const texts = [...args, cwd, ...Object.entries(env).flat(), ...Object.entries(values).flat()];
  // Each has a price of its own.
  return texts.reduce((sum, one) => sum + one.length + 16, 0);
}
