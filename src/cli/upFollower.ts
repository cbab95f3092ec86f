/** `up` reads its files again when they change. */
import { isDeepStrictEqual } from 'node:util';
import { endNames } from '../client/endNames.ts';
import { failureSentences, failureText } from '../client/nameVerbs.ts';
import { withNeededValues } from '../client/neededValues.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { hasProcessesFile } from '../config/readProcesses.ts';
import type { NameAnswer, NameStatus } from '../protocol/declare.ts';
import { RestartBudget } from '../protocol/restartBudget.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { ChangedFiles } from './changedFiles.ts';
import { assertValid, filesOf, notDeclared, readProcessesFile } from './declared.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { changeLines } from './followedChanges.ts';
import type { InstanceRuns } from './instanceRuns.ts';
import { serveModels } from './neededModels.ts';
import { StartQuestions } from './questions/startQuestions.ts';
import { complain } from './say.ts';
import type { CliSession } from './session.ts';
import { startDetached } from './startDetached.ts';
import { planOf, type UpPlan, type UpSelection } from './upPlan.ts';

export interface FollowedUp {
  readonly session: CliSession;
  readonly runs: InstanceRuns;
  /** What was started. */
  readonly plan: UpPlan;
  readonly selection: UpSelection;
  /** Whether what has changed is restarted, and what is not declared any more is stopped. */
  readonly applies: boolean;
}

const byFollower = 'tree-warden up --apply-changes';

/** More often than a person saves: a process that changes the files at each of its starts is not restarted for ever. */
const applyBudget = { starts: 20, withinMillis: 60_000 } as const;

/** Declares what the files say by now, and starts what is new in them. A file with a mistake changes nothing. */
export class UpFollower implements Disposable {
  readonly #up: FollowedUp;
  readonly #watch: ChangedFiles;
  #plan: UpPlan;
  #files: ReadonlySet<string>;
  /** What is wrong with the files, as it was told last. */
  #problem: string | undefined;
  #isDisposed = false;
  readonly #budget = new RestartBudget(applyBudget);

