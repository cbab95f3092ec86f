/** Builds the rows of the Processes view. Independent of the editor and of the clock. */

import { clockTime } from '../../protocol/format.ts';
import { formatPorts, tcpPorts } from '../../protocol/ports.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../protocol/snapshot.ts';
import { endText, isLive, labelOf, usedTogether } from '../../protocol/trees.ts';
import { hasWords } from './filterWords.ts';
import { groupContext } from './groupContext.ts';
import { jobPoolRow } from './jobRows.ts';
import { type LanguageServerSource, languageServerRow } from './languageServerRows.ts';
import { type ModelSource, modelRow } from './modelRows.ts';
import { failedLook, idOf, idOfPool, type Row, type RowSource, type Shown, type Staleness, withoutName } from './row.ts';
import { queuedText, waitingLook } from './scheduleText.ts';
import { changeAwaited, lastChangeText, watchContext, watchNotice } from './watchText.ts';

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

/** What is listed behind the processes, each in its group. */
export interface OtherSources {
  readonly languageServers?: readonly LanguageServerSource[];
  readonly models?: readonly ModelSource[];
}

/**
 * Groups by name of their first process, ungrouped ones first; all in the given order, which does not change with figures. Language servers and
 * models come last.
 */
export function buildRows(sources: readonly RowSource[], shown: Shown, { languageServers = [], models = [] }: OtherSources = {}): Row[] {
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
  for (const server of languageServers) {
    const group = groupNamed(server.group);
    group.rows.push(languageServerRow(server, shown, (tree) => memberRows(tree.name, tree, shown)));
    group.count++;
    if (server.phase.at === 'running') group.live++;
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
    const context = groupContext(children);
    rows.push({ id: `group:${group}`, kind: 'group', label: group, description, icon: 'folder', context, process: '', children });
  }
  return rows;
}

/** A pool is listed at the position of its first instance. */
function poolRows(sources: readonly RowSource[], shown: Shown): Row[] {
  return sources.flatMap((source, index) => {
    const { pool } = source;
    if (pool === undefined) return [processRow(source, shown)];
    const instances = sources.filter((other) => other.pool === pool);
    if (sources.findIndex((other) => other.pool === pool) !== index) return [];
    const own = instances.find((one) => one.jobs);
    const jobs = instances.filter((one) => one !== own);
    return [
      own?.jobs ? jobPoolRow({ ...own, jobs: own.jobs }, jobs, shown, (job) => processRow(job, shown)) : poolRow(pool, instances, shown),
    ];
  });
}

function poolRow(pool: string, instances: readonly RowSource[], shown: Shown): Row {
  const id = idOfPool(pool);
  const live = instances.filter(runs);
  const waiting = instances.find(({ waitsFor }) => waitsFor !== undefined);
  const armed = instances.find(isArmed);
  const ready = instances.filter(({ tree }) => tree?.state === 'ready' && tree.health !== 'unhealthy');
  const trees = live.flatMap(({ tree }) => tree ?? []);
  const used = usedTogether(trees);
  const watch = instances.find((one) => one.watch)?.watch;
  const declaration = { changed: live.some(({ changed }) => changed), kept: instances.some(({ kept }) => kept) };
  const description =
    live.length > 0
      ? joined(
          `${ready.length}/${instances.length} ready`,
          watchNotice(watch),
          declarationText(declaration),
          shown.figures.text(id, used),
          lastChangeText(watch, trees),
        )
      : (waiting?.waitsFor && waitText(waiting.waitsFor)) || armed?.nextRun || instances[0]?.description;
  const extent = live.length === 0 && !waiting && !armed ? 'idle' : live.length < instances.length ? 'some' : 'live';
  const look = lookOfPool(ready.length, live.length, instances);
  const context = `pool.${extent}${watchContext(watch)}${instances.some(({ declared }) => declared) ? '.declared' : ''}`;
  const children = instances.map((source) => processRow(source, shown));
  return {
    id,
    kind: 'pool',
    label: pool,
    description: description ?? '',
    ...staleness(declaration),
    ...look,
    context,
    process: pool,
    children,
  };
}

