/** What is sent about a tree only on request: expensive readings, and its history. */
import { RequestType } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';

/** What is too dear to be read at every sample; what is absent is not known here. */
export interface Details {
  /** Memory with each shared page divided among the processes that share it (PSS), in bytes. */
  readonly pssBytes?: number;
  readonly openFiles?: number;
  /** TCP connections that are established. */
  readonly connections?: number;
  /** What its container counts as a whole, for the tree as a whole. */
  readonly container?: {
    readonly memoryBytes?: number;
    /** Percent of the last ten seconds in which a process inside had to wait for it. */
    readonly pressure?: { readonly cpu?: number; readonly memory?: number; readonly io?: number };
  };
}

export interface HistoryPoint {
  /** Milliseconds since 1970; the same for all trees of one sample. */
  readonly at: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly readRate: number;
  readonly writeRate: number;
  readonly processes: number;
  readonly gpuMemoryBytes: number;
  readonly gpuPercent: number;
}

/** Columns of points, oldest first. */
export type HistorySeries = { readonly [key in keyof HistoryPoint]: readonly number[] };

export interface History {
  /** Ten minutes at best, at the pace at which clients have sampled. */
  readonly recent: HistorySeries;
  /** Means over twenty seconds, for four hours at best. */
  readonly long: HistorySeries;
}

/** What the tree has used so far, as a course over time. */
export const history = new RequestType<{ readonly tree: TreeId }, History, void>('history');
/** Of one member, or of the tree as a whole. */
export const details = new RequestType<{ readonly tree: TreeId; readonly pid?: number }, Details, void>('details');
