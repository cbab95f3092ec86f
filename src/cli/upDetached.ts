import { Changes } from '../client/changes.ts';
import { endNames } from '../client/endNames.ts';
import { failureText } from '../client/nameVerbs.ts';
import { type Progress, progressOf } from '../client/progress.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenFeed } from '../client/wardenFeed.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessDeclaration } from '../protocol/declare.ts';
import type { Lifetime } from '../protocol/identity.ts';
import { modelOfDependency } from '../protocol/names.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { GivenValues } from '../protocol/startVariables.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { lastRunAt } from '../records/runFiles.ts';
import { assertNoJobs, readDeclared } from './declared.ts';
import { backgroundOrigin, detachedWarden, ownEnvironment } from './detached.ts';
import { timeoutOf } from './durations.ts';
import { CliError, exitCodes, signalExitCode } from './exitCodes.ts';
import { onEndSignal } from './onEndSignal.ts';
import { profileFilter } from './profiles.ts';
import { asJson } from './progressJson.ts';
import { StartQuestions } from './questions/startQuestions.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { withDependencies } from './startOrder.ts';
import { table } from './table.ts';

export interface UpDetachedOptions {
  /** A duration; `0s`: as long as it takes. */
  readonly timeout: string;
  readonly profile?: readonly string[];
  readonly json?: boolean;
}

/**
 * Starts what processes.json declares, all of it or the named ones and what they depend on, under the warden of this folder's detached processes. Resolves
 * when each is ready, has succeeded, or will do neither.
 */
export async function upDetached(written: readonly string[], { timeout, profile = [], json = false }: UpDetachedOptions): Promise<number> {
  const timeoutMillis = timeoutOf(timeout);
  const { path, folder, context, all, wanted } = readDeclared(
    'processes',
    ({ specs }) => specs,
    written,
    withDependencies,
    profileFilter(profile),
  );
  assertNoJobs(wanted);
  const declared = async (lifetime: Lifetime): Promise<readonly ProcessDeclaration[]> =>
    await Promise.all(
      all.flatMap(([name, spec]) => ((spec.lifetime ?? 'managed') === lifetime ? [declarationOf(name, spec, context)] : [])),
    );
  const [managed, detached] = await Promise.all([declared('managed'), declared('detached')]);
  for (const one of [...managed, ...detached])
    if ('problem' in one && wanted.some(([name]) => name === one.name))
      throw new CliError(`'${one.name}' cannot be started: ${one.problem}`, exitCodes.usage);
  for (const [name, { dependsOn = [] }] of wanted) {
    const model = dependsOn.map((one) => modelOfDependency(one.name)).find((one) => one !== undefined);
    if (model !== undefined)
      throw new CliError(
        `'${name}' cannot be started in the background: it depends on the model '${model}', which ends with the window or the command that serves it. Use up without --detach.`,
        exitCodes.usage,
      );
  }
  const client = await detachedWarden(folder);
  try {
    const changes = new Changes();
    const feed = await WardenFeed.open(client, changes.notify);
    const before = new Set(feed.names.flatMap(({ name, desired, schedule }) => (desired.length > 0 || schedule?.isArmed ? name : [])));
    const starting = [...managed, ...detached].filter(({ name }) => wanted.some((one) => one[0] === name) && !before.has(name));
    const values = await new StartQuestions(new Map(all)).valuesFor(starting);
    if (detached.length > 0) await client.names.declare({ origin: path, processes: detached });
    await client.names.declare({ origin: backgroundOrigin(path), file: path, processes: managed });
    const lastRuns = wanted.flatMap(([name, { schedule }]) => {
      const at = schedule?.catchUp && lastRunAt({ origin: path, name });
      return at === undefined ? [] : [[name, at] as const];
    });
    const names = wanted.map(([name]) => name);
    const start = new DetachedStart(names, { feed, changes, values, lastRuns: new Map(lastRuns) });
    return await followStart(start, { before, timeoutMillis, json });
  } finally {
    client.dispose();
  }
}

interface StartContext {
  /** Names of what ran already. */
  readonly before: ReadonlySet<string>;
  readonly timeoutMillis: number;
  readonly json: boolean;
}

async function followStart(start: DetachedStart, { before, timeoutMillis, json }: StartContext): Promise<number> {
  const { changes } = start;
  let received: NodeJS.Signals | undefined;
  using _ = onEndSignal((signal) => {
    // What has been started goes on, and belongs to its warden.
    if (received) process.exit(signalExitCode(signal));
    received = signal;
    changes.notify();
  });
  start.begin();
  const result = await changes.until(() => (received || start.isLost || start.isSettled ? true : undefined), timeoutMillis);
  if (received) {
    complain(`It was interrupted by ${received}; what it has started is ended.`);
    const names = start.names.filter((name) => !before.has(name));
    const reason = asReason(localizable('stoppedBy', 'tree-warden up --detach'));
    const { failures } = await endNames(start.client, names, { now: false, ...reason });
    for (const { name, message } of failures) complain(`${name}: ${message}`);
    return signalExitCode(received);
  }
  if (start.isLost) throw new CliError('The warden of the detached processes was killed while they were started.', exitCodes.wardenFailed);
  await report(start, before, json);
  if (start.failed.length > 0) return exitCodes.failed;
  if (result) return exitCodes.ok;
  complain(`The time is over, and not all of it is ready. What runs goes on; tree-warden down ends it.`);
  return exitCodes.timedOut;
}

