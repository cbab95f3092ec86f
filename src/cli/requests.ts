import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from '../client/changes.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { clockTime, formatDuration } from '../protocol/format.ts';
import { type ActivityRequest, type ModelActivity, maxActivity } from '../protocol/modelActivity.ts';
import { normalName } from '../protocol/names.ts';
import { visible } from '../protocol/visible.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { FollowedWardens } from './followedWardens.ts';
import { MissedRequests } from './missedRequests.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { writeOut } from './stdout.ts';
import { table } from './table.ts';

export interface RequestsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  /** Number of the newest ones that are printed. */
  readonly lines: string;
}

/** Of each warden: up to where it has told what it was asked, and what it has not told of that. */
type Pages = WeakMap<WardenClient, { readonly after: NonNullable<ActivityRequest['after']>; readonly missed: MissedRequests }>;

interface News {
  readonly requests: readonly ModelActivity[];
  /** Number of requests that were forgotten before they were told. */
  readonly missed: number;
}

/** Pause between two looks while they are followed, in milliseconds. */
const lookMillis = 500;
const header = ['TIME', 'MODEL', 'CLIENT', 'STATUS', 'QUEUE', 'FIRST', 'TOTAL', 'IN', 'CACHED', 'OUT', 'SPEED', 'ERROR'];
const numeric = new Set(['QUEUE', 'FIRST', 'TOTAL', 'IN', 'CACHED', 'OUT', 'SPEED']);

/** What the models of all wardens were asked lately. With `follow`, never resolves. */
export async function requests(models: readonly string[], { follow = false, json = false, lines }: RequestsOptions): Promise<number> {
  if (!/^\d{1,3}$/.test(lines) || Number(lines) > maxActivity)
    throw new CliError(`-n wants a number of requests, at most ${maxActivity}, not '${lines}'.`, exitCodes.usage);
  const wanted = new Set(models.map(normalName));
  const isWanted = ({ model, asked, fallback }: ModelActivity): boolean =>
    wanted.size === 0 || [model, asked, fallback].some((name) => name !== undefined && wanted.has(name));
  using wardens = new FollowedWardens('tree-warden requests', new Changes());
  await wardens.look();
  const pages: Pages = new WeakMap();
  const look = async (): Promise<News> => {
    const found = await Promise.all(wardens.feeds.map(({ client }) => newIn(client, pages)));
    return {
      requests: found
        .flatMap((one) => one.requests)
        .filter(isWanted)
        .toSorted((a, b) => a.startedAt - b.startedAt),
      missed: found.reduce((sum, { missed }) => sum + missed, 0),
    };
  };
  const { requests: all } = await look();
  const known = Number(lines) === 0 ? all : all.slice(-Number(lines));
  if (!follow) {
    if (json) sayJson(known, 2);
    else if (known.length > 0) sayAll(table(header, known.map(cellsOf), numeric));
    else sayAll([wanted.size === 0 ? 'No model was asked anything.' : await nothingOf(wanted, wardens.feeds)]);
    return exitCodes.ok;
  }
  const print = async (news: readonly ModelActivity[]): Promise<void> => {
    for (const one of news.filter(({ state }) => state === 'ended'))
      await writeOut(`${json ? JSON.stringify(one) : visible(lineOf(one))}\n`);
  };
  await print(known);
  wardens.follow();
  for (;;) {
    await sleep(lookMillis);
    const { requests: news, missed } = await look();
    await print(news);
    if (missed > 0) complain(missedText(missed));
  }
}

/** Which models they have asked is not known any more. */
function missedText(missed: number): string {
  const [requests, are] = missed === 1 ? ['request', 'is'] : ['requests', 'are'];
  return `${missed} ${requests} of all models ${are} left out: more came than the last ${maxActivity}, which a gateway remembers, between two looks.`;
}

/** A name that is mistyped is asked nothing either. */
async function nothingOf(wanted: ReadonlySet<string>, feeds: FollowedWardens['feeds']): Promise<string> {
  const found = (await Promise.all(feeds.map(({ client }) => client.models().catch(() => [])))).flat();
  const names = new Set(found.map(({ name }) => name));
  const known = new Set(
    found.flatMap(({ name, aliases, variants = [] }) => [name, ...aliases, ...variants.map((variant) => variant.name)]),
  );
  const nothing = `Nothing was asked of ${[...wanted].join(', ')}.`;
  const unknown = [...wanted].filter((name) => !known.has(name));
  if (unknown.length === 0 || names.size === 0) return nothing;
  return `${nothing} There is no model '${unknown.join("', '")}'. There are: ${[...names].join(', ')}.`;
}

/** What has changed since the last look. */
async function newIn(client: WardenClient, pages: Pages): Promise<News> {
  const { after, missed } = pages.get(client) ?? { missed: new MissedRequests() };
  // One that has ended, or is of another version, tells nothing.
  const page = await client.modelActivity(after ? { after } : {}).catch(() => null);
  if (!page) return { requests: [], missed: 0 };
  pages.set(client, { after: { gateway: page.gateway, revision: page.revision }, missed });
  return { requests: page.requests, missed: missed.take(page) };
}

function cellsOf({ startedAt, model, asked, fallback, client, state, status, error, ...figures }: ModelActivity): string[] {
  const millis = (figure: number | undefined): string => (figure === undefined ? '-' : formatDuration(figure));
  const count = (figure: number | undefined): string => String(figure ?? '-');
  return [
    clockTime(startedAt),
    fallback === undefined ? (asked ?? model) : `${asked ?? model} → ${fallback}`,
    client || '-',
    state === 'ended' ? String(status) : state,
    millis(figures.queueMillis),
    millis(figures.firstMillis),
    millis(figures.totalMillis),
    count(figures.inputTokens),
    count(figures.cachedTokens),
    count(figures.outputTokens),
    figures.tokensPerSecond === undefined ? '-' : `${figures.tokensPerSecond.toFixed(1)}/s`,
    error ?? '-',
  ];
}

/** While they are followed, the widths of what is to come are not known. */
function lineOf(one: ModelActivity): string {
  const { error, ...answered } = one;
  const [time, model, client, status, ...figures] = cellsOf(answered);
  const named = figures.flatMap((figure, index) => (figure === '-' ? [] : `${header[index + 4]?.toLowerCase()} ${figure}`));
  return [time, model, client, status, ...named, ...(error === undefined ? [] : [error])].join('  ');
}
