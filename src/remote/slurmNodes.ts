import { setTimeout as sleep } from 'node:timers/promises';
import type { SlurmRunner } from '../protocol/runner.ts';
import { wardenScript } from './nodeScript.ts';
import { type Answer, ask } from './programs.ts';
import type { CommandLine, NodeRunner, Placement, PlacementState, Placing, RunnerSettings } from './runner.ts';
import {
  aheadOf,
  endOf,
  isEnding,
  isGoing,
  isPaused,
  isWaiting,
  jobIdIn,
  jobIn,
  jobInDetails,
  jobNameOf,
  queueFormat,
  type SlurmJob,
  sbatchOptions,
} from './slurmAnswers.ts';

/** Between two questions about a job that waits, from the first to the longest, in milliseconds: every question is one to a controller that all users share. */
const polls = { first: 250, longest: 15_000, factor: 1.5 } as const;

/** The lease begins on the node as soon as the job runs: half of it is left to connect when that is known. */
function period(round: number, leaseMillis: number): number {
  return Math.min(polls.first * polls.factor ** round, polls.longest, leaseMillis / 2);
}

/** For a controller that is being restarted, when a job is to be ended, in milliseconds. */
const controllerMillis = 20_000;
/** Beside its lease and its stop, before a job on a node that does not answer is known to have ended there, in milliseconds. */
const silentMillis = 10_000;
/** The longest that the end of a job is waited for, in milliseconds: Slurm gives its processes half a minute, by default. */
const endingMillis = 40_000;

/** What was found of the job, and the answer that says it, or does not. */
interface Looked {
  readonly found: SlurmJob | undefined;
  readonly answer: Answer;
}

/** One job of Slurm, with the warden of a lease as its script. */
export class SlurmNodes implements NodeRunner {
  readonly #runner: SlurmRunner;
  readonly #settings: RunnerSettings;
  readonly #jobName: string;
  #job: string | undefined;

  constructor(runner: SlurmRunner, settings: RunnerSettings) {
    this.#runner = runner;
    this.#settings = settings;
    this.#jobName = jobNameOf(settings.name, settings.lease);
  }

