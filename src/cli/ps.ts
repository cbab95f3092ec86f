import type { WardenClient } from '../client/wardenClient.ts';
import { formatBytes, formatDuration, formatPercent } from '../protocol/format.ts';
import { formatPorts } from '../protocol/ports.ts';
import { nextMomentText } from '../protocol/schedule.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf, stateWord } from '../protocol/trees.ts';
import { exitCodes } from './exitCodes.ts';
import { type Foresight, foresightLines, foresightOf } from './foresight.ts';
import { say, sayAll, sayJson } from './say.ts';
import { table } from './table.ts';
import { type FoundTree, namesOf, Wardens } from './wardens.ts';

/** Lists the trees of all wardens of this user. */
export async function ps(options: { readonly json?: boolean; readonly all?: boolean; readonly summary?: boolean }): Promise<number> {
  using wardens = await Wardens.connect('tree-warden ps');
  const all = await wardens.trees();
  if (options.summary) {
    const summary = summarize(all.map(({ tree }) => tree));
    if (options.json) sayJson(summary, 2);
    else say(describe(summary));
    return exitCodes.ok;
  }
  const trees = all.filter(({ tree }) => options.all || isLive(tree));
  const waiting = options.json ? [] : await wardens.ofAll(waitingRows);
  const foresights: (Foresight | undefined)[] = [];
  // One history after the other: a warden has other things to do.
  const lookedAt = Date.now();
  for (const found of trees) foresights.push(await foresightOf(found, lookedAt));
  if (options.json)
    sayJson(
      trees.map((found, index) => asJson(found, foresights[index])),
      2,
    );
  // A warden that was left out may have some.
  else if (trees.length + waiting.length > 0 || !wardens.incomplete)
    sayAll([...listOf(trees, waiting), ...notesOn(trees, foresights, lookedAt)]);
  return exitCodes.ok;
}

interface Summary {
  /** Trees that are listed, those that have ended among them. */
  readonly total: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly processes: number;
  readonly zombies: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

function summarize(trees: readonly TreeSnapshot[]): Summary {
  const running = trees.filter((tree) => tree.endedAt === undefined);
  const sum = (of: (tree: TreeSnapshot) => number): number => running.reduce((total, tree) => total + of(tree), 0);
  return {
    total: trees.length,
    running: running.length,
    succeeded: trees.filter(({ state }) => state === 'succeeded').length,
    failed: trees.filter(({ state }) => state === 'failed').length,
    processes: sum(({ members }) => members.length),
    zombies: sum(({ zombies }) => zombies),
    cpuPercent: sum(({ cpuPercent }) => cpuPercent),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
  };
}

function describe({ total, running, succeeded, failed, processes, zombies, cpuPercent, memoryBytes }: Summary): string {
  return `${running} of ${total} trees running, ${succeeded} succeeded, ${failed} failed; ${processes} processes, ${zombies} zombies; ${formatPercent(cpuPercent)}, ${formatBytes(memoryBytes)}`;
}

function asJson({ warden, tree }: FoundTree, foresight: Foresight | undefined): object {
  const { warden: id, pid, workspace } = warden.welcome;
  return { ...tree, ...(foresight && { foresight }), warden: { id, pid, workspace } };
}

/** Below the table, where there is something to say. */
function notesOn(trees: readonly FoundTree[], foresights: readonly (Foresight | undefined)[], lookedAt: number): string[] {
  const notes = trees.flatMap(({ tree }, index) => {
    const foresight = foresights[index];
    const endsAt = tree.remote?.endsAt;
    const limit =
      endsAt === undefined ? [] : [`${labelOf(tree)}: its time limit ends in ${formatDuration(Math.max(0, endsAt - lookedAt))}`];
    return [...limit, ...(foresight ? foresightLines(labelOf(tree), foresight) : [])];
  });
  return notes.length > 0 ? ['', ...notes] : [];
}

const header = ['ID', 'NAME', 'STATE', 'PID', 'MEMBERS', 'CPU', 'MEMORY', 'PORTS', 'TIME', 'COMMAND'];
/** Numbers line up on the right. */
const numeric = new Set(['PID', 'MEMBERS', 'CPU', 'MEMORY', 'TIME']);

function listOf(found: readonly FoundTree[], waiting: readonly string[][]): string[] {
  return found.length + waiting.length === 0 ? ['Nothing is running.'] : table(header, [...found.map(row), ...waiting], numeric);
}

/** What waits for the time of its schedule has no tree. */
async function waitingRows(warden: WardenClient): Promise<string[][]> {
  return (await namesOf(warden)).flatMap(({ name, desired, schedule }) =>
    desired.length === 0 && schedule?.isArmed ? [['-', name, 'waiting', '-', '0', '-', '-', '-', '-', nextMomentText(schedule)]] : [],
  );
}

function row({ tree }: FoundTree): string[] {
  const { id, leader, members, cpuPercent, memoryBytes, startedAt, endedAt = Date.now(), commandLine } = tree;
  return [
    id.slice(0, 8),
    labelOf(tree),
    stateWord(tree),
    String(leader?.pid ?? '-'),
    String(members.length),
    formatPercent(cpuPercent),
    formatBytes(memoryBytes),
    formatPorts(members) || '-',
    formatDuration(endedAt - startedAt),
    commandLine,
  ];
}
