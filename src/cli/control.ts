/** Commands that act on trees which other wardens own. */
import { failureSentences, mergedAnswer, targetsOf, untilSettled, type WardenTree } from '../client/nameVerbs.ts';
import { runSweep } from '../client/wardenCommands.ts';
import type { NameAnswer, NameStatus, StopNameRequest } from '../protocol/declare.ts';
import { normalName } from '../protocol/names.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { isLive } from '../protocol/trees.ts';
import { onEachTree } from './eachTree.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { killPort } from './killPort.ts';
import { report, reportStops } from './reports.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { cancelWaiting } from './waitingJobs.ts';
import { Wardens, wardenScript } from './wardens.ts';

const restartReason = asReason(localizable('restartedBy', 'tree-warden restart'));

export interface KillOptions {
  readonly port?: string;
  readonly yes?: boolean;
  readonly all?: boolean;
  readonly now?: boolean;
  readonly json?: boolean;
}

/** Stops trees with their own stop sequences; resolves when none of their processes is left. */
export async function kill(wanted: readonly string[], options: KillOptions): Promise<number> {
  const { all = false, now = false, json = false, port } = options;
  const ways = [wanted.length > 0, all, port !== undefined].filter(Boolean).length;
  if (ways > 1) throw new CliError('Name trees, or say --all, or --port: one of the three.', exitCodes.usage);
  if (port !== undefined) return await killPort(port, options);
  if (ways === 0) throw new CliError('Name a tree, its id or a pid, or say --all.', exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden kill');
  const reason = asReason(localizable('stoppedBy', 'tree-warden kill'));
  const calledOff = await callOff(wardens, all ? undefined : wanted.map(normalName), { now, ...reason });
  const cancelled = await cancelWaiting(wardens, all ? undefined : wanted.map(normalName), 'tree-warden kill');
  if (!json) sayAll([...calledOff.map((name) => `${name}: no longer waits to be started`), ...cancelled.lines]);
  const found = all
    ? (await wardens.trees()).filter(({ tree }) => isLive(tree))
    : await wardens.findEach(
        wanted.filter((name) => !calledOff.includes(normalName(name)) && !cancelled.done.has(normalName(name))),
        'live',
      );
  if (found.length + calledOff.length + cancelled.lines.length === 0 && !json && !wardens.incomplete) sayAll(['Nothing is running.']);
  const { results, complete } = await onEachTree(found, ({ warden, tree }) => warden.stop({ tree: tree.id, now, ...reason }));
  const status = reportStops(results, json);
  // Every tree was asked for: one that is not known of may be among those of a warden that was left out.
  return complete && !(all && wardens.incomplete) ? status : exitCodes.failed;
}

/** Names of the processes whose start waited for others, or for their time, of which no tree says so: of these names, or of all. What of them runs is ended, too. */
async function callOff(wardens: Wardens, names: readonly string[] | undefined, options: Omit<StopNameRequest, 'name'>): Promise<string[]> {
  const waiting = await wardens.ofAll(async (warden) => {
    // A warden of another version knows no names.
    const statuses = await warden.names.list().catch((): readonly NameStatus[] => []);
    const isIdle = ({ running, schedule }: NameStatus): boolean => running.length === 0 && schedule?.isArmed === true;
    return statuses.flatMap((status) =>
      (status.waitsFor || isIdle(status)) && (names?.includes(status.name) ?? true) ? { warden, name: status.name } : [],
    );
  });
  await Promise.all(waiting.map(({ warden, name }) => warden.names.stop({ name, ...options })));
  return waiting.map(({ name }) => name);
}

/** Of a pool one instance after the other, so that the others go on serving; the warden sees to it where it knows the declaration. */
export async function restart(wanted: readonly string[], { json = false }: { readonly json?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden restart');
  const found = (await wardens.findEach(wanted, 'live')).map(({ warden, tree }) => ({ client: warden, tree }));
  const turns = new Map<string, Promise<unknown>>();
  const answer = await mergedAnswer(await targetsOf(found), ({ client, tree, name }) =>
    name === undefined ? restartInTurn({ client, tree }, turns) : client.names.restart({ name, ...restartReason }),
  );
  for (const sentence of failureSentences(answer)) complain(sentence);
  report(answer.trees, json, ({ leader }) => `restarted (pid ${leader?.pid ?? 'unknown'})`);
  return answer.failures.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `turns`: of each pool, when its last instance is ready or has failed. */
async function restartInTurn({ client, tree }: WardenTree, turns: Map<string, Promise<unknown>>): Promise<NameAnswer> {
  const pool = tree.pool ?? tree.id;
  const restarting = (turns.get(pool) ?? Promise.resolve()).then(() => client.restart({ tree: tree.id, now: false, ...restartReason }));
  turns.set(
    pool,
    restarting.then(({ id }) => untilSettled(client, id)).catch(() => undefined),
  );
  return { trees: [await restarting], failures: [] };
}

interface Swept {
  readonly swept: readonly {
    readonly workspace: string;
    readonly trees: readonly { readonly name: string; readonly killed: number; readonly problem: string }[];
  }[];
  readonly unreadable: readonly string[];
  /** Names of detached trees that have a new warden. */
  readonly reattached: readonly string[];
}

/** Kills what was left behind when a warden and its switch were killed at once. */
export async function sweep({ json = false }: { readonly json?: boolean }): Promise<number> {
  const found = JSON.parse(await runSweep(wardenScript)) as Swept;
  const { swept, unreadable, reattached } = found;
  const trees = swept.flatMap((warden) => warden.trees);
  for (const problem of unreadable) complain(`a record was left alone because it cannot be trusted: ${problem}`);
  if (json) sayJson(found);
  else sayAll(describeSweep(trees, reattached));
  return trees.some(({ problem }) => problem !== '') || unreadable.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function describeSweep(
  trees: readonly { readonly name: string; readonly killed: number; readonly problem: string }[],
  reattached: readonly string[],
): string[] {
  if (trees.length === 0 && reattached.length === 0) return ['Nothing was left behind.'];
  const ended = trees.map(
    ({ name, killed, problem }) => `${name}: ${problem || `${killed} ${killed === 1 ? 'process' : 'processes'} ended`}`,
  );
  return [...ended, ...reattached.map((name) => `${name}: detached, and guarded again`)];
}
