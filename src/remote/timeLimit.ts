import { errorText } from '../protocol/errors.ts';
import { LongTimer } from '../protocol/timers.ts';
import type { NodeRunner } from './runner.ts';

/** Between two looks at the time limit, in milliseconds: each is a question to a controller that all users share. */
const lookMillis = 60_000;
/** Of the whole time, when more is asked for. */
const lastShare = 1 / 5;
/** Before the stop has to begin, in milliseconds: what is behind the process (a model's requests) is to be told in time. Of a short limit, half of it at most. */
const noticeMillis = 60_000;
/** Of the whole time, what a notice, and what a stop, may take at most. */
const mostShare = 1 / 2;
/** For the last question whether there is more time, in milliseconds. */
const answerMillis = 5000;

/** Why a process has ended by it. */
export const timeLimitReached = 'its time limit was reached';

export interface KnownLimit {
  /** When it ends, in milliseconds since 1970. */
  readonly endsAt: number;
  /** Why there is no more time; undefined where none was asked for, or where it was given. */
  readonly refusal?: string;
  /** When the stop begins, so that it is over before the limit; undefined while more time may be given, or there is plenty. */
  readonly stopsAt?: number;
}

export interface TimeLimitEvents {
  onChange(limit: KnownLimit): void;
  /** There is as much time left as the stop takes. Called once. */
  onOver(): void;
}

/** The time limit of a placement. When little of it is left, it is asked once for as much again; what has to end by it is stopped before. */
export class TimeLimit {
  readonly #node: Pick<NodeRunner, 'state' | 'extend'>;
  readonly #stopMillis: number;
  readonly #events: TimeLimitEvents;
  #known: KnownLimit | undefined;
  /** The time that there was in the beginning, in milliseconds. */
  #total = 0;
  #wasAsked = false;
  #isLooking = false;
  #looked = performance.now();
  #timer: LongTimer | undefined;
  #isOver = false;

  /** `stopMillis`: what the stop takes at most. */
  constructor(node: Pick<NodeRunner, 'state' | 'extend'>, stopMillis: number, events: TimeLimitEvents) {
    this.#node = node;
    this.#stopMillis = stopMillis;
    this.#events = events;
  }

  get known(): KnownLimit | undefined {
    return this.#known;
  }

  /** Whether {@link TimeLimitEvents.onOver} was called. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Of a placement that has just begun. */
  beginAt(endsAt: number, now = Date.now()): void {
    this.#known = { endsAt };
    this.#total = endsAt - now;
    this.#arm(now);
  }

  dispose(): void {
    this.#timer?.cancel();
  }

  /** To be called every few seconds; returns at once. */
  lookAt(now = Date.now()): void {
    if (!this.#known || this.#isLooking) return;
    const asks = !this.#wasAsked && this.#isShort(this.#known.endsAt, now);
    if (!asks && performance.now() - this.#looked < lookMillis) this.#learn(this.#known, now);
    else void this.#look(asks, now).catch(() => undefined);
  }

  get #stopTakes(): number {
    return Math.min(this.#stopMillis, this.#total * mostShare);
  }

  #isShort(endsAt: number, now: number): boolean {
    const notice = Math.min(this.#stopTakes + noticeMillis, this.#total * mostShare);
    return endsAt - now < Math.max(this.#total * lastShare, notice);
  }

  async #look(asks: boolean, now: number): Promise<void> {
    this.#isLooking = true;
    try {
      let refusal = this.#known?.refusal;
      if (asks) {
        this.#wasAsked = true;
        refusal = await this.#ask();
      }
      const state = await this.#node.state?.();
      const endsAt = (state?.is === 'there' ? state.endsAt : undefined) ?? this.#known?.endsAt;
      if (endsAt !== undefined) this.#learn({ endsAt, ...(refusal !== undefined && { refusal }) }, now);
    } finally {
      this.#isLooking = false;
      this.#looked = performance.now();
    }
  }

  /** Answers with the reason where there is no more. */
  async #ask(): Promise<string | undefined> {
    try {
      await this.#node.extend?.(this.#total);
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }

  #learn({ endsAt, refusal }: KnownLimit, now: number): void {
    const isLast = this.#wasAsked && this.#isShort(endsAt, now);
    const known: KnownLimit = {
      endsAt,
      ...(refusal !== undefined && { refusal }),
      ...(isLast && { stopsAt: endsAt - this.#stopTakes }),
    };
    const before = this.#known;
    this.#known = known;
    if (before?.endsAt !== endsAt) this.#arm(now);
    if (before?.endsAt !== endsAt || before.refusal !== refusal || before.stopsAt !== known.stopsAt) this.#events.onChange(known);
  }

  #arm(now: number): void {
    if (this.#known) this.#wait(this.#known.endsAt - this.#stopTakes - now);
  }

  #wait(millis: number): void {
    this.#timer?.cancel();
    if (!this.#isOver) this.#timer = new LongTimer(() => void this.#due(), millis);
  }

  /** An administrator may have given more time since the last look, and of a job that is suspended no time passes. */
  async #due(): Promise<void> {
    const state = await this.#node.state?.(AbortSignal.timeout(answerMillis)).catch(() => undefined);
    const endsAt = state?.is === 'there' ? state.endsAt : undefined;
    if (state?.is === 'paused') this.#wait(lookMillis);
    else if (endsAt !== undefined && endsAt !== this.#known?.endsAt) this.#learn({ ...this.#known, endsAt }, Date.now());
    else {
      this.#isOver = true;
      this.#events.onOver();
    }
  }
}
