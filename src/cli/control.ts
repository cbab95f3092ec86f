/** Commands that act on trees which other wardens own. */
import { failureSentences, mergedAnswer, targetsOf, untilSettled, type WardenTree } from '../client/nameVerbs.ts';
import { runSweep } from '../client/wardenCommands.ts';
import type { NameAnswer } from '../protocol/declare.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { onEachTree } from './eachTree.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { killPort } from './killPort.ts';
import { linePrefixes, MergedOutput } from './prefixedLines.ts';
import { PrintedOutput } from './printedOutput.ts';
import { report, reportStops } from './reports.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { writeOut } from './stdout.ts';
import { type FoundTree, Wardens, wardenScript } from './wardens.ts';

const restartReason = 'restarted by tree-warden restart';

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
  const found = all ? (await wardens.trees()).filter(({ tree }) => isLive(tree)) : await wardens.findEach(wanted, 'live');
  if (found.length === 0 && !json && !wardens.incomplete) sayAll(['Nothing is running.']);
  const reason = 'stopped by tree-warden kill';
  const { results, complete } = await onEachTree(found, ({ warden, tree }) => warden.stop({ tree: tree.id, now, reason }));
  const status = reportStops(results, json);
  // Every tree was asked for: one that is not known of may be among those of a warden that was left out.
  return complete && !(all && wardens.incomplete) ? status : exitCodes.failed;
}

/** Of a pool one instance after the other, so that the others go on serving; the warden sees to it where it knows the declaration. */
export async function restart(wanted: readonly string[], { json = false }: { readonly json?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden restart');
  const found = (await wardens.findEach(wanted, 'live')).map(({ warden, tree }) => ({ client: warden, tree }));
  const turns = new Map<string, Promise<unknown>>();
  const answer = await mergedAnswer(await targetsOf(found), ({ client, tree, name }) =>
    name === undefined ? restartInTurn({ client, tree }, turns) : client.names.restart({ name, reason: restartReason }),
  );
  for (const sentence of failureSentences(answer)) complain(sentence);
  report(answer.trees, json, ({ leader }) => `restarted (pid ${leader?.pid ?? 'unknown'})`);
  return answer.failures.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `turns`: of each pool, when its last instance is ready or has failed. */
async function restartInTurn({ client, tree }: WardenTree, turns: Map<string, Promise<unknown>>): Promise<NameAnswer> {
  const pool = tree.pool ?? tree.id;
  const restarting = (turns.get(pool) ?? Promise.resolve()).then(() =>
    client.restart({ tree: tree.id, now: false, reason: restartReason }),
  );
  turns.set(
    pool,
    restarting.then(({ id }) => untilSettled(client, id)).catch(() => undefined),
  );
  return { trees: [await restarting], failures: [] };
}

/** Prints all that is kept of what a tree has printed; with `follow`, until it ends. */
export async function logs(wanted: string, { follow = false }: { readonly follow?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden logs');
  const found = await wardens.findEach([wanted], 'all');
  for (const { tree } of found)
    if (tree.stdio === 'inherit')
      throw new CliError(`'${labelOf(tree)}' writes straight to the terminal or file of its tree-warden run; there is no copy.`);
  const [first, ...others] = found;
  if (first && others.length === 0) await new PrintedOutput(first.warden, first.tree.id, writeOut, complain).print(follow);
  else await printMerged(found, follow);
  return exitCodes.ok;
}

/** The instances of a pool: each line behind the name of its instance, as `up` prints them. */
async function printMerged(found: readonly FoundTree[], follow: boolean): Promise<void> {
  const merged = new MergedOutput(writeOut);
  const prefixes = linePrefixes(found.map(({ tree }) => labelOf(tree)));
  await Promise.all(
    found.map(async ({ warden, tree }, index) => {
      const lines = merged.prefixed(prefixes[index] ?? '');
      const say = (sentence: string): void => complain(`${labelOf(tree)}: ${sentence}`);
      await new PrintedOutput(warden, tree.id, (chunk) => lines.add(chunk), say).print(follow);
      await lines.end();
    }),
  );
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