function lookOfPool(ready: number, live: number, instances: readonly RowSource[]): { readonly icon: string; readonly colour?: string } {
  if (instances.some(({ tree, failure, problems = [] }) => failure !== undefined || tree?.state === 'failed' || problems.length > 0))
    return { icon: 'warning', colour: 'charts.yellow' };
  if (live === 0) return { icon: 'layers' };
  return ready === instances.length ? { icon: 'layers-active', colour: 'charts.green' } : { icon: 'layers-dot', colour: 'charts.yellow' };
}

function runs({ tree }: Pick<RowSource, 'tree'>): boolean {
  return tree !== undefined && isLive(tree);
}

/** Whether it waits for its time, and does not run. */
function isArmed({ tree, schedule }: Pick<RowSource, 'tree' | 'schedule'>): boolean {
  return schedule?.isArmed === true && !runs({ tree });
}

function groupOf({ group, tree }: RowSource): string | undefined {
  return group ?? tree?.group;
}

function waitText(names: readonly string[]): string {
  return `waits for ${names.join(', ')}`;
}

export function processRow(source: RowSource, shown: Shown): Row {
  const { name, pool, description, declared, found = false, tree, problems = [], mistake, failure, waitsFor } = source;
  const label = labelOf({ name, pool: pool ?? tree?.pool });
  const shared = { id: idOf(name), kind: 'process', label, process: name } as const;
  // Of a pool, its own row says it.
  const watched = pool === undefined ? source.watch : undefined;
  const suffix = `${watchContext(watched)}${declared ? '.declared' : found ? '.found' : ''}`;
  const place = mistake
    ? { place: { file: mistake.file, line: mistake.line, column: mistake.column } }
    : source.place && { place: source.place };
  if (tree === undefined && mistake) {
    const context = `process.idle${suffix}`;
    return { ...shared, description: mistake.message, icon: 'error', colour: 'charts.red', context, ...place, children: [] };
  }
  if (waitsFor !== undefined) {
    const context = `process.waiting${suffix}`;
    return { ...shared, description: waitText(waitsFor), icon: 'watch', colour: 'charts.yellow', context, ...place, children: [] };
  }
  if (isArmed(source)) {
    const waiting = waitingLook({ name, nextRun: source.nextRun ?? '', tree, failure });
    return { ...shared, ...staleness(source), ...waiting, context: `process.armed${suffix}`, ...place, children: [] };
  }
  if (failure !== undefined)
    return {
      ...shared,
      ...failedLook,
      description: withoutName(failure, name),
      context: `process.failed${suffix}`,
      ...place,
      children: [],
    };
  if (tree === undefined) {
    return {
      ...shared,
      ...staleness(source),
      description: joined(description ?? '', source.kept ? keptText : ''),
      icon: 'circle-outline',
      context: `process.idle${suffix}`,
      ...place,
      children: [],
    };
  }
  const reachable = tcpPorts(tree.members).length > 0 ? '.reachable' : '';
  const context = `process.${isLive(tree) ? 'live' : 'ended'}${reachable}${suffix}`;
  return {
    ...shared,
    ...(isLive(tree) || source.kept ? staleness(source) : {}),
    ...look(tree, problems.length > 0),
    description: describe(tree, shown.figures.text(shared.id, tree), { ...source, watch: watched }),
    context,
    ...(tree.prompt !== undefined && { asks: true as const }),
    ...(mistake && place),
    children: memberRows(name, tree, shown),
  };
}

/** Icon and color each show the state, so that either alone is enough. */
function look(
  { state, endedAt, stopped, warning, health, nextStartAt, prompt }: TreeSnapshot,
  isUnhealthy: boolean,
): { readonly icon: string; readonly colour?: string } {
  if (nextStartAt !== undefined) return { icon: 'debug-restart', colour: 'charts.yellow' };
  if (prompt !== undefined && state !== 'stopping') return { icon: 'question', colour: 'charts.yellow' };
  switch (state) {
    case 'starting':
      return { icon: 'loading~spin' };
    case 'stopping':
      return { icon: 'loading~spin', colour: 'charts.yellow' };
    case 'ready':
      return warning === undefined && health !== 'unhealthy' && !isUnhealthy
        ? { icon: 'circle-filled', colour: 'charts.green' }
        : { icon: 'warning', colour: 'charts.yellow' };
    case 'succeeded':
      return { icon: 'check', colour: 'charts.green' };
    case 'exited':
      return endedAt === undefined ? { icon: 'circle-filled', colour: 'charts.blue' } : { icon: stopped ? 'circle-slash' : 'check' };
    case 'killed':
      return { icon: 'circle-slash' };
    case 'failed':
      return { icon: 'error', colour: 'charts.red' };
    case 'unkillable':
      return { icon: 'warning', colour: 'charts.red' };
  }
}

