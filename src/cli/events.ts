import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from '../client/changes.ts';
import { eventFrom, eventLine, isAbout, type ProcessEvent } from '../client/processEvents.ts';
import { normalName } from '../protocol/names.ts';
import { visible } from '../protocol/visible.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { momentOf } from './durations.ts';
import { exitCodes } from './exitCodes.ts';
import { FollowedWardens } from './followedWardens.ts';
import { JournalTail } from './journalTail.ts';
import { writeOut } from './stdout.ts';

export interface EventsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  /** A duration before now, or a moment. */
  readonly since?: string;
}

/** What is listed without `--since`, in milliseconds. */
const usualMillis = 3_600_000;
/** Pause between two looks at the journals, in milliseconds. */
const lookMillis = 200;
/** Maximum number of events that are listed at once; the newest ones. */
const maxEvents = 100_000;

/**
 * What has happened to processes: of the command line and of detached ones for as long as their journal is kept, of windows that are open.
 * With `follow`, never resolves.
 */
export async function events(written: readonly string[], { follow = false, json = false, since }: EventsOptions): Promise<number> {
  const sinceAt = since === undefined ? Date.now() - (follow ? 0 : usualMillis) : momentOf('--since', since);
  const wanted = written.map(normalName);
  const isWanted = (event: ProcessEvent): boolean =>
    Date.parse(event.time) >= sinceAt && (wanted.length === 0 || wanted.some((name) => isAbout(event, name)));
  using wardens = new FollowedWardens('tree-warden events', new Changes());
  await wardens.look();
  if (follow) wardens.follow();
  const tails = new Map<string, JournalTail>();
  try {
    for (;;) {
      const found: ProcessEvent[] = [];
      for (const path of [join(stateLogFolder(), 'journal.jsonl'), ...wardens.feeds.map(({ client }) => client.welcome.journalFile)]) {
        const tail = tails.get(path) ?? new JournalTail(path);
        tails.set(path, tail);
        await tail.read((line) => {
          const event = eventFrom(line);
          if (event && isWanted(event)) found.push(event);
          // The oldest half at once, so that it costs little.
          if (found.length > 2 * maxEvents) found.splice(0, maxEvents);
        });
      }
      const ordered = found.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)).slice(-maxEvents);
      for (const event of ordered) await writeOut(`${json ? JSON.stringify(event) : visible(eventLine(event))}\n`);
      if (!follow) return exitCodes.ok;
      await sleep(lookMillis);
    }
  } finally {
    for (const tail of tails.values()) await tail[Symbol.asyncDispose]();
  }
}
