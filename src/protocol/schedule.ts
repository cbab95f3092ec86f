/** Processes that are run at set times: what is declared of it, and what clients see of it. */
import { clockTime, dateAndTime } from './format.ts';

/**
 * What follows where a run is still under way when the next time comes. `skip`: nothing; `queue`: one run when it has ended, however many times have passed;
 * `replace`: it is ended, and the next run begins when nothing of it is left.
 */
export type Overlap = 'skip' | 'queue' | 'replace';

export interface Schedule {
  /** Five fields, six with seconds in front, or a nickname such as `@hourly`. */
  readonly cron: string;
  /** By its IANA name; absent: that of the machine. */
  readonly timeZone?: string;
  readonly overlap: Overlap;
  /** Where times have passed unseen, because the machine slept or no warden was there, one run makes up for all of them. */
  readonly catchUp?: true;
}

/** What the last time has led to. `madeUp`: it was started for times that have passed unseen; `missed`: these were left out. */
export type ScheduleAction = 'started' | 'skipped' | 'queued' | 'replaced' | 'madeUp' | 'missed';

export interface ScheduleStatus {
  /** It waits for its times: it was started, and no user has stopped it since. */
  readonly isArmed: boolean;
  /** Milliseconds since 1970; absent where it does not wait, and where no further time will come. */
  readonly nextAt?: number;
  /** Another run begins when the present one has ended. */
  readonly isQueued?: true;
  readonly last?: {
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly action: ScheduleAction;
  };
}

/** The time of day, and the date in front where that is another one: `03:00`, `2026-12-01 03:00`. Both in milliseconds since 1970. */
function minuteText(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return (isToday ? clockTime(at) : dateAndTime(at)).slice(0, -':00'.length);
}

/** `next at 03:00`, `next on 2026-12-01 03:00`; empty where it does not wait. @param now Milliseconds since 1970. */
export function nextTimeText({ isArmed, nextAt }: ScheduleStatus, now: number): string {
  if (!isArmed) return '';
  if (nextAt === undefined) return 'no further time';
  const text = minuteText(nextAt, now);
  return `next ${text.includes(' ') ? 'on' : 'at'} ${text}`;
}

/** As {@link nextTimeText}, with the whole moment, for what is printed once: `next at 2026-12-01 03:00:00`. */
export function nextMomentText({ isArmed, nextAt }: ScheduleStatus): string {
  if (!isArmed) return '';
  return nextAt === undefined ? 'no further time' : `next at ${dateAndTime(nextAt)}`;
}

const actions: Readonly<Record<ScheduleAction, string>> = {
  started: '',
  skipped: 'its time has come and is skipped, because its last run is still under way',
  queued: 'its time has come; it runs again when its last run has ended',
  replaced: 'its time has come; its last run, which is still under way, is ended',
  madeUp: 'runs once for the times that have passed unseen',
  missed: 'times have passed unseen and are left out',
};

/** What the last time has led to, as a clause; empty where that is a run like any other. */
export function scheduleActionText({ last }: ScheduleStatus): string {
  return last ? actions[last.action] : '';
}
