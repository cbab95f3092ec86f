/** What the Processes view shows, as plain data: no editor, no clock. */
import type { TreeSnapshot } from '../../protocol/messages.ts';
import type { ShownFigures } from './shownFigures.ts';
import type { ShownMembers } from './shownMembers.ts';

/** A pool is several instances of one spec. */
export type RowKind = 'group' | 'model' | 'pool' | 'process' | 'member';

export interface Row {
  /** The same for the same thing at every look. */
  readonly id: string;
  readonly kind: RowKind;
  readonly label: string;
  readonly description: string;
  /** A codicon, with the theme colour it is drawn in. */
  readonly icon: string;
  readonly colour?: string;
  /**
   * For `when` clauses: `model.cold`, `model.busy`, `model.loaded`, `pool.idle`, `pool.some`, `pool.live`, `process.idle`, `process.live`, `process.ended`, `member`, with `.reachable` where it listens on a port, and
   * `.declared` where it has a spec.
   */
  readonly context: string;
  /** Name of the process it belongs to, or of the pool or model that it is; empty for a group. */
  readonly process: string;
  readonly pid?: number;
  readonly children: readonly Row[];
}

/** One that stands for a process where there is no view: for commands that are called from elsewhere. */
export function rowOf(process: string): Row {
  return { id: idOf(process), kind: 'process', label: process, description: '', icon: '', context: '', process, children: [] };
}

/** What the rows say, which is calmer than what is measured. */
export interface Shown {
  readonly figures: ShownFigures;
  readonly members: ShownMembers;
}

/** What a row of the view is made of. */
export interface RowSource {
  readonly name: string;
  readonly pool?: string | undefined;
  readonly group?: string | undefined;
  readonly description?: string | undefined;
  readonly declared: boolean;
  readonly tree?: TreeSnapshot | undefined;
  /** What is wrong with it, as clauses. */
  readonly ills?: readonly string[];
}

/** Of a process's row. */
export function idOf(process: string): string {
  return `process:${process}`;
}
