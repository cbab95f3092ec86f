/** Commands that act on trees which other wardens own. */
import { runSweep } from '../client/wardenProcess.ts';
import { isLive } from '../protocol/trees.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { killPort } from './killPort.ts';
import { report, reportStops } from './reports.ts';
import { deferred, writeOut } from './stdout.ts';
import { Wardens, wardenScript } from './wardens.ts';

export interface KillOptions {
  readonly port?: string;
  readonly yes?: boolean;
  readonly all?: boolean;
  readonly now?: boolean;
  readonly json?: boolean;
}

/** Stops trees with their own escalation; resolves when nobody of them is left. */
export async function kill(wanted: readonly string[], options: KillOptions): Promise<number> {
  const { all = false, now = false, json = false, port } = options;
  if (port !== undefined) {
    if (wanted.length > 0 || all) throw new CliError('Name trees, or say --all, or --port: one of the three.', exitCodes.usage);
    return await killPort(port, options);
  }
  if (wanted.length === 0 && !all) throw new CliError('Name a tree, its id or a pid, or say --all.', exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden kill');
  const found = all ? (await wardens.trees()).filter(({ tree }) => isLive(tree)) : await wardens.findLive(wanted);
  const results = await Promise.all(
    found.map(({ warden, tree }) => warden.stop({ tree: tree.id, now, reason: 'stopped by tree-warden kill' })),
  );
  return reportStops(results, json);
}

export async function restart(wanted: readonly string[], { json = false }: { readonly json?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden restart');
  const found = await wardens.findLive(wanted);
  const results = await Promise.all(
    found.map(({ warden, tree }) => warden.restart({ tree: tree.id, now: false, reason: 'restarted by tree-warden restart' })),
  );
  report(results, json, ({ leader }) => `restarted (pid ${leader?.pid ?? 'unknown'})`);
  return exitCodes.ok;
}

/** Prints what a tree has printed, from the newest part that is kept; with `follow`, until it ends. */
export async function logs(wanted: string, { follow = false }: { readonly follow?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden logs');
  const { warden, tree } = await wardens.findOne(wanted, 'all');
  if (tree.stdio === 'inherit')
    throw new CliError(`'${tree.name}' writes straight to the terminal or file of its tree-warden run; there is no copy.`);
  const { promise, resolve } = deferred();
  await warden.readOutput({ tree: tree.id, from: 0, whenBehind: 'wait', follow }, { onChunk: (chunk) => writeOut(chunk), onEnd: resolve });
  warden.onClose(resolve);
  await promise;
  return exitCodes.ok;
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
  const printed = await runSweep(wardenScript);
  const { swept, unreadable, reattached } = JSON.parse(printed) as Swept;
  const trees = swept.flatMap((warden) => warden.trees);
  for (const problem of unreadable) process.stderr.write(`tree-warden: a record was left alone because it cannot be trusted: ${problem}\n`);
  if (json) process.stdout.write(printed);
  else process.stdout.write(describeSweep(trees, reattached));
  return trees.some(({ problem }) => problem !== '') || unreadable.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function describeSweep(
  trees: readonly { readonly name: string; readonly killed: number; readonly problem: string }[],
  reattached: readonly string[],
): string {
  if (trees.length === 0 && reattached.length === 0) return 'Nothing was left behind.\n';
  const ended = trees.map(
    ({ name, killed, problem }) => `${name}: ${problem || `${killed} ${killed === 1 ? 'process' : 'processes'} ended`}\n`,
  );
  return [...ended, ...reattached.map((name) => `${name}: detached, and guarded again\n`)].join('');
}