  async place(tell: (placing: Placing) => void, signal: AbortSignal): Promise<Placement> {
    const { lease, places } = this.#settings;
    tell({ phase: 'submitting' });
    const options = sbatchOptions(this.#runner, this.#jobName);
    const submitted = await ask(['sbatch', ...options], { input: wardenScript(places, lease, this.#runner.leaseMillis) });
    const job = submitted.code === 0 ? jobIdIn(submitted.stdout) : undefined;
    if (job === undefined) throw new Error(`Slurm has taken no job: ${submitted.problem.replace(/^sbatch: error: /, '')}`);
    this.#job = job;
    for (let round = 0; ; round++) {
      signal.throwIfAborted();
      const { found, answer } = await this.#look();
      if (found === undefined) {
        // A controller that is being restarted says nothing for a while.
        tell({ phase: 'queued', job, reason: answer.problem });
      } else if (isGoing(found) && found.node !== undefined) {
        const { node, endsAt } = found;
        return { node, job, ...(endsAt !== undefined && { endsAt }) };
      } else if (isWaiting(found) || isPaused(found)) {
        const ahead = await this.#ahead();
        tell({ phase: 'queued', job, ...(found.reason && { reason: found.reason }), ...(ahead !== undefined && { ahead }) });
      } else if (!isGoing(found)) throw new Error(`${endOf(found)} (job ${job})`);
      await sleep(period(round, this.#runner.leaseMillis), undefined, { signal });
    }
  }

  reach(script: string): CommandLine {
    const job = this.#job ?? '';
    // Beside the script of the job, in the resources that it has.
    return [
      'srun',
      `--jobid=${job}`,
      '--overlap',
      '--nodes=1',
      '--ntasks=1',
      '--unbuffered',
      '--quiet',
      '--mem=0',
      '/bin/sh',
      '-c',
      script,
    ];
  }

  async state(signal?: AbortSignal): Promise<PlacementState> {
    const { found, answer } = await this.#lookAtEnd(signal);
    const job = ` (job ${this.#job})`;
    if (found === undefined) return { is: 'unknown', why: answer.problem };
    if (isPaused(found)) return { is: 'paused', why: `${endOf(found)}${job}` };
    if (!isGoing(found)) return { is: 'gone', why: `${endOf(found)}${job}` };
    return { is: 'there', ...(found.endsAt !== undefined && { endsAt: found.endsAt }) };
  }

  async extend(millis: number): Promise<void> {
    const { code, problem } = await ask(['scontrol', 'update', `JobId=${this.#job}`, `TimeLimit=+${Math.ceil(millis / 60_000)}`]);
    if (code !== 0) throw new Error(problem);
  }

  /** By its name, as what cleans up after a crash does not know the job's id; the script hears SIGTERM first, as every script of a job does. */
  async end(): Promise<void> {
    const begun = performance.now();
    for (let round = 0; ; round++) {
      const cancelled = await ask(['scancel', '--quiet', `--name=${this.#jobName}`]);
      const left = await ask(['squeue', '--noheader', `--name=${this.#jobName}`, '--format=%T']);
      if (left.code === 0) {
        const states = left.stdout.split('\n').filter(Boolean);
        if (states.length === 0) return;
        if (cancelled.code !== 0) throw new Error(`scancel: ${cancelled.problem}`);
        // Slurm has not heard of their end from a node that does not answer, where nothing runs on for longer than this.
        const isOver = performance.now() - begun > this.#runner.leaseMillis + this.#settings.stopMillis + silentMillis;
        if (isOver && states.every((state) => isEnding({ state }))) return;
      } else if (performance.now() - begun > controllerMillis) throw new Error(this.#unanswered(left));
      await sleep(period(round, this.#runner.leaseMillis));
    }
  }

  #unanswered({ problem }: Answer): string {
    const seconds = this.#runner.leaseMillis / 1000;
    return `Slurm does not answer (${problem}); what is left of the job ends by itself, ${seconds} s after the last sign of life, or after its start`;
  }

  /** A job that is being ended says only afterwards how it has ended. */
  async #lookAtEnd(signal?: AbortSignal): Promise<Looked> {
    const begun = performance.now();
    for (;;) {
      const looked = await this.#look(signal);
      const { found } = looked;
      if (!found || !isEnding(found) || found.reason === 'TimeLimit') return looked;
      if (signal?.aborted || performance.now() - begun > endingMillis) return looked;
      await sleep(polls.first);
    }
  }

  /** One that has ended is not in the queue any more. */
  async #look(signal?: AbortSignal): Promise<Looked> {
    const job = this.#job ?? '';
    const queued = await ask(['squeue', '--noheader', `--jobs=${job}`, `--format=${queueFormat}`], { signal });
    const found = jobIn(queued.stdout);
    if (found) return { found, answer: queued };
    const answer = await ask(['scontrol', '--oneliner', 'show', 'job', job], { signal });
    const known = jobInDetails(answer.stdout);
    if (known) return { found: known, answer };
    // The controller answers, and has forgotten it.
    return /Invalid job id/i.test(answer.problem) ? { found: { state: 'COMPLETED' }, answer } : { found: undefined, answer };
  }

  /** Undefined where that is not said. */
  async #ahead(): Promise<number | undefined> {
    const partition = this.#runner.partition === undefined ? [] : [`--partition=${this.#runner.partition}`];
    const waiting = await ask(['squeue', '--noheader', '--states=PENDING', '--sort=-p,i', '--format=%i', ...partition]);
    return waiting.code === 0 ? aheadOf(this.#job ?? '', waiting.stdout) : undefined;
  }
}
