/** The rows of the table of requests: what they say, which are shown, and in which order. No page, no clock. */
import { clockTime, formatDuration } from '../protocol/format.ts';
import type { ActivityEntry, KnownGateway } from '../protocol/modelPages.ts';
import { visible } from '../protocol/visible.ts';
import { type TimePart, timeParts } from './waterfall.ts';

export const requestColumns = [
  'time',
  'model',
  'client',
  'status',
  'course',
  'queue',
  'load',
  'first',
  'total',
  'tokenSpeed',
  'in',
  'cached',
  'out',
] as const;
export type RequestColumn = (typeof requestColumns)[number];

/** Maximum number of requests in the page: as many as a gateway remembers. */
const maxRows = 500;

export interface RequestOrder {
  /** `natural`: the newest first. */
  readonly by: RequestColumn | 'natural';
  readonly descending: boolean;
}

export interface RequestFilter {
  /** Empty: all. */
  readonly model: string;
  readonly failedOnly: boolean;
}

export interface RequestRow {
  readonly key: string;
  readonly entry: ActivityEntry;
  readonly isFailed: boolean;
  readonly parts: readonly TimePart[];
  /** For sorting. */
  readonly values: Readonly<Record<RequestColumn, number | string>>;
  readonly texts: Readonly<Record<RequestColumn, string>>;
}

export function keyOf({ gateway, id }: Pick<ActivityEntry, 'gateway' | 'id'>): string {
  return `${gateway}:${id}`;
}

/** The last requests, in the order in which they came. Those that a gateway was answering when it ended are left out: what became of them is not known. */
export function mergeEntries(
  known: ReadonlyMap<string, ActivityEntry>,
  news: readonly ActivityEntry[],
  gateways: readonly KnownGateway[],
): Map<string, ActivityEntry> {
  const living = new Set(gateways.map(({ id }) => id));
  const all = new Map(known);
  for (const entry of news) all.set(keyOf(entry), entry);
  const kept = [...all.values()].filter(({ gateway, state }) => state === 'ended' || living.has(gateway));
  const newest = kept.toSorted((a, b) => a.startedAt - b.startedAt || a.id - b.id).slice(-maxRows);
  return new Map(newest.map((entry) => [keyOf(entry), entry]));
}

/** `stateText`: what stands for one that has not ended. */
export function requestRow(entry: ActivityEntry, stateText: (state: 'waiting' | 'answering') => string): RequestRow {
  const { startedAt, model, asked, client, state, status = 0, error, queueMillis, loadMillis, firstMillis, totalMillis } = entry;
  const { tokensPerSecond, inputTokens, cachedTokens, outputTokens } = entry;
  const hasEnded = state === 'ended';
  const problem = error === undefined ? '' : ` ${error}`;
  return {
    key: keyOf(entry),
    entry,
    isFailed: hasEnded && (status >= 400 || error !== undefined),
    parts: timeParts(entry),
    values: {
      time: startedAt,
      model: asked ?? model,
      client,
      status: hasEnded ? status : state === 'waiting' ? 1 : 2,
      course: totalMillis ?? -1,
      queue: queueMillis ?? -1,
      load: loadMillis ?? -1,
      first: firstMillis ?? -1,
      total: totalMillis ?? -1,
      tokenSpeed: tokensPerSecond ?? -1,
      in: inputTokens ?? -1,
      cached: cachedTokens ?? -1,
      out: outputTokens ?? -1,
    },
    texts: {
      time: clockTime(startedAt),
      model: visible(asked ?? model),
      client: visible(client),
      status: visible(hasEnded ? `${status}${problem}` : stateText(state)),
      course: '',
      queue: durationText(queueMillis),
      load: durationText(loadMillis),
      first: durationText(firstMillis),
      total: durationText(totalMillis),
      tokenSpeed: tokensPerSecond === undefined ? '' : `${tokensPerSecond.toFixed(1)}/s`,
      in: countText(inputTokens),
      cached: countText(cachedTokens),
      out: countText(outputTokens),
    },
  };
}

/** Empty where nothing is known, or it took no time. */
export function durationText(millis: number | undefined): string {
  // What takes less is no wait.
  return millis === undefined || millis < 0.5 ? '' : formatDuration(millis);
}

function countText(count: number | undefined): string {
  return count === undefined ? '' : String(count);
}

export function filterRequests(rows: readonly RequestRow[], { model, failedOnly }: RequestFilter): RequestRow[] {
  return rows.filter(
    ({ entry, isFailed }) => (model === '' || entry.model === model || entry.asked === model) && (isFailed || !failedOnly),
  );
}

/** `rows`: in the order in which they came. Equal ones stay in it, the newest first. */
export function sortRequests(rows: readonly RequestRow[], { by, descending }: RequestOrder): RequestRow[] {
  const newestFirst = rows.toReversed();
  if (by === 'natural') return newestFirst;
  const direction = descending ? -1 : 1;
  return newestFirst.toSorted((a, b) => direction * compare(a.values[by], b.values[by]));
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Figures are of interest from the largest, names from the first; a third time gives the natural order back. */
export function nextOrder({ by, descending }: RequestOrder, column: RequestColumn): RequestOrder {
  const firstDescending = !['model', 'client'].includes(column);
  if (by !== column) return { by: column, descending: firstDescending };
  if (descending === firstDescending) return { by: column, descending: !firstDescending };
  return { by: 'natural', descending: false };
}
