import { formatBytes, formatDuration, formatPercent } from '../protocol/format.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf, stateWord } from '../protocol/trees.ts';
import { exitCodes } from './exitCodes.ts';
import { say, sayAll, sayJson } from './say.ts';
import { table } from './table.ts';
import { type FoundTree, Wardens } from './wardens.ts';

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
  if (options.json) sayJson(trees.map(asJson), 2);
  // A warden that was left out may have some.
  else if (trees.length > 0 || !wardens.incomplete) sayAll(listOf(trees));
  return exitCodes.ok;
}

interface Summary {
  /** Trees that are listed, those that have ended among them. */
  readonly total: number;
  readonly running: number;
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
    failed: trees.filter(({ state }) => state === 'failed').length,
    processes: sum(({ members }) => members.length),
    zombies: sum(({ zombies }) => zombies),
    cpuPercent: sum(({ cpuPercent }) => cpuPercent),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
  };
}

function describe({ total, running, failed, processes, zombies, cpuPercent, memoryBytes }: Summary): string {
  return `${running} of ${total} trees running, ${failed} failed; ${processes} processes, ${zombies} zombies; ${formatPercent(cpuPercent)}, ${formatBytes(memoryBytes)}`;
}

function asJson({ warden, tree }: FoundTree): object {
  const { warden: id, pid, workspace } = warden.welcome;
  return { ...tree, warden: { id, pid, workspace } };
}

const header = ['ID', 'NAME', 'STATE', 'PID', 'MEMBERS', 'CPU', 'MEMORY', 'PORTS', 'TIME', 'COMMAND'];
/** Numbers line up on the right. */
const numeric = new Set(['PID', 'MEMBERS', 'CPU', 'MEMORY', 'TIME']);

function listOf(found: readonly FoundTree[]): string[] {
  return found.length === 0 ? ['Nothing is running.'] : table(header, found.map(row), numeric);
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
