import { setTimeout as sleep } from 'node:timers/promises';
import { TreeLog } from '../client/logs/treeLog.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenGoneError } from '../client/wardenGone.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import { type JobSnapshot, jobBounds, jobCountText, jobOf, type SubmitJobRequest } from '../protocol/jobs.ts';
import { normalName } from '../protocol/names.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import type { LostJobs } from '../records/jobFiles.ts';
import { readRuns } from '../records/runFiles.ts';
import { type Declared, readDeclared } from './declared.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { CliError, exitCodeOfTree, exitCodes, ownExitCodeOfRun, signalExitCode, startErrorCode } from './exitCodes.ts';
import { lostOf } from './lostJobs.ts';
import { onEndSignal } from './onEndSignal.ts';
import { StartQuestions } from './questions/startQuestions.ts';
import { complain, say } from './say.ts';
import { writeOut } from './stdout.ts';
import { recordedTrees } from './wardens.ts';
import { workingDirectory } from './workingDirectory.ts';

export interface JobOptions {
  readonly detach?: boolean;
}

/** Runs the command of a pool once with these arguments, in its turn; resolves with its exit status. */
export async function job(written: string, words: readonly string[], { detach = false }: JobOptions): Promise<number> {
  // Behind the first operand, commander leaves it as it is.
  const args = words[0] === '--' ? words.slice(1) : words;
  assertBounded(args);
  const pool = readPool(written);
  const client = await detachedWarden(pool.folder);
  try {
    const lost = lostOf(client, pool);
    const request = await pool.requestFor(client, args);
    if (lost.jobs.length > 0)
      complain(
        `${lost.jobs.length === 1 ? 'A job' : `${lost.jobs.length} jobs`} of '${pool.name}' waited when the background process was killed, and did not run: tree-warden jobs ${pool.name} lists them, with --requeue they are queued again, with --clear they are forgotten.`,
      );
    return detach ? await queueDetached(client, request) : await new AttachedJob(client).run(request);
  } catch (error) {
    throw error instanceof WardenGoneError ? refusal(error) : error;
  } finally {
    client.dispose();
  }
}

/** @throws CliError where a job cannot have so many arguments, or such long ones. */
function assertBounded(args: readonly string[]): void {
  const length = args.reduce((sum, one) => sum + one.length + 1, 0);
  if (args.length <= jobBounds.args && length <= jobBounds.argsLength) return;
  throw new CliError(
    `The job has ${args.length} arguments of ${length} characters; it can have ${jobBounds.args} of ${jobBounds.argsLength}. Use a file, or several jobs: xargs -n 100 tree-warden job …`,
    exitCodes.usage,
  );
}

export interface Pool extends Pick<Declared<ProcessSpec>, 'path' | 'folder'> {
  readonly name: string;
  /** Has the warden know what the file declares, and finds the values that the command needs. @throws CliError where that is not possible. */
  requestFor(client: WardenClient, args: readonly string[]): Promise<SubmitJobRequest>;
}

/** @throws CliError where no such pool is declared. */
export function readPool(written: string): Pool {
  const name = normalName(written);
  const { path, folder, context, all, wanted } = readDeclared('processes', ({ specs }) => specs, [name]);
  const spec = wanted.find((one) => one[0] === name)?.[1];
  if (spec?.jobs === undefined)
    throw new CliError(
      `'${name}' is not a pool of jobs: it has no "jobs" in its declaration. Add "jobs": 1 to it, or start it with: tree-warden up ${name}`,
      exitCodes.usage,
    );
  const requestFor = async (client: WardenClient, args: readonly string[]): Promise<SubmitJobRequest> => {
    // All of the file: what is declared of it for this warden takes the place of what was declared before.
    const detached = all.filter(([, { lifetime }]) => lifetime === 'detached');
    const processes = await Promise.all(detached.map(([one, other]) => declarationOf(one, other, context)));
    const own = processes.filter((one) => one.name === name);
    for (const one of own) if ('problem' in one) throw new CliError(`'${name}' cannot run: ${one.problem}`, exitCodes.usage);
    await client.names.declare({ origin: path, processes });
    const values = (await new StartQuestions(new Map(all)).valuesFor(own))[name];
    return {
      ...{ pool: name, args, env: ownEnvironment(), lastNumber: lastNumberOf({ origin: path, name }, lostOf(client, { path, name })) },
      // As for any command that is typed: its arguments may be paths.
      ...(spec.cwd === undefined && { cwd: workingDirectory(exitCodes.cannotStart) }),
      ...(values && { values }),
    };
  };
  return { path, folder, name, requestFor };
}

/** Of the jobs whose runs are on record, and of those that were lost before they ran. */
function lastNumberOf(key: { readonly origin: string; readonly name: string }, lost: LostJobs): number {
  const numbers = [...readRuns(key).runs.map(({ name }) => jobOf(name)?.number ?? 0), ...lost.jobs.map(({ number }) => number)];
  return numbers.reduce((most, one) => Math.max(most, one), 0);
}

/** @throws CliError where the job is refused. */
export async function submit(client: WardenClient, request: SubmitJobRequest): Promise<JobSnapshot> {
  try {
    return await client.jobs.submit(request);
  } catch (error) {
    throw refusal(error);
  }
}

