/** What `up` says and does where processes have schedules, or files that are watched: both have them run again. */
import type { NameStatus } from '../protocol/declare.ts';
import { instanceOf } from '../protocol/names.ts';
import { nextMomentText, scheduleActionText } from '../protocol/schedule.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { complainBehind } from './say.ts';
import type { CliSession } from './session.ts';

/** One line for each time that does not simply begin a run. */
export function tellScheduleActions(prefixOf: (name: string) => string | undefined) {
  const told = new Map<string, number>();
  return (statuses: readonly NameStatus[]): void => {
    for (const { name, schedule } of statuses) {
      const prefix = prefixOf(name);
      if (schedule?.last === undefined || prefix === undefined || told.get(name) === schedule.last.at) continue;
      told.set(name, schedule.last.at);
      const text = scheduleActionText(schedule);
      if (text !== '') complainBehind(prefix, text);
    }
  };
}

/**
 * Resolves with the next tree of one that has ended by itself, or has not run yet, when its time comes or its files change; undefined where neither will have
 * it run, or the session is closed.
 */
export async function nextRun(
  session: CliSession,
  before: Pick<TreeSnapshot, 'id' | 'name' | 'startedAt'>,
  prefix: string,
): Promise<TreeSnapshot | undefined> {
  const waits = async (): Promise<string> => {
    const statuses = await session.names();
    const { watch, schedule } = statuses.find(({ name }) => name === instanceOf(before.name).spec) ?? {};
    const parts = [watch?.state === 'watching' ? 'waits for a change of its files' : '', schedule ? nextMomentText(schedule) : ''];
    return parts.filter(Boolean).join('; ');
  };
  const text = await waits();
  if (text === '') return undefined;
  complainBehind(prefix, text);
  return await session.nextOf(before, async () => (await waits()) === '');
}