interface DetachedStartParts {
  readonly feed: WardenFeed;
  readonly changes: Changes;
  /** What the starts need to be told. */
  readonly values: GivenValues;
  /** When the last run of those began that make up for missed times, in milliseconds since 1970. */
  readonly lastRuns: ReadonlyMap<string, number>;
}

/** The starts of several names, and what has come of them. */
class DetachedStart {
  readonly names: readonly string[];
  readonly changes: Changes;
  readonly #feed: WardenFeed;
  readonly #values: GivenValues;
  /** Names whose start was answered: what is known of the others may be of an earlier time. */
  readonly #answered = new Set<string>();
  /** Why a name was not started, as sentences. */
  readonly #refusals = new Map<string, string>();
  readonly #lastRuns: ReadonlyMap<string, number>;

  constructor(names: readonly string[], { feed, changes, values, lastRuns }: DetachedStartParts) {
    this.#values = values;
    this.names = names;
    this.#feed = feed;
    this.changes = changes;
    this.#lastRuns = lastRuns;
  }

  get client(): WardenClient {
    return this.#feed.client;
  }

  get isLost(): boolean {
    return this.#feed.isClosed;
  }

  /** In the order in which they are sent: what is needed is asked for before what needs it. */
  begin(): void {
    for (const name of this.names) void this.#start(name);
  }

  get progress(): Progress[] {
    return this.names.flatMap((name) => {
      const refusal = this.#refusals.get(name);
      if (refusal !== undefined) return [{ label: name, verdict: 'failed', state: 'not started', reason: refusal } as const];
      const status = this.#feed.names.find((one) => one.name === name);
      const progress = progressOf('up', name, status, this.#feed.trees);
      return this.#answered.has(name) ? progress : progress.map((one) => ({ ...one, verdict: 'pending' as const }));
    });
  }

  get isSettled(): boolean {
    return this.progress.every(({ verdict }) => verdict !== 'pending');
  }

  get failed(): Progress[] {
    return this.progress.filter(({ verdict }) => verdict === 'failed');
  }

  /** Whether it runs with an older declaration. */
  isOutdated(progress: Progress): boolean {
    return this.#feed.names.some(({ running }) => running.some(({ tree, changed }) => tree === progress.tree?.id && changed));
  }

  async #start(name: string): Promise<void> {
    try {
      const last = this.#lastRuns.get(name);
      const { trees } = await this.client.names.start({
        ...{ name, env: ownEnvironment(), schedule: 'arm', values: this.#values },
        ...(last !== undefined && { lastRunAt: last }),
      });
      this.#feed.learn(trees);
    } catch (error) {
      this.#refusals.set(name, failureText(error));
    }
    this.#answered.add(name);
    this.changes.notify();
  }
}

const header = ['NAME', 'STATE', 'PID', 'PORTS', 'NOTE'];

async function report(start: DetachedStart, before: ReadonlySet<string>, json: boolean): Promise<void> {
  // With the ports of this moment.
  const trees = await start.client.list();
  const progress = start.progress.map((one) => {
    const tree = trees.find(({ id }) => id === one.tree?.id) ?? one.tree;
    return { ...one, ...(tree && { tree }) };
  });
  if (json) {
    sayJson(progress.map(asJson), 2);
  } else {
    const rows = progress.map((one) => {
      const { label, state, reason, tree } = one;
      const isOld = tree !== undefined && before.has(tree.pool ?? tree.name) && tree.endedAt === undefined;
      const note = start.isOutdated(one) ? 'runs with an older declaration: tree-warden restart applies the newest one' : 'ran already';
      const isAlive = tree?.endedAt === undefined && tree?.leader !== undefined;
      return [
        label,
        state,
        isAlive ? String(tree.leader?.pid) : '-',
        (isAlive && formatPorts(tree.members)) || '-',
        isOld && reason === '' ? note : reason,
      ];
    });
    sayAll(table(header, rows, new Set(['PID'])));
  }
  for (const { label, tree } of start.failed) {
    const { lastLines = [] } = tree ?? {};
    if (lastLines.length > 0) complain(`${label} has failed; its last output:`, ...lastLines.map((line) => `  ${line}`));
  }
}
