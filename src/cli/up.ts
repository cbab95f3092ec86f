import type { ProcessSpec } from '../config/processSchema.ts';
import { errorText } from '../protocol/errors.ts';
import { normalName } from '../protocol/names.ts';
import { readFile } from './declared.ts';
import { CliError, exitCodeOfRun, exitCodes, ownExitCodeOfRun, signalExitCode } from './exitCodes.ts';
import { InstanceRuns } from './instanceRuns.ts';
import { serveModels } from './neededModels.ts';
import { StartQuestions } from './questions/startQuestions.ts';
import { complain } from './say.ts';
import { CliSession } from './session.ts';
import { startDetached } from './startDetached.ts';
import { stdoutFailure } from './stdout.ts';
import { UpFollower } from './upFollower.ts';
import { planOf, selectionOf } from './upPlan.ts';

export interface ForegroundOptions {
  /** The process whose end ends all others, and whose status is the answer. */
  readonly until?: string;
  /** Active profiles, beside those of the environment. */
  readonly profile?: readonly string[];
  /** Whether the files are read again when they change; true by default. */
  readonly follow?: boolean;
  /** Whether what has changed in them is restarted, and what is gone from them is stopped. */
  readonly applyChanges?: boolean;
}

/**
 * Starts what processes.json declares, all of it or the named ones and what they depend on, with prefixed output. Resolves with the first status that is
 * not 0 when all have ended; with `until`, with the status of that one when it has ended, and the others have been ended.
 */
export async function up(written: readonly string[], options: ForegroundOptions = {}): Promise<number> {
  const { profile = [], follow = true, applyChanges = false } = options;
  const until = options.until === undefined ? undefined : normalName(options.until);
  const selection = selectionOf(until === undefined ? written : [...written, until], profile);
  // Everything is checked, and asked, before anything is started.
  const plan = await planOf(selection, readFile());
  const { declared, managed, detached, models } = plan;
  if (until !== undefined) assertEnds(until, new Map(declared.wanted).get(until));
  const questions = new StartQuestions(new Map(declared.all));
  const values = await questions.valuesFor(managed);
  if (detached.length > 0) await startDetached(detached, declared, questions);
  if (managed.length === 0) return exitCodes.ok;
  const session = await CliSession.start('tree-warden up');
  session.stopOnSignals();
  const failure = stdoutFailure('The reader of the output has gone, so the processes were ended.');
  const running = serveModels(session.warden.client, [...models], declared.gateway)
    .then(() => InstanceRuns.start(session, declared.path, managed, { until, values }))
    .then(async (runs) => {
      using _ = follow ? new UpFollower({ session, runs, plan, selection, applies: applyChanges }) : undefined;
      return await endOfRuns(session, runs, until);
    });
  const status = await Promise.race([running, failure]).catch(async (error: unknown) => {
    await session.close(errorText(error));
    throw error;
  });
  await session.close('all commands have ended');
  if (until === undefined) return status;
  for (const { name, reason } of session.unkillable) complain(`${name}: ${reason}`);
  // What was interrupted is no success, whatever its processes make of it.
  if (session.received) return signalExitCode(session.received);
  return status === exitCodes.ok && session.unkillable.length > 0 ? exitCodes.failed : status;
}

/** @throws CliError where there would be no end to wait for. */
function assertEnds(name: string, spec: ProcessSpec | undefined): void {
  if (spec?.schedule !== undefined)
    throw new CliError(
      `--until: '${name}' has a schedule, so it runs again and again. Start it by itself with up, or wait for its next run with tree-warden wait.`,
      exitCodes.usage,
    );
  const restart = typeof spec?.restart === 'object' ? spec.restart.when : spec?.restart;
  if (restart === 'always') throw new CliError(`--until: '${name}' never ends for good: it has "restart": "always".`, exitCodes.usage);
  if (spec?.lifetime === 'detached')
    throw new CliError(
      `--until: '${name}' has "lifetime": "detached", so it does not end with this command. Start it with up --detach, and wait for it with tree-warden wait.`,
      exitCodes.usage,
    );
}

async function endOfRuns(session: CliSession, runs: InstanceRuns, until: string | undefined): Promise<number> {
  if (until === undefined) return firstFailure((await runs.ended()).map(exitCodeOfRun));
  // What else ends is told by its output; it is for this one to say what follows from it.
  const ends = await runs.endsOf(until);
  // Ends the others in the reverse order of their dependencies, and prints the last that they have to say.
  await Promise.all([session.close(`'${until}' has ended`), runs.ended().catch(() => undefined)]);
  return firstFailure(ends.map(ownExitCodeOfRun));
}

function firstFailure(codes: readonly number[]): number {
  return codes.find((code) => code !== exitCodes.ok) ?? exitCodes.ok;
}
