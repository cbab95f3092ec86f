/** Builds the rows of the Processes view. Independent of the editor and of the clock. */

import { clockTime } from '../../protocol/format.ts';
import { formatPorts, tcpPorts } from '../../protocol/ports.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf, usedTogether } from '../../protocol/trees.ts';
import { hasWords } from './filterWords.ts';
import { type ModelSource, modelRow } from './modelRows.ts';
import { idOf, type Row, type RowSource, type Shown } from './row.ts';

/** How processes are ordered within their groups. */
export type SortBy = 'declared' | 'name' | 'cpu' | 'memory';

/** The processes whose name, description, group, ports or members contain each word of the filter. */
export function filterSources(sources: readonly RowSource[], filter: string): readonly RowSource[] {
  return sources.filter((source) => {
    const members = source.tree?.members.map(({ name, pid }) => `${name} ${pid}`) ?? [];
    return hasWords(filter, [source.name, source.description, groupOf(source), formatPorts(source.tree?.members ?? []), ...members]);
  });
}

/** Sorts by the shown figures; equal ones keep their order. */
export function sortSources(sources: readonly RowSource[], by: SortBy, { figures }: Shown): readonly RowSource[] {
  const figure = ({ name }: RowSource): number => {
    const { cpuPercent = -1, memoryBytes = -1 } = figures.of(idOf(name)) ?? {};
    return by === 'cpu' ? cpuPercent : memoryBytes;
  };
  switch (by) {
    case 'name':
      return sources.toSorted((a, b) => a.name.localeCompare(b.name));
    case 'cpu':
    case 'memory':
      return sources.toSorted((a, b) => figure(b) - figure(a));
    // Settings may also be edited by hand and hold any value.
    default:
      return sources;
  }
}

/** Groups by name of their first process, ungrouped ones first; all in the given order, which does not change with figures. Models come last. */
export function buildRows(sources: readonly RowSource[], shown: Shown, models: readonly ModelSource[] = []): Row[] {
  const names = new Set(models.map(({ name }) => name));
  // The servers of a model are listed below it.
  const servers = sources.filter(({ tree }) => tree?.pool !== undefined && names.has(tree.pool));
  const others = sources.filter((source) => !servers.includes(source));
  const rows = poolRows(
    others.filter((source) => !groupOf(source)),
    shown,
  );
  const groups = new Map<string, { readonly rows: Row[]; count: number; live: number }>();
  const groupNamed = (name: string): { readonly rows: Row[]; count: number; live: number } => {
    const known = groups.get(name) ?? { rows: [], count: 0, live: 0 };
    groups.set(name, known);
    return known;
  };
  for (const name of new Set(others.flatMap((source) => groupOf(source) ?? []))) {
    const members = others.filter((source) => groupOf(source) === name);
    const group = groupNamed(name);
    group.rows.push(...poolRows(members, shown));
    group.count += members.length;
    group.live += members.filter(runs).length;
  }
  for (const model of models) {
    const own = servers.filter(({ tree }) => tree?.pool === model.name);
    const live = own.filter(runs);
    const group = groupNamed(model.group);
    // The output of the server says why a model could not be loaded.
    const listed = model.snapshot?.state === 'failed' ? own : live;
    group.rows.push(modelRow(model, listed, shown, (source) => processRow(source, shown)));
    group.count++;
    if (live.length > 0) group.live++;
  }
  for (const [group, { rows: children, count, live }] of groups) {
    const description = live > 0 ? `${live}/${count}` : '';
    rows.push({ id: `group:${group}`, kind: 'group', label: group, description, icon: 'folder', context: 'group', process: '', children });
  }
  return rows;
}

/** A pool is listed at the position of its first instance. */
function poolRows(sources: readonly RowSource[], shown: Shown): Row[] {
  return sources.flatMap((source, index) => {
    const { pool } = source;
    if (pool === undefined) return [processRow(source, shown)];
    const instances = sources.filter((other) => other.pool === pool);
    return sources.findIndex((other) => other.pool === pool) === index ? [poolRow(pool, instances, shown)] : [];
  });
}

function poolRow(pool: string, instances: readonly RowSource[], shown: Shown): Row {
  const id = `pool:${pool}`;
  const live = instances.filter(runs);
  const ready = instances.filter(({ tree }) => tree?.state === 'ready' && tree.health !== 'unhealthy');
  const trees = live.flatMap(({ tree }) => tree ?? []);
  const used = usedTogether(trees);
  const description =
    live.length > 0
      ? `${ready.length}/${instances.length} ready  ${shown.figures.text(id, used)}${declarationText({ changed: live.some(({ changed }) => changed) })}`
      : instances[0]?.description;
  const extent = live.length === 0 ? 'idle' : live.length < instances.length ? 'some' : 'live';
  const look = lookOfPool(ready.length, live.length, instances);
  const context = `pool.${extent}${instances.some(({ declared }) => declared) ? '.declared' : ''}`;
  const children = instances.map((source) => processRow(source, shown));
  return { id, kind: 'pool', label: pool, description: description ?? '', ...look, context, process: pool, children };
}

function lookOfPool(ready: number, live: number, instances: readonly RowSource[]): { readonly icon: string; readonly colour?: string } {
  if (instances.some(({ tree, problems = [] }) => tree?.state === 'failed' || problems.length > 0))
    return { icon: 'warning', colour: 'charts.yellow' };
  if (live === 0) return { icon: 'layers' };
  return ready === instances.length ? { icon: 'layers-active', colour: 'charts.green' } : { icon: 'layers-dot', colour: 'charts.yellow' };
}

