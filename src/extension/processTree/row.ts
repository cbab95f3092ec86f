/** The rows of the Processes view as plain data, independent of the editor and of the clock. */
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { ShownFigures } from './shownFigures.ts';
import type { ShownMembers } from './shownMembers.ts';

/** A pool has several instances of one process. */
export type RowKind = 'group' | 'model' | 'pool' | 'process' | 'member';

export interface Row {
  /** Stable identity of the row. */
  readonly id: string;
  readonly kind: RowKind;
  readonly label: string;
  readonly description: string;
  /** A codicon and its theme color. */
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

/** The words of a {@link Row.context} that are for `when` clauses only, as a person would say them. */
const spoken: Readonly<Record<string, string>> = { some: 'partly running' };

/** The text for a screen reader: the name, the state, and the description of the row. */
export function spokenText({ kind, label, context, description }: Row): string {
  const [, word = kind] = context.split('.');
  return `${label}, ${kind === 'group' || kind === 'member' ? kind : (spoken[word] ?? word)}, ${description}`;
}

/** A row for commands that are called outside of the view. */
export function rowOf(process: string): Row {
  return { id: idOf(process), kind: 'process', label: process, description: '', icon: '', context: '', process, children: [] };
}

/** The figures and members that the rows show, which change less often than the measured ones. */
export interface Shown {
  readonly figures: ShownFigures;
  readonly members: ShownMembers;
}

/** The source of a process's row. */
export interface RowSource {
  readonly name: string;
  readonly pool?: string | undefined;
  readonly group?: string | undefined;
  readonly description?: string | undefined;
  readonly declared: boolean;
  readonly tree?: TreeSnapshot | undefined;
  /** What runs was started with another declaration than the newest one. */
  readonly changed?: boolean | undefined;
  /** It runs, and no file declares it any more. */
  readonly undeclared?: boolean | undefined;
  /** What is wrong with it, as clauses. */
  readonly problems?: readonly string[];
}

/** The id of a process's row. */
export function idOf(process: string): string {
  return `process:${process}`;
}
