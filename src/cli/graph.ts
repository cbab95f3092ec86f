import type { WardenClient } from '../client/wardenClient.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { lastCriticalPath, timesOf } from '../protocol/criticalPath.ts';
import type { NameStatus } from '../protocol/declare.ts';
import { instanceOf, modelDependency } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, newestByName, stateWord } from '../protocol/trees.ts';
import { type Declared, readDeclared } from './declared.ts';
import { backgroundOrigin } from './detached.ts';
import { exitCodes } from './exitCodes.ts';
import { graphLines, mermaidLines, type ShownGraph, type ShownNode } from './graphText.ts';
import { sayAll, sayJson } from './say.ts';
import { withDependencies } from './startOrder.ts';
import { namesOf, Wardens } from './wardens.ts';

export interface GraphOptions {
  readonly json?: boolean;
  readonly mermaid?: boolean;
}

/** What is known of a declared process: its newest trees, one for each of its instances, and what its warden says of its name. */
interface Known {
  readonly trees: readonly TreeSnapshot[];
  readonly isWaiting: boolean;
  /** When it runs next, where it waits for its time; in milliseconds since 1970. */
  readonly nextAt?: number | undefined;
}

/** Prints what the declared processes depend on, how their last start went, and what that had to wait for. */
export async function graph(names: readonly string[], { json = false, mermaid = false }: GraphOptions): Promise<number> {
  const { path, wanted } = readDeclared('processes', ({ specs }) => specs, names, withDependencies);
  const known = mermaid ? new Map<string, Known>() : await askWardens(path);
  const nodes = nodesOf(wanted, known);
  const steps = lastCriticalPath(nodes);
  if (json) sayJson({ processes: Array.from(nodes, asJson), criticalPath: steps }, 2);
  else sayAll(mermaid ? mermaidLines(nodes) : graphLines(nodes, steps));
  return exitCodes.ok;
}

/** What is declared, and the models that it depends on: these behind it, as nothing comes before them. */
function nodesOf(wanted: Declared<ProcessSpec>['wanted'], known: ReadonlyMap<string, Known>): ShownGraph {
  const nodes = new Map(wanted.map(([name, spec]) => [name, nodeOf(spec, known.get(name))]));
  for (const [, { dependsOn = [] }] of wanted)
    for (const { name } of dependsOn) if (!nodes.has(name)) nodes.set(name, nodeOf({}, known.get(name)));
  return nodes;
}

/** What each warden that runs something of this file knows of it, by name. */
async function askWardens(path: string): Promise<ReadonlyMap<string, Known>> {
  using wardens = await Wardens.connect('tree-warden graph');
  const found = await wardens.ofAll(async (warden) => await knownOf(warden, path));
  const known = new Map<string, Known>();
  for (const { name, trees, isWaiting, nextAt } of found) {
    const before = known.get(name);
    known.set(name, {
      trees: newest([...(before?.trees ?? []), ...trees]),
      isWaiting: isWaiting || before?.isWaiting === true,
      nextAt: nextAt ?? before?.nextAt,
    });
  }
  return known;
}

async function knownOf(warden: WardenClient, path: string): Promise<(Known & Pick<NameStatus, 'name'>)[]> {
  const declared = (await namesOf(warden)).filter(({ origin }) => origin === path || origin === backgroundOrigin(path));
  if (declared.length === 0) return [];
  const [trees, models] = await Promise.all([warden.list(), warden.models()]);
  const newestOf = (name: string, instances: number): TreeSnapshot[] =>
    newest(trees.filter((tree) => (tree.pool ?? instanceOf(tree.name).spec) === name)).slice(0, instances);
  return [
    ...declared.map(({ name, waitsFor, instances, desired, schedule }) => ({
      ...{ name, trees: newestOf(name, instances) },
      isWaiting: waitsFor !== undefined || (desired.length === 0 && schedule?.isArmed === true),
      nextAt: schedule?.nextAt,
    })),
    ...models.map(({ name, wanted }) => ({ name: modelDependency(name), trees: newestOf(name, wanted), isWaiting: false })),
  ];
}

/** Of each instance the newest, those that run first. */
function newest(trees: readonly TreeSnapshot[]): TreeSnapshot[] {
  return [...newestByName(trees).values()].sort((a, b) => Number(isLive(b)) - Number(isLive(a)) || b.startedAt - a.startedAt);
}

function nodeOf(
  { dependsOn = [], schedule }: Pick<ProcessSpec, 'dependsOn' | 'schedule'>,
  { trees, isWaiting, nextAt }: Known = { trees: [], isWaiting: false },
): ShownNode {
  const words = [...new Set(trees.map(stateWord))];
  const times = timesOf(trees);
  return {
    ...(schedule !== undefined && { isScheduled: true }),
    ...{ dependsOn, state: isWaiting ? 'waiting' : words.join(', ') || '-' },
    ...(times && { times }),
    ...(nextAt !== undefined && { nextAt }),
  };
}

function asJson([name, { dependsOn, state, times, nextAt }]: [string, ShownNode]): object {
  return { name, dependsOn, state, ...(nextAt !== undefined && { nextAt }), ...times };
}
