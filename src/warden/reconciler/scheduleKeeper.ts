import { isDeepStrictEqual } from 'node:util';
import { CronTimes } from '../../protocol/cronTimes.ts';
import type { StartNameRequest } from '../../protocol/declare.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import { type Schedule, type ScheduleAction, type ScheduleStatus, scheduleActionText } from '../../protocol/schedule.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import type { Journal } from '../journal.ts';
import { isSuperseded } from '../requestError.ts';
import type { InstanceOutcome } from './instances.ts';
import type { ManagedPool } from './managedPool.ts';
import { type DayClock, lookAt, untilLook } from './scheduleClock.ts';

export interface ScheduleKeeperParts {
  readonly pools: ReadonlyMap<string, Pick<ManagedPool, 'schedule' | 'isDesired'>>;
  readonly clock: DayClock;
  readonly journal: Journal;
  /** Starts a name, with what it needs, where it {@link ScheduleKeeper.isArmed} by then. */
  run(name: string, options: RunOptions): Promise<readonly InstanceOutcome[]>;
  /** Shows a message to the user. `process`: the name that it is about. */
  alert(message: Text, process?: string): void;
  /** Something that clients are told of a name has changed. */
  onChange(): void;
}

/** How long ago a run on record may be for its time to count, in milliseconds: ten years. */
const longestMillis = 3653 * 86_400_000;

/** How a name is run at its time. */
export interface RunOptions extends Pick<StartNameRequest, 'env'> {
  /** What runs of it is ended before, for this reason. */
  readonly replacing?: Text | undefined;
}

/** A name that waits for its times. */
interface Armed extends Pick<StartNameRequest, 'env'> {
  declared: Schedule;
  /** Undefined where the pattern cannot be read: it comes from a client of another version. */
  times: CronTimes | undefined;
  /** Milliseconds since 1970; undefined: no further time comes. */
  nextAt: number | undefined;
  isQueued: boolean;
  /** It could not be started at its last time: that is told once, and not each time. */
  hasFailed: boolean;
  last?: NonNullable<ScheduleStatus['last']>;
}

/**
 * Runs the names that were started and have a schedule at their times. It looks at the clock of the day when the next time comes, and at least twice a minute,
 * so that neither a sleep of the machine nor a clock that is set goes unseen.
 */
export class ScheduleKeeper {
  readonly #parts: ScheduleKeeperParts;
  readonly #armed = new Map<string, Armed>();
  #cancelTimer: () => void = () => undefined;
  /** What the clock has said at the last look, in milliseconds since 1970. */
  #lookedAt = 0;
  #isClosed = false;

  constructor(parts: ScheduleKeeperParts) {
    this.#parts = parts;
  }

  /** Whether any name waits for its time. */
  get hasArmed(): boolean {
    return this.#armed.size > 0;
  }

  isArmed(name: string): boolean {
    return this.#armed.has(name);
  }

