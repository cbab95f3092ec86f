/** A graph of dependencies as text: a tree for people, and a diagram for Markdown. */
import { type GraphNode, type PathStep, startMillis } from '../protocol/criticalPath.ts';
import type { Dependency } from '../protocol/declare.ts';
import { formatDuration } from '../protocol/format.ts';
import { nextMomentText } from '../protocol/schedule.ts';
import { table } from './table.ts';

export interface ShownNode extends GraphNode {
  /** A word; `-` where it has not been started. */
  readonly state: string;
  /** When it runs next, where it has a schedule and waits for it; in milliseconds since 1970. */
  readonly nextAt?: number;
}

/** In the order of a start: each behind what it depends on. */
export type ShownGraph = ReadonlyMap<string, ShownNode>;

const header = ['NAME', 'NEEDED', 'STATE', 'TOOK'];
/** Numbers line up on the right. */
const numeric = new Set(['TOOK']);
/** A chain may be as long as the file allows; further down than this, a line says that there is more. */
const maxDepth = 50;

/** What nothing else depends on comes first, with what it depends on below it; what stands further up already is not repeated. */
export function graphLines(graph: ShownGraph, criticalPath: readonly PathStep[]): string[] {
  const rows: string[][] = [];
  const shown = new Set<string>();
  const visit = (name: string, edge: Dependency | undefined, indent: string, branch: string, depth: number): void => {
    const node = graph.get(name);
    const isRepeated = shown.has(name) && (node?.dependsOn.length ?? 0) > 0;
    rows.push([`${indent}${branch}${name}${isRepeated ? ' (see above)' : ''}`, neededAs(edge), stateOf(node), tookOf(node, edge)]);
    if (isRepeated || node === undefined) return;
    shown.add(name);
    const below = branch === '' ? '' : `${indent}${branch === '└─ ' ? '   ' : '│  '}`;
    if (depth === maxDepth && node.dependsOn.length > 0) rows.push([`${below}└─ …`, '', '', '']);
    else for (const one of node.dependsOn) visit(one.name, one, below, one === node.dependsOn.at(-1) ? '└─ ' : '├─ ', depth + 1);
  };
  for (const name of roots(graph)) visit(name, undefined, '', '', 0);
  return [...table(header, rows, numeric), ...pathLines(criticalPath)];
}

/** A flowchart of Mermaid, from what is started last to what is started first. */
export function mermaidLines(graph: ShownGraph): string[] {
  const ids = new Map([...graph.keys()].map((name, index) => [name, `p${index}`]));
  const idOf = (name: string): string => ids.get(name) ?? '';
  return [
    'flowchart TD',
    ...Array.from(graph.keys(), (name) => `  ${idOf(name)}["${escaped(name)}"]`),
    ...Array.from(graph, ([name, { dependsOn }]) =>
      dependsOn.map((one) => `  ${idOf(name)} -->|${neededAs(one)}| ${idOf(one.name)}`),
    ).flat(),
  ];
}

function pathLines(steps: readonly PathStep[]): string[] {
  if (steps.length < 2) return [];
  const whole = steps.reduce((sum, { millis }) => sum + millis, 0);
  const shown = steps.map(({ name, millis }) => `${name} ${formatDuration(millis)}`).join(' → ');
  return ['', `Critical path of the last start, ${formatDuration(whole)}: ${shown}`];
}

/** What nothing else depends on, in the order of the graph. A file with a circle is refused before. */
function roots(graph: ShownGraph): readonly string[] {
  const needed = new Set([...graph.values()].flatMap(({ dependsOn }) => dependsOn.map(({ name }) => name)));
  return [...graph.keys()].filter((name) => !needed.has(name));
}

function neededAs(edge: Dependency | undefined): string {
  return edge === undefined ? '' : `${edge.condition}${edge.restart ? ', restarts' : ''}`;
}

function stateOf(node: ShownNode | undefined): string {
  if (node === undefined) return '-';
  return node.nextAt === undefined ? node.state : `${node.state}, ${nextMomentText({ isArmed: true, nextAt: node.nextAt })}`;
}

function tookOf(node: ShownNode | undefined, edge: Dependency | undefined): string {
  const millis = node?.times && startMillis(node.times, edge?.condition);
  return millis === undefined ? '' : formatDuration(millis);
}

/** Mermaid takes HTML's entities with a # for the &. */
function escaped(name: string): string {
  return name.replaceAll(/["#;<>&`\\]/g, (sign) => `#${sign.codePointAt(0)};`);
}
