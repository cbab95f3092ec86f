import { isOfWindow } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import { type JobSnapshot, jobCountText, jobOf, type SubmitJobRequest } from '../protocol/jobs.ts';
import { normalName } from '../protocol/names.ts';
import { maxRuns } from '../protocol/runs.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { forgetLost, type WaitingJob } from '../records/jobFiles.ts';
import { readRuns } from '../records/runFiles.ts';
import { countOf } from './counts.ts';
import { readFile } from './declared.ts';
import { detachedWarden, windowKeyOf } from './detached.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { readPool, refusal } from './job.ts';
import { cancelText, jobTable, listedJobs, newestJobs, ofLost, ofSnapshot } from './jobList.ts';
import { lostOf } from './lostJobs.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { recordedTrees } from './wardens.ts';

export interface JobsOptions {
  readonly cancel?: readonly string[];
  readonly clear?: boolean;
  readonly requeue?: boolean;
  readonly now?: boolean;
  readonly number: string;
  readonly json?: boolean;
}

/** Lists the jobs of the pools of this folder, those that have ended among them; or cancels some, or queues lost ones again. */
export async function jobs(written: string | undefined, options: JobsOptions): Promise<number> {
  const { cancel = [], clear = false, requeue = false, now = false } = options;
  if ([cancel.length > 0, clear, requeue].filter(Boolean).length > 1)
    throw new CliError('Say --cancel, --clear or --requeue: one of the three.', exitCodes.usage);
  if (now && cancel.length === 0) throw new CliError('--now belongs to --cancel.', exitCodes.usage);
  if (cancel.length > 0) return await cancelJobs(cancel, options);
  if (clear) return await clearPool(named(written, '--clear'), options);
  if (requeue) return await requeueLost(named(written, '--requeue'), options);
  return await list(written, options);
}

function named(written: string | undefined, option: string): string {
  if (written === undefined) throw new CliError(`${option} needs the name of the pool.`, exitCodes.usage);
  return written;
}

/** The warden of the jobs of this folder; undefined where none runs. */
async function wardenOf(folder: string, registry: WardenRegistry): Promise<WardenClient | undefined> {
  const { wardens, unreachable } = await registry.connect(isOfWindow(windowKeyOf(folder), 'detached'));
  const [first] = unreachable;
  if (first)
    throw new CliError(`The warden of the jobs (pid ${first.pid}) does not answer: ${errorText(first.error)}.`, exitCodes.wardenFailed);
  return wardens[0]?.client;
}

async function cancelJobs(written: readonly string[], { now = false, json = false }: JobsOptions): Promise<number> {
  const names = [...new Set(written.map(normalName))];
  const wrong = names.find((name) => jobOf(name) === undefined);
  if (wrong !== undefined) throw new CliError(`'${wrong}' is not the name of a job, such as 'build+7'.`, exitCodes.usage);
  using registry = new WardenRegistry('tree-warden jobs');
  const client = await wardenOf(readFile().folder, registry);
  if (client === undefined) throw new CliError('No jobs run or wait in this folder.');
  const reason = asReason(localizable('cancelledBy', 'tree-warden jobs --cancel'));
  const before = new Map((await client.jobs.list()).map((one) => [one.name, one]));
  const settled = await Promise.allSettled(names.map((job) => client.jobs.cancel({ job, now, ...reason })));
  const cancelled: JobSnapshot[] = [];
  let isComplete = true;
  for (const [index, one] of settled.entries()) {
    const name = names[index] ?? '';
    if (one.status === 'fulfilled' && before.get(name)?.state !== 'ended') cancelled.push(one.value);
    else {
      isComplete = false;
      complain(one.status === 'rejected' ? errorText(one.reason) : `${name} has ended already.`);
    }
  }
  if (json) sayJson(cancelled.map(ofSnapshot), 2);
  else sayAll(cancelled.map((one) => `${one.name}: ${cancelText(one)}`));
  return isComplete && cancelled.every(({ end }) => end !== undefined) ? exitCodes.ok : exitCodes.failed;
}

