/** The rows of `tree-warden top`, from what wardens say; pure. */
import type { NameStatus } from '../../protocol/declare.ts';
import { formatPorts } from '../../protocol/ports.ts';
import { nextMomentText } from '../../protocol/schedule.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf, stateWord } from '../../protocol/trees.ts';
import type { TopRow } from './topModel.ts';

export interface WardenNews {
  /** Of the warden. */
  readonly id: string;
  /** Its folder, or the command line; empty where all rows are of one warden. */
  readonly place: string;
  readonly names: readonly NameStatus[];
  readonly trees: readonly TreeSnapshot[];
}

/** In the order of their declaration, and behind those what was started otherwise. Of what has ended, the newest of each name. */
export function topRows(wardens: readonly WardenNews[]): readonly TopRow[] {
  return wardens.flatMap((warden) => {
    const { names, trees } = warden;
    const order = new Map(names.map(({ name }, index) => [name, index]));
    const idle = names.filter(({ name }) => !trees.some((tree) => (tree.pool ?? tree.name) === name));
    const rows = [
      ...newest(trees).map((tree) => ({ name: tree.pool ?? tree.name, rows: treeRows(warden, tree) })),
      ...idle.map((status) => ({ name: status.name, rows: [idleRow(warden, status)] })),
    ];
    const place = (name: string): number => order.get(name) ?? order.size;
    return rows.toSorted((a, b) => place(a.name) - place(b.name)).flatMap((one) => one.rows);
  });
}

function newest(trees: readonly TreeSnapshot[]): readonly TreeSnapshot[] {
  const byName = new Map<string, TreeSnapshot>();
  for (const tree of trees) {
    const other = byName.get(tree.name);
    if (other === undefined || isLive(tree) || (!isLive(other) && tree.startedAt >= other.startedAt)) byName.set(tree.name, tree);
  }
  return [...byName.values()].filter((tree) => !tree.restarting || isLive(tree));
}

function treeRows({ id, place }: WardenNews, tree: TreeSnapshot): TopRow[] {
  const live = isLive(tree);
  const own: TopRow = {
    ...{ key: keyOf(id, tree.name), warden: id, name: tree.name, tree: tree.id },
    label: labelOf(tree),
    depth: 0,
    state: stateWord(tree),
    isLive: live,
    ...(live && { cpuPercent: tree.cpuPercent, memoryBytes: tree.memoryBytes }),
    ports: formatPorts(tree.members),
    ...(live && tree.leader && { pid: tree.leader.pid }),
    startedAt: tree.startedAt,
    ...(tree.endedAt !== undefined && { endedAt: tree.endedAt }),
    note: noteOf(tree),
    asks: tree.prompt !== undefined,
    place,
    hasOutput: tree.stdio !== 'inherit' && tree.external === undefined,
    isPlain: tree.stdio !== 'pty',
  };
  return [own, ...tree.members.map((member) => memberRow(own, member))];
}

/** A name may have spaces in it, and the id of a warden has none. */
function keyOf(warden: string, name: string): string {
  return `${warden} ${name}`;
}

function memberRow(parent: TopRow, { pid, name, cpuPercent, memoryBytes, zombie, stray, ...member }: MemberSnapshot): TopRow {
  return {
    ...parent,
    key: `${parent.key} ${pid}`,
    label: name,
    depth: 1,
    state: zombie ? 'zombie' : stray ? 'stray' : '',
    isLive: true,
    ...{ cpuPercent, memoryBytes, pid },
    ports: formatPorts([member]),
    note: '',
    asks: false,
    place: '',
  };
}

function noteOf(tree: TreeSnapshot): string {
  if (tree.prompt !== undefined) return `waits for input: ${tree.prompt}`;
  if (tree.endedAt !== undefined || tree.state === 'unkillable') return tree.reason;
  return tree.illness ?? tree.warning ?? '';
}

/** What is declared and has no tree. */
function idleRow({ id, place }: WardenNews, { name, problem, failures, waitsFor, schedule }: NameStatus): TopRow {
  const waits = waitsFor?.map((one) => one.name).join(', ');
  const failure = problem ?? failures?.[0]?.message;
  const isArmed = schedule?.isArmed === true;
  return {
    ...{ key: keyOf(id, name), warden: id, name },
    label: name,
    hasOutput: false,
    depth: 0,
    state: waits !== undefined || isArmed ? 'waiting' : failure === undefined ? 'stopped' : 'failed',
    isLive: waits !== undefined || isArmed,
    ports: '',
    note: waits !== undefined ? `waits for ${waits}` : (failure ?? (isArmed ? nextMomentText(schedule) : '')),
    asks: false,
    place,
  };
}
