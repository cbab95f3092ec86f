/** The rows of the Processes view as plain data, independent of the editor and of the clock. */
import type { WatchStatus } from '../../protocol/fileWatch.ts';
import type { JobCounts } from '../../protocol/jobs.ts';
import type { ScheduleStatus } from '../../protocol/schedule.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { ShownFigures } from './shownFigures.ts';
import type { ShownMembers } from './shownMembers.ts';
import type { ShownRates } from './shownRates.ts';

/** A pool has several instances of one process. */
export type RowKind = 'group' | 'languageServer' | 'model' | 'pool' | 'process' | 'external' | 'member' | 'found' | 'more' | 'mistake';

/** How what a row stands for lags behind its file: it runs with another declaration, no file has one any more, or the newest one cannot be read. */
export type Staleness = 'changed' | 'undeclared' | 'kept';

/** A place in a file. */
export interface Place {
  /** Its URI. */
  readonly file: string;
  /** Zero-based, as the column. */
  readonly line: number;
  readonly column: number;
}

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
   * For `when` clauses: `languageServer.` with its phase, `model.cold`, `model.busy`, `model.loaded`, `pool.idle`, `pool.some`, `pool.live`, `jobs.idle`, `jobs.live` (any of its jobs runs or waits), `process.idle`, `process.waiting`, `process.armed` (waits for the time of its schedule), `process.failed`, `process.live`, `process.ended`,
   * `external.live`, `external.left` or `external.ended` with its guard behind it, `member`, with `.reachable` where it listens on a port, and
   * `.watching` or `.unwatched` where its files are watched, or could be, `.declared` where it has a spec, `.remote` where a server elsewhere answers for a model, `.found` where it was found in the workspace. Of a group: see groupContext.ts. Others: `found.idle`, `found.failed`, `more.found`,
   * `mistake.error`.
   */
  readonly context: string;
  /** Name of the process it belongs to, or of the pool, model or language server that it is, or the key of an external one; empty for a group. */
  readonly process: string;
  readonly pid?: number;
  /** Of a group: closed until the user opens it. */
  readonly isClosed?: boolean;
  readonly stale?: Staleness;
  /** It waits for a person's answer. */
  readonly asks?: true;
  /** What a click opens where there is no output to show. */
  readonly place?: Place;
  readonly children: readonly Row[];
}

/** The words of a {@link Row.context} that are for `when` clauses only, as a person would say them. */
const spoken: Readonly<Record<string, string>> = { some: 'partly running', armed: 'scheduled' };

/** The text for a screen reader: the name, the state, and the description of the row. */
export function spokenText({ kind, label, context, description }: Row): string {
  const [, word = kind] = context.split('.');
  return `${label}, ${kind === 'group' || kind === 'member' ? kind : (spoken[word] ?? word)}, ${description}`;
}

/** A row for commands that are called outside of the view. */
export function rowOf(process: string): Row {
  return { id: idOf(process), kind: 'process', label: process, description: '', icon: '', context: '', process, children: [] };
}

/** The row of a pool, for commands that are called outside of the view. */
export function rowOfPool(pool: string): Row {
  return { ...rowOf(pool), id: idOfPool(pool), kind: 'pool' };
}

/** The figures and members that the rows show, which change less often than the measured ones. */
export interface Shown {
  readonly figures: ShownFigures;
  readonly members: ShownMembers;
  readonly rates: ShownRates;
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
  /** Its declaration is the last good one of a file that cannot be read now. */
  readonly kept?: boolean | undefined;
  /** Of its declaration. */
  readonly place?: Place | undefined;
  /** What is wrong with its declaration, which is used as it was before, and where. */
  readonly mistake?: (Place & { readonly message: string }) | undefined;
  /** Names of the processes that its start waits for. */
  readonly waitsFor?: readonly string[] | undefined;
  /** Why its last start has failed, as a sentence. */
  readonly failure?: string | undefined;
  /** Of its files, where they are declared to be watched. */
  readonly watch?: WatchStatus | undefined;
  /** Absent where it has no schedule. */
  readonly schedule?: ScheduleStatus | undefined;
  /** When it runs next by its schedule, as a clause. */
  readonly nextRun?: string | undefined;
  /** Of a pool of jobs. */
  readonly jobs?: JobCounts | undefined;
  /** It was found in the workspace, and is not declared. */
  readonly found?: boolean;
  /** What is wrong with it, as clauses. */
  readonly problems?: readonly string[];
}

export const failedLook = { icon: 'error', colour: 'charts.red' } as const;

/** The id of a process's row. */
export function idOf(process: string): string {
  return `process:${process}`;
}

/** A sentence on a process beside its name. */
export function withoutName(sentence: string, name: string): string {
  return sentence.startsWith(`'${name}' `) ? sentence.slice(name.length + 3) : sentence;
}

/** The id of a pool's row: its first instance has the same name. */
export function idOfPool(pool: string): string {
  return `pool:${pool}`;
}