  constructor(up: FollowedUp) {
    this.#up = up;
    this.#plan = up.plan;
    this.#files = up.plan.declared.files;
    this.#watch = new ChangedFiles(
      () => this.#files,
      () => this.#readAgain(),
    );
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#watch[Symbol.dispose]();
  }

  async #readAgain(): Promise<void> {
    try {
      const next = await this.#read();
      const isMended = this.#problem !== undefined;
      this.#problem = undefined;
      if (!(await this.#take(next)) && isMended) complain('The files can be read again, and declare what they did before.');
    } catch (error) {
      if (this.#isDisposed) return;
      const [sentence, ...others] = error instanceof CliError ? error.lines : [failureText(error)];
      const problem = [sentence, ...others].join('\n');
      if (problem === this.#problem) return;
      this.#problem = problem;
      complain('The files have changed, and what they declared before still counts:', sentence, ...others);
    }
  }

  /** @throws CliError where something is wrong with what the files say. */
  async #read(): Promise<UpPlan> {
    const { path, folder } = this.#plan.declared;
    if (!hasProcessesFile(folder)) throw new CliError(`${path} is gone.`, exitCodes.usage);
    const file = { path, folder, parsed: readProcessesFile(path, folder) };
    // What a mistake is in has to be looked at as well, and so has what was read before.
    this.#files = new Set([...this.#files, ...filesOf(file)]);
    assertValid(file);
    const { names, profile } = this.#up.selection;
    const left = names.filter((name) => file.parsed.specs.has(name));
    if (names.length > 0 && left.length === 0) throw notDeclared(path, names, file.parsed.specs);
    const plan = await planOf({ names: left, profile }, file, this.#plan);
    this.#files = plan.declared.files;
    return plan;
  }

  /** Whether anything is another thing than before. */
  async #take(next: UpPlan): Promise<boolean> {
    const before = this.#plan;
    if (this.#isDisposed) return true;
    this.#plan = next;
    const { session } = this.#up;
    const gateway = next.declared.gateway;
    if (!isDeepStrictEqual([next.models, gateway], [before.models, before.declared.gateway]))
      await serveModels(session.warden.client, [...next.models], gateway);
    const questions = new StartQuestions(new Map(next.declared.all), { canAsk: false });
    await this.#takeDetached(before, next, questions);
    if (isDeepStrictEqual(next.managed, before.managed)) return false;
    const applies = this.#mayApply();
    const removed = before.managed.flatMap(({ name }) => (next.managed.some((one) => one.name === name) ? [] : [name]));
    const alive = new Set((await session.names()).flatMap((status) => (isActive(status) ? [status.name] : [])));
    // While it is known what depends on what.
    if (applies) await this.#stop(removed.filter((name) => alive.has(name)));
    const statuses = await this.#up.runs.declare(next.managed);
    const isOutdated = (name: string): boolean => statuses.some((one) => one.name === name && one.running.some(({ changed }) => changed));
    const known = new Map(before.managed.map((one) => [one.name, one]));
    const changed = next.managed.flatMap((one) => {
      const old = known.get(one.name);
      return old === undefined || isDeepStrictEqual(old, one) ? [] : [one.name];
    });
    const isNew = (name: string): boolean => !known.has(name) && next.declared.asked.includes(name);
    const added = next.managed.filter(({ name }) => isNew(name) && !alive.has(name));
    const lines = changeLines({
      path: next.declared.path,
      added: next.managed.flatMap(({ name }) => (known.has(name) ? [] : [name])),
      outdated: changed.filter(isOutdated),
      changed: changed.filter((name) => !isOutdated(name)),
      goesOn: removed.filter((name) => alive.has(name)),
      gone: removed.filter((name) => !alive.has(name)),
      applies,
    });
    complain(...lines);
    for (const one of added) await this.#start(one.name, questions, next);
    if (applies) await this.#act(changed.filter(isOutdated), (name) => this.#restart(name, questions));
    return true;
  }

  #mayApply(): boolean {
    if (!this.#up.applies) return false;
    const isAllowed = this.#budget.take();
    if (!isAllowed)
      complain(`The files have changed more than ${applyBudget.starts} times in a minute: nothing is restarted or stopped for that now.`);
    return isAllowed;
  }

  /** They are another warden's. */
  async #takeDetached(before: UpPlan, next: UpPlan, questions: StartQuestions): Promise<void> {
    const specsOf = ({ declared }: UpPlan): (readonly [string, ProcessSpec])[] =>
      declared.all.filter(([, { lifetime }]) => lifetime === 'detached');
    const added = next.detached.filter((name) => !before.detached.includes(name) && next.declared.asked.includes(name));
    const isUsed = added.length > 0 || before.detached.length > 0;
    if (isUsed && !isDeepStrictEqual(specsOf(next), specsOf(before))) await startDetached(added, next.declared, questions);
  }

  /** One that cannot be started, because something is needed that is not known, leaves the others alone. */
  async #start(name: string, questions: StartQuestions, { managed }: UpPlan): Promise<void> {
    const declarations = managed.filter((one) => one.name === name);
    try {
      this.#up.runs.start(declarations, await questions.valuesFor(declarations));
    } catch (error) {
      complain(failureText(error));
    }
  }

  #restart(name: string, questions: StartQuestions): Promise<NameAnswer> {
    const { names } = this.#up.session.warden.client;
    const reason = asReason(localizable('restartedBy', byFollower));
    return withNeededValues(
      (values) => names.restart({ name, ...reason, ...(values && { values }) }),
      (needed) => questions.answer(needed),
    );
  }

  /** What depends on others before those. */
  async #stop(names: readonly string[]): Promise<void> {
    const reason = asReason(localizable('stoppedBy', byFollower));
    const { failures } = await endNames(this.#up.session.warden.client, names, { now: false, ...reason });
    for (const { name, message } of failures) complain(`${name}: ${message}`);
  }

  async #act(names: readonly string[], act: (name: string) => Promise<NameAnswer>): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        try {
          for (const sentence of failureSentences(await act(name))) complain(sentence);
        } catch (error) {
          if (!this.#isDisposed) complain(`${name}: ${failureText(error)}`);
        }
      }),
    );
  }
}

/** Whether any of it runs, or is to. */
function isActive({ desired, running, schedule }: NameStatus): boolean {
  return desired.length > 0 || running.length > 0 || schedule?.isArmed === true;
}