/** What waits in the queue, and what waited when its warden was killed. */
async function clearPool(written: string, { json = false }: JobsOptions): Promise<number> {
  const pool = readPool(written);
  using registry = new WardenRegistry('tree-warden jobs');
  const client = await wardenOf(pool.folder, registry);
  const lost = lostOf(client, pool);
  const isKnown = client !== undefined && (await client.names.list()).some(({ name }) => name === pool.name);
  const reason = asReason(localizable('cancelledBy', 'tree-warden jobs --clear'));
  const cleared = isKnown ? await client.jobs.clear({ pool: pool.name, ...reason }) : [];
  await forgetLost({ origin: pool.path, name: pool.name }, lost);
  for (const problem of lost.problems) complain(problem);
  if (json) sayJson({ cancelled: cleared.map(ofSnapshot), forgotten: lost.jobs.map((one) => ofLost(pool.name, one)) }, 2);
  else {
    const forgotten = `${pool.name}: ${counted(lost.jobs.length)} forgotten, which waited when the background process was killed`;
    sayAll([
      `${pool.name}: ${cleared.length === 0 ? 'no jobs were waiting' : `${counted(cleared.length)} cancelled`}`,
      ...(lost.jobs.length > 0 ? [forgotten] : []),
    ]);
  }
  return lost.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

/** With the environment of now. */
async function requeueLost(written: string, { json = false }: JobsOptions): Promise<number> {
  const pool = readPool(written);
  const client = await detachedWarden(pool.folder);
  try {
    const lost = lostOf(client, pool);
    for (const problem of lost.problems) complain(problem);
    const { cwd: _here, ...request } = await pool.requestFor(client, []);
    const queued: JobSnapshot[] = [];
    const left = [...lost.jobs];
    try {
      for (let job = left[0]; job; left.shift(), job = left[0]) {
        const again = await requeue(client, request, job);
        if (again) queued.push(again);
      }
    } finally {
      // What is refused, because the queue is full, can be queued again later.
      await forgetLost({ origin: pool.path, name: pool.name }, lost, left);
    }
    if (json) sayJson(queued.map(ofSnapshot), 2);
    else sayAll(queued.length === 0 ? [`${pool.name}: no jobs were lost`] : queued.map(({ name }) => name));
    return lost.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
  } finally {
    client.dispose();
  }
}

/** Undefined where another command has done that: one may run at the same time, or have been killed before it could say so on the disk. */
async function requeue(
  client: WardenClient,
  request: SubmitJobRequest,
  { number, queuedAt, args, cwd }: WaitingJob,
): Promise<JobSnapshot | undefined> {
  try {
    const again = { ...request, args, detached: true, lost: `${number} ${queuedAt}`, ...(cwd !== undefined && { cwd }) } as const;
    const { name } = await client.jobs.submit(again);
    return await client.jobs.follow(name, 'queued');
  } catch (error) {
    if (reasonOf(error) === 'alreadyQueued') return undefined;
    throw refusal(error);
  }
}

function stateText(counts: Parameters<typeof jobCountText>[0]): string {
  return counts.running + counts.queued + counts.waiting === 0 ? 'nothing runs or waits' : jobCountText(counts);
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'job' : 'jobs'}`;
}

async function list(written: string | undefined, { number, json = false }: JobsOptions): Promise<number> {
  const most = countOf('--number', number, 0, maxRuns);
  const { path, folder, parsed } = readFile();
  const declared = [...parsed.specs].flatMap(([name, { jobs: settings }]) => (settings ? { name, settings } : []));
  const meant = written === undefined ? declared : declared.filter(({ name }) => name === readPool(written).name);
  if (meant.length === 0) throw new CliError(`${path} declares no pool of jobs: a process is one with "jobs": 1 in it.`, exitCodes.usage);
  using registry = new WardenRegistry('tree-warden jobs');
  const client = await wardenOf(folder, registry);
  const known = (await client?.jobs.list()) ?? [];
  const statuses = (await client?.names.list()) ?? [];
  // Before and behind the runs: one may begin or end while they are read, and is not lost.
  const before = recordedTrees();
  const recorded = meant.map((one) => ({ ...one, ...readRuns({ origin: path, name: one.name }) }));
  const living = new Set([...before, ...recordedTrees()].map(({ tree }): string => tree));
  const pools = recorded.map(({ name, settings, runs, problems }) => {
    const lost = lostOf(client, { path, name });
    for (const problem of [...lost.problems, ...problems]) complain(problem);
    const all = listedJobs(name, { known: known.filter(({ pool }) => pool === name), lost: lost.jobs, runs, living });
    // What a killed warden ran goes on, also before the next one is told of its pool.
    const running = all.filter(({ state }) => state === 'running').length;
    const counts = statuses.find((one) => one.name === name)?.jobs ?? { ...settings, running, queued: 0, waiting: 0 };
    return { name, counts, lost: lost.jobs.length, jobs: newestJobs(all, most) };
  });
  if (json)
    sayJson(
      pools.map(({ name, counts, lost, jobs: listed }) => ({ name, ...counts, lost, jobs: listed })),
      2,
    );
  else {
    const listed = pools.flatMap((one) => one.jobs);
    const nowAt = Date.now();
    const note = (lost: number): string => `; ${counted(lost)} lost: --requeue queues them again, --clear forgets them`;
    sayAll([
      ...(listed.length > 0 ? [...jobTable(listed, nowAt), ''] : []),
      ...pools.map(({ name, counts, lost }) => `${name}: ${stateText(counts)}${lost > 0 ? note(lost) : ''}`),
    ]);
  }
  return exitCodes.ok;
}