/** With the exit status that says why the job was refused. */
export function refusal(error: unknown): CliError {
  if (error instanceof WardenGoneError)
    return new CliError('The background process was killed; the job did not run, or is ended.', exitCodes.wardenFailed);
  return new CliError(errorText(error), reasonOf(error) === 'queueFull' ? exitCodes.queueFull : startErrorCode(error));
}

/** Prints its name when it is in the queue. */
async function queueDetached(client: WardenClient, request: SubmitJobRequest): Promise<number> {
  const { name, pool } = await submit(client, { ...request, detached: true });
  const { end } = await client.jobs.follow(name, 'queued').catch((error: unknown): never => {
    if (!(error instanceof WardenGoneError)) throw error;
    throw new CliError(
      `The background process was killed: tree-warden jobs ${pool} says what has become of ${name}.`,
      exitCodes.wardenFailed,
    );
  });
  // Its result is told by the list.
  if (end && 'cancelled' in end) throw new CliError(`${name} was cancelled: ${end.cancelled}.`);
  say(name);
  return exitCodes.ok;
}

/** How long the reaper may take to end a job whose warden was killed, and how often it is looked, in milliseconds. */
const reapMillis = 15_000;
const lookMillis = 50;

/** A job that this command waits for, and that ends with it. */
class AttachedJob {
  readonly #client: WardenClient;
  #received: NodeJS.Signals | undefined;
  #name: string | undefined;

  constructor(client: WardenClient) {
    this.#client = client;
  }

  async run(request: SubmitJobRequest): Promise<number> {
    using _ = onEndSignal((signal) => this.#onSignal(signal));
    const submitted = await submit(this.#client, request);
    const { name, ahead, state } = submitted;
    this.#name = name;
    const ended = this.#client.jobs.follow(name, 'ended');
    ended.catch(() => undefined);
    let tree: JobSnapshot['tree'];
    try {
      if (this.#received) this.#cancel(false);
      else if (state === 'waiting' || state === 'queued') await this.#sayPlace(submitted, ahead ?? 0);
      ({ tree } = await this.#client.jobs.follow(name, 'started'));
      if (tree) await this.#print(tree);
      return this.#statusOf(await ended);
    } catch (error) {
      if (!(error instanceof WardenGoneError)) throw new CliError(`${name}: ${errorText(error)}`, exitCodes.wardenFailed);
      throw new CliError(`The background process was killed: ${await this.#endLeft(name, tree)}.`, exitCodes.wardenFailed);
    }
  }

  /** Its tree is on record as one that ends with its warden, so that the reaper ends it. What has come of it, as a clause. */
  async #endLeft(name: string, tree: JobSnapshot['tree']): Promise<string> {
    if (tree === undefined) return `${name} did not run, or is ended`;
    const until = performance.now() + reapMillis;
    while (recordedTrees().some((one) => one.tree === tree)) {
      if (performance.now() > until) return `${name} is still being ended; tree-warden ps lists it`;
      await sleep(lookMillis);
    }
    return `${name} was ended`;
  }

  async #sayPlace({ name, pool, state }: JobSnapshot, ahead: number): Promise<void> {
    const jobs = (await this.#client.names.list()).find((one) => one.name === pool)?.jobs;
    const place = state === 'waiting' ? 'waits for a place in the queue' : 'is queued';
    const before = ahead === 0 ? 'it is the next one' : `${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} before it`;
    complain(`${name} ${place}; ${before}${jobs ? ` (${jobCountText(jobs)})` : ''}.`);
  }

  async #print(tree: NonNullable<JobSnapshot['tree']>): Promise<void> {
    const log = new TreeLog(this.#client, tree, complain);
    for await (const { data } of log.pieces(true)) await writeOut(data);
  }

  #onSignal(signal: NodeJS.Signals): void {
    const isAgain = this.#received !== undefined;
    this.#received ??= signal;
    this.#cancel(isAgain);
  }

  #cancel(now: boolean): void {
    if (this.#name === undefined) return;
    const reason = asReason(localizable('received', 'tree-warden', this.#received ?? 'SIGTERM'));
    void this.#client.jobs.cancel({ job: this.#name, now, ...reason }).catch(() => undefined);
  }

  #statusOf({ name, end }: JobSnapshot): number {
    if (end === undefined) return exitCodes.wardenFailed;
    if ('tree' in end) {
      const { state, reason, limit, exit } = end.tree;
      if (state === 'unkillable') complain(`${name}: ${reason}`);
      else if (limit !== undefined) complain(`${name} was ended: ${limit}.`);
      else if (this.#received === undefined && end.tree.stopped && exit) complain(`${name} was stopped: ${reason}.`);
      return this.#received ? signalExitCode(this.#received) : exitCodeOfTree(end.tree);
    }
    if ('failure' in end) {
      const { message, messageData } = end.failure;
      complain(message);
      return ownExitCodeOfRun({ failure: messageData && { messageData } });
    }
    if (this.#received) return signalExitCode(this.#received);
    complain(`${name} was cancelled before it was started: ${end.cancelled}.`);
    return exitCodes.failed;
  }
}
