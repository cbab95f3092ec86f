/** What Slurm is asked, and what its programs answer, as text; nothing is run here. Fields are those that squeue(1) has had since version 17. */
import type { SlurmRunner } from '../protocol/runner.ts';
import { timeLimitReached } from './timeLimit.ts';

/** States of a job in which it has not begun, squeue(1), "JOB STATE CODES". */
const waiting = new Set(['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'SPECIAL_EXIT', 'RESV_DEL_HOLD']);
const going = new Set(['RUNNING', 'RESIZING', 'SIGNALING', 'STAGE_OUT']);
/** In which its processes are stopped, and go on later. */
const paused = new Set(['SUSPENDED', 'STOPPED']);

/** What its state says in words; others are told as they are. */
const ends: Readonly<Record<string, string>> = {
  CANCELLED: 'the job was cancelled',
  TIMEOUT: timeLimitReached,
  DEADLINE: 'its deadline was reached',
  OUT_OF_MEMORY: 'it has used more memory than it has asked for',
  NODE_FAIL: 'its node has failed',
  PREEMPTED: 'another job has taken its place',
  BOOT_FAIL: 'its node could not be started',
  COMPLETED: 'the job has ended',
  COMPLETING: 'the job is ending',
  FAILED: 'the job has failed',
  SUSPENDED: 'the job is suspended',
  STOPPED: 'the job is stopped',
};

export interface SlurmJob {
  readonly state: string;
  /** Why it waits, such as `Resources`; undefined where that is not said. */
  readonly reason?: string;
  /** The node that its script runs on. */
  readonly node?: string;
  /** When its time limit ends, in milliseconds since 1970. */
  readonly endsAt?: number;
}

export const isWaiting = ({ state }: SlurmJob): boolean => waiting.has(state);
export const isGoing = ({ state }: SlurmJob): boolean => going.has(state);
export const isPaused = ({ state }: SlurmJob): boolean => paused.has(state);
/** Its processes are being ended; how it has ended is told after that. */
export const isEnding = ({ state }: SlurmJob): boolean => state === 'COMPLETING';
/** What the state of a job that has begun says. */
export const endOf = (job: SlurmJob): string => {
  const { state, reason } = job;
  if (isWaiting(job)) return `the job was put back into the queue${reason === undefined ? '' : ` (${reason})`}`;
  if (reason === 'TimeLimit') return timeLimitReached;
  const words = ends[state] ?? `the job is ${state}`;
  return reason === undefined ? words : `${words} (${reason})`;
};

/** The name of its job, by which it is found again: of the process, and of the lease. */
export function jobNameOf(name: string, lease: string): string {
  return `${name.replaceAll(/[^\w.-]/g, '_').slice(0, 60)}.tree-warden-${lease}`;
}

/** Options of sbatch(1) for one instance. */
export function sbatchOptions(runner: SlurmRunner, jobName: string): string[] {
  const { partition, node, gpus, cpus, memoryBytes, timeMillis, qos, account, extra = [] } = runner;
  return [
    '--parsable',
    `--job-name=${jobName}`,
    '--comment=Tree Warden',
    ...['--nodes=1', '--ntasks=1', '--no-requeue', '--input=/dev/null', '--output=/dev/null'],
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(node === undefined ? [] : [`--nodelist=${node}`]),
    ...(gpus === undefined ? [] : [`--gpus=${gpus}`]),
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(memoryBytes === undefined ? [] : [`--mem=${Math.ceil(memoryBytes / 2 ** 20)}M`]),
    ...(timeMillis === undefined ? [] : [`--time=${slurmTime(timeMillis)}`]),
    ...(qos === undefined ? [] : [`--qos=${qos}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...extra,
  ];
}

/** `minutes:seconds`, rounded up to a second. */
export function slurmTime(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The id in an answer of `sbatch --parsable`: `ID` or `ID;CLUSTER`, behind what a plugin may print. */
export function jobIdIn(answer: string): string | undefined {
  return answer.match(/^(\d+)(?:;.*)?$/m)?.[1];
}

/** For `squeue --format`: no field before the last one has a `|` in it. */
export const queueFormat = '%T|%B|%e|%r';

/** One line of squeue in {@link queueFormat}; undefined where there is none. */
export function jobIn(answer: string): SlurmJob | undefined {
  const [, state, node, end, reason] = answer.match(/^([A-Z_]+)\|([^|\n]*)\|([^|\n]*)\|([^\n]*)$/m) ?? [];
  if (state === undefined) return undefined;
  const endsAt = end === undefined ? Number.NaN : Date.parse(end);
  return {
    state,
    ...(node && node !== 'n/a' && { node }),
    ...(Number.isFinite(endsAt) && { endsAt }),
    ...(reason && reason !== 'None' && { reason }),
  };
}

/** The same of `scontrol show job --oneliner`, which knows a job for some minutes behind its end. */
export function jobInDetails(answer: string): SlurmJob | undefined {
  const field = (name: string): string | undefined => answer.match(new RegExp(`(?:^|\\s)${name}=(\\S+)`))?.[1];
  const state = field('JobState');
  const reason = field('Reason');
  const node = field('BatchHost');
  return state === undefined ? undefined : { state, ...(node && { node }), ...(reason && reason !== 'None' && { reason }) };
}

/** Where a job is among the waiting ones, in their order: lines of ids. Arrays have `ID_[…]`. */
export function aheadOf(job: string, answer: string): number | undefined {
  const ids = answer.split('\n').map((line) => line.trim());
  const at = ids.indexOf(job);
  return at < 0 ? undefined : at;
}