/** What is not as usual stands before the figures: a narrow sidebar cuts off what comes last. */
function describe(tree: TreeSnapshot, used: string, source: RowSource): string {
  const { state, reason, endedAt, nextStartAt, members, zombies, lifetime, warning, health, restarts = 0, gaveUp, prompt } = tree;
  const declaration = isLive(tree) ? declarationText(source) : '';
  if (nextStartAt !== undefined) return joined(`restarts at ${clockTime(nextStartAt)}`, declaration, reason);
  if (endedAt !== undefined)
    return joined(
      endText(tree),
      gaveUp ? `gave up after ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}` : '',
      changeAwaited(source.watch),
    );
  const left = members.length - zombies;
  return joined(
    placeText(tree),
    state === 'ready' || isPlaced(tree) ? '' : state === 'exited' ? `exited, ${left} ${left === 1 ? 'member' : 'members'} left` : state,
    state === 'ready' && health === 'unhealthy' ? 'unhealthy' : '',
    prompt === undefined ? '' : `waits for input: ${shortened(prompt)}`,
    warning === undefined ? '' : 'over its limit',
    watchNotice(source.watch),
    queuedText(source.schedule),
    declaration,
    used,
    formatPorts(members),
    lifetime === 'detached' ? 'detached' : '',
    zombies > 0 ? `${zombies} ${zombies === 1 ? 'zombie' : 'zombies'}` : '',
    restarts > 0 ? `restarted ${restarts} ×` : '',
    lastChangeText(source.watch, [tree]),
  );
}

/** Whether it is on its way to a node, and its row says how far it is. */
function isPlaced({ state, remote }: TreeSnapshot): boolean {
  return state === 'starting' && remote !== undefined && remote.phase !== 'running';
}

/** Of a tree on a node: where it is, or how far on its way there. */
function placeText(tree: TreeSnapshot): string {
  const { remote, reason } = tree;
  if (remote === undefined) return '';
  if (isPlaced(tree)) return reason;
  if (remote.phase === 'lost') return `${remote.node ?? 'its node'} does not answer`;
  return remote.node === undefined ? '' : `on ${remote.node}`;
}

/** Maximum length of a prompt in a row, in characters: its end, which is what is asked. The hover has all of it. */
const maxPrompt = 40;

function shortened(prompt: string): string {
  return prompt.length > maxPrompt ? `…${prompt.slice(1 - maxPrompt)}` : prompt;
}

type Declaration = Pick<RowSource, 'changed' | 'undeclared' | 'mistake' | 'kept'>;

/** How what runs differs from what is declared. */
function declarationText({ changed, undeclared, mistake, kept }: Declaration): string {
  if (mistake) return `mistake in processes.json: ${mistake.message}`;
  if (undeclared) return 'no longer declared';
  if (kept) return keptText;
  return changed ? 'changed; restart to apply' : '';
}

const keptText = 'as last read; processes.json has an error';

function staleness({ changed, undeclared, mistake, kept }: Declaration): { readonly stale?: Staleness } {
  if (undeclared) return { stale: 'undeclared' };
  if (mistake || kept) return { stale: 'kept' };
  return changed ? { stale: 'changed' } : {};
}

/** As a tree by parent; a stray whose parent is not a member stands at the top. */
export function memberRows(process: string, tree: TreeSnapshot, shown: Shown): Row[] {
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
  return joined(String(pid), stray ? 'stray' : '', used, formatPorts([member]));
}

function joined(...parts: readonly string[]): string {
  return parts.filter(Boolean).join('  ');
}
