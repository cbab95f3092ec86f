import type { NameStatus } from '../protocol/declare.ts';
import { jobOf } from '../protocol/jobs.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { namesOf, type Wardens } from './wardens.ts';

/** What a stop has taken out of queues. */
export interface CancelledJobs {
  /** What has come of it, as lines. */
  readonly lines: readonly string[];
  /** The names, of those that were asked for, of which nothing runs. */
  readonly done: ReadonlySet<string>;
}

/** `12 queued jobs cancelled`. */
export function cancelledText(count: number): string {
  return `${count} queued ${count === 1 ? 'job' : 'jobs'} cancelled`;
}

/** Number of jobs of a pool that have not been started. */
export function waitingJobsOf({ jobs }: NameStatus): number {
  return jobs ? jobs.queued + jobs.waiting : 0;
}

/** Takes the jobs that wait out of the queues of these pools, and these jobs; of all pools where none is named. What runs is ended by its tree. */
export async function cancelWaiting(wardens: Wardens, names: readonly string[] | undefined, by: string): Promise<CancelledJobs> {
  const reason = asReason(localizable('stoppedBy', by));
  const lines: string[] = [];
  const done = new Set<string>();
  await wardens.ofAll(async (warden) => {
    // One that cannot say what it knows is told of where its trees are asked for.
    for (const status of await namesOf(warden).catch(() => [])) {
      const { name: pool, jobs } = status;
      if (jobs === undefined) continue;
      if ((names?.includes(pool) ?? true) && waitingJobsOf(status) > 0) {
        const cancelled = await warden.jobs.clear({ pool, ...reason });
        lines.push(`${pool}: ${cancelledText(cancelled.length)}`);
        if (jobs.running === 0) done.add(pool);
      }
      const listed = names?.some((name) => jobOf(name)?.pool === pool) ? await warden.jobs.list(pool) : [];
      for (const { name, state } of listed)
        if (names?.includes(name) && (state === 'queued' || state === 'waiting')) {
          await warden.jobs.cancel({ job: name, now: false, ...reason });
          lines.push(`${name}: cancelled before it was started`);
          done.add(name);
        }
    }
    return [];
  });
  return { lines, done };
}