function runs({ tree }: Pick<RowSource, 'tree'>): boolean {
  return tree !== undefined && isLive(tree);
}

function groupOf({ group, tree }: RowSource): string | undefined {
  return group ?? tree?.group;
}

function processRow(source: RowSource, shown: Shown): Row {
  const { name, pool, description, declared, tree, problems = [] } = source;
  const label = labelOf({ name, pool: pool ?? tree?.pool });
  const shared = { id: idOf(name), kind: 'process', label, process: name } as const;
  const suffix = declared ? '.declared' : '';
  if (tree === undefined) {
    return { ...shared, description: description ?? '', icon: 'circle-outline', context: `process.idle${suffix}`, children: [] };
  }
  const reachable = tcpPorts(tree.members).length > 0 ? '.reachable' : '';
  const context = `process.${isLive(tree) ? 'live' : 'ended'}${reachable}${suffix}`;
  return {
    ...shared,
    ...look(tree, problems.length > 0),
    description: `${describe(tree, shown.figures.text(shared.id, tree))}${isLive(tree) ? declarationText(source) : ''}`,
    context,
    children: memberRows(name, tree, shown),
  };
}

/** Icon and color each show the state, so that either alone is enough. */
function look(
  { state, endedAt, warning, health, nextStartAt }: TreeSnapshot,
  isUnhealthy: boolean,
): { readonly icon: string; readonly colour?: string } {
  if (nextStartAt !== undefined) return { icon: 'debug-restart', colour: 'charts.yellow' };
  switch (state) {
    case 'starting':
      return { icon: 'loading~spin' };
    case 'stopping':
      return { icon: 'loading~spin', colour: 'charts.yellow' };
    case 'ready':
      return warning === undefined && health !== 'unhealthy' && !isUnhealthy
        ? { icon: 'circle-filled', colour: 'charts.green' }
        : { icon: 'warning', colour: 'charts.yellow' };
    case 'exited':
      return endedAt === undefined ? { icon: 'circle-filled', colour: 'charts.blue' } : { icon: 'check' };
    case 'killed':
      return { icon: 'circle-slash' };
    case 'failed':
      return { icon: 'error', colour: 'charts.red' };
    case 'unkillable':
      return { icon: 'warning', colour: 'charts.red' };
  }
}

function describe(tree: TreeSnapshot, used: string): string {
  const { state, reason, endedAt, nextStartAt, members, zombies, lifetime, warning, health, restarts = 0 } = tree;
  const kind = `${lifetime === 'detached' ? '  detached' : ''}${warning === undefined ? '' : '  over its limit'}`;
  const figures = `${used}${spaced(formatPorts(members))}${kind}`;
  const zombieText = zombies > 0 ? `  ${zombies} ${zombies === 1 ? 'zombie' : 'zombies'}` : '';
  if (nextStartAt !== undefined) return `restarts at ${clockTime(nextStartAt)}  ${reason}`;
  if (endedAt !== undefined) return reason;
  const again = restarts > 0 ? `  restarted ${restarts} ×` : '';
  if (state === 'ready') return `${figures}${zombieText}${health === 'unhealthy' ? '  unhealthy' : ''}${again}`;
  const left = members.length - zombies;
  return `${figures}${zombieText}  ${state === 'exited' ? `exited, ${left} ${left === 1 ? 'member' : 'members'} left` : state}${again}`;
}

/** How what runs differs from what is declared. */
function declarationText({ changed, undeclared }: Pick<RowSource, 'changed' | 'undeclared'>): string {
  if (undeclared) return '  no longer declared';
  return changed ? '  changed; restart to apply' : '';
}

/** As a tree by parent; a stray whose parent is not a member stands at the top. */
function memberRows(process: string, tree: TreeSnapshot, shown: Shown): Row[] {
  const { id } = tree;
  const members = shown.members.of(tree);
  const pids = new Set(members.map((member) => member.pid));
  const byParent = new Map<number, MemberSnapshot[]>();
  const top: MemberSnapshot[] = [];
  for (const member of members) {
    if (!pids.has(member.parent)) {
      top.push(member);
      continue;
    }
    const siblings = byParent.get(member.parent);
    if (siblings) siblings.push(member);
    else byParent.set(member.parent, [member]);
  }
  const row = (member: MemberSnapshot): Row => ({
    id: `member:${id}:${member.pid}`,
    kind: 'member',
    label: member.name,
    description: describeMember(member, shown.figures.text(`member:${id}:${member.pid}`, member)),
    icon: member.zombie ? 'circle-slash' : member.stray ? 'debug-disconnect' : 'debug-stackframe-dot',
    context: tcpPorts([member]).length > 0 ? 'member.reachable' : 'member',
    process,
    pid: member.pid,
    children: (byParent.get(member.pid) ?? []).map(row),
  });
  return top.map(row);
}

function describeMember(member: MemberSnapshot, used: string): string {
  const { pid, zombie, stray } = member;
  if (zombie) return `${pid}  zombie`;
  const ports = spaced(formatPorts([member]));
  return `${pid}  ${used}${ports}${stray ? '  stray' : ''}`;
}

function spaced(text: string): string {
  return text && `  ${text}`;
}
