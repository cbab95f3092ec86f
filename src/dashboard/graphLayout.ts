/** Where the boxes and arrows of a graph of dependencies go; pure. */
import { Graph, layout } from '@dagrejs/dagre';
import type { GraphNode } from '../protocol/criticalPath.ts';

export interface Box {
  readonly name: string;
  /** The upper left corner, and the size, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Arrow {
  /** From what is needed to what needs it. */
  readonly from: string;
  readonly to: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

const boxHeight = 36;
/** Of a character of the editor's font, about; what is longer is cut off. */
const characterWidth = 7.5;
const [minWidth, maxWidth] = [128, 210];

/** From left to right in the order of a start. */
export function layoutOf(nodes: readonly (GraphNode & { readonly name: string })[]): GraphLayout {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 44, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  const names = new Set(nodes.map(({ name }) => name));
  for (const name of names)
    graph.setNode(name, { width: Math.min(maxWidth, Math.max(minWidth, 30 + name.length * characterWidth)), height: boxHeight });
  for (const { name, dependsOn } of nodes) for (const one of dependsOn) if (names.has(one.name)) graph.setEdge(one.name, name);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    ...{ width, height },
    boxes: graph.nodes().map((name) => {
      const { x, y, width: wide, height: high } = graph.node(name) as { x: number; y: number; width: number; height: number };
      return { name, x: x - wide / 2, y: y - high / 2, width: wide, height: high };
    }),
    arrows: graph.edges().map((edge) => {
      const { points } = graph.edge(edge) as { points: { x: number; y: number }[] };
      return { from: edge.v, to: edge.w, points };
    }),
  };
}