  statusOf(name: string): ScheduleStatus | undefined {
    if (this.#parts.pools.get(name)?.schedule === undefined) return undefined;
    const armed = this.#armed.get(name);
    if (armed === undefined) return { isArmed: false };
    const { nextAt, isQueued, last } = armed;
    return { isArmed: true, ...(nextAt !== undefined && { nextAt }), ...(isQueued && { isQueued }), ...(last && { last }) };
  }

  /**
   * Has a name wait for its times. False where it has no schedule, or does so already.
   * @param options `env` is that of each run.
   */
  arm(name: string, { env, lastRunAt }: Pick<StartNameRequest, 'env' | 'lastRunAt'>): boolean {
    const schedule = this.#parts.pools.get(name)?.schedule;
    if (schedule === undefined || this.#isClosed || this.#armed.has(name)) return false;
    if (this.#armed.size === 0) this.#lookedAt = this.#parts.clock.now();
    const armed: Armed = {
      declared: schedule,
      times: undefined,
      nextAt: undefined,
      isQueued: false,
      hasFailed: false,
      ...(env && { env }),
    };
    this.#armed.set(name, armed);
    this.#read(name, armed, schedule);
    const now = this.#parts.clock.now();
    const missedAt = schedule.catchUp && lastRunAt !== undefined && this.#timeAfter(name, armed, Math.max(lastRunAt, now - longestMillis));
    if (missedAt && missedAt <= now) this.#comes(name, armed, 'madeUp');
    this.#setTimer();
    this.#parts.onChange();
    return true;
  }

  /** It does not wait for its times any more. What runs of it is the caller's to end. */
  disarm(name: string): void {
    if (!this.#armed.delete(name)) return;
    this.#setTimer();
    this.#parts.onChange();
  }

  disarmAll(): void {
    for (const name of [...this.#armed.keys()]) this.disarm(name);
  }

  /** What is declared has changed. */
  update(): void {
    for (const [name, armed] of [...this.#armed]) {
      const schedule = this.#parts.pools.get(name)?.schedule;
      if (schedule === undefined) this.disarm(name);
      else if (!isDeepStrictEqual(schedule, armed.declared)) {
        this.#read(name, armed, schedule);
        this.#setTimer();
        this.#parts.onChange();
      }
    }
  }

  /** What runs of this name has changed. */
  observe(name: string): void {
    const armed = this.#armed.get(name);
    if (!armed?.isQueued || this.#parts.pools.get(name)?.isDesired !== false) return;
    armed.isQueued = false;
    void this.#run(name, armed);
  }

  /** The warden ends: no time counts any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#armed.clear();
  }

  #read(name: string, armed: Armed, schedule: Schedule): void {
    armed.declared = schedule;
    armed.isQueued &&= schedule.overlap === 'queue';
    try {
      armed.times = new CronTimes(schedule.cron, schedule.timeZone);
    } catch (error) {
      armed.times = undefined;
      this.#parts.journal.write({ event: 'schedule', spec: name, reason: `${schedule.cron} ${errorText(error)}` });
    }
    armed.nextAt = this.#timeAfter(name, armed, this.#parts.clock.now());
  }

  /** The engine is another's work: where it fails, no further time comes, and nothing else is harmed. */
  #timeAfter(name: string, { times }: Armed, at: number): number | undefined {
    try {
      return times?.after(at);
    } catch (error) {
      this.#parts.journal.write({ event: 'schedule', spec: name, reason: `the next time could not be computed: ${errorText(error)}` });
      return undefined;
    }
  }

  #setTimer(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    if (this.#armed.size === 0 || this.#isClosed) return;
    const times = [...this.#armed.values()].flatMap(({ nextAt }) => nextAt ?? []);
    this.#cancelTimer = this.#parts.clock.setTimer(() => this.#look(), untilLook(times, this.#parts.clock.now()));
  }

  #look(): void {
    const now = this.#parts.clock.now();
    const before = this.#lookedAt;
    this.#lookedAt = now;
    let isNews = false;
    for (const [name, armed] of [...this.#armed]) {
      const { nextAt, declared } = armed;
      const look = nextAt === undefined ? 'early' : lookAt(nextAt, now, before);
      if (look === 'early') continue;
      isNews = true;
      armed.nextAt = this.#timeAfter(name, armed, look === 'setBack' ? now : Math.max(now, nextAt ?? now));
      if (look === 'due') this.#comes(name, armed, 'started');
      else if (look === 'missed') this.#comes(name, armed, declared.catchUp ? 'madeUp' : 'missed');
    }
    this.#setTimer();
    if (isNews) this.#parts.onChange();
  }

  #comes(name: string, armed: Armed, cause: 'started' | 'madeUp' | 'missed'): void {
    const isBusy = this.#parts.pools.get(name)?.isDesired === true;
    const inTheWay = { skip: 'skipped', queue: 'queued', replace: 'replaced' } as const;
    const action: ScheduleAction = isBusy && cause !== 'missed' ? inTheWay[armed.declared.overlap] : cause;
    armed.last = { at: this.#parts.clock.now(), action };
    this.#parts.journal.write({ event: 'schedule', spec: name, reason: scheduleActionText({ isArmed: true, last: armed.last }) || action });
    if (action === 'queued') armed.isQueued = true;
    else if (action === 'replaced') void this.#run(name, armed, localizable('timeHasCome'));
    else if (action === 'started' || action === 'madeUp') void this.#run(name, armed);
  }

  /** A run that fails is a tree that says so; one that cannot be started has none, so that it is told here. */
  async #run(name: string, armed: Armed, replacing?: Text): Promise<void> {
    try {
      await Promise.all((await this.#parts.run(name, { ...(armed.env && { env: armed.env }), replacing })).map(({ tree }) => tree));
      armed.hasFailed = false;
    } catch (error) {
      if (this.#isClosed || isSuperseded(error)) return;
      this.#parts.journal.write({ event: 'schedule', spec: name, reason: errorText(error) });
      if (!armed.hasFailed) this.#parts.alert(textOfError(error), name);
      armed.hasFailed = true;
    }
  }
}
