import { type JobCounts, type JobSettings, jobBounds } from '../../protocol/jobs.ts';

/** What a queue has to know of a job. */
export interface QueuedJob {
  readonly number: number;
  /** Size of what has to be kept of it until it is started, in UTF-16 code units. */
  readonly heldLength: number;
}

/** Where a job is: it may be taken, has a place in the queue, waits for one, or is refused. */
export type Admission = 'queued' | 'waiting' | 'full';

/** The order of the jobs of one pool, first in, first out; no clock and no process. */
export class JobQueue<J extends QueuedJob> {
  settings: JobSettings;
  readonly #queued: J[] = [];
  /** For a place in the queue. */
  readonly #waiting: J[] = [];
  /** By the number of their place. */
  readonly #running = new Map<number, J>();
  #heldLength = 0;

  constructor(settings: JobSettings) {
    this.settings = settings;
  }

  get counts(): JobCounts {
    // Those whose turn it is do not take a place in the queue.
    return { ...this.settings, running: this.#running.size, queued: this.#queued.length, waiting: this.#waiting.length };
  }

  get isEmpty(): boolean {
    return this.#queued.length + this.#waiting.length + this.#running.size === 0;
  }

  /** Those that have not been started, in their order. */
  get pending(): readonly J[] {
    return [...this.#queued, ...this.#waiting];
  }

  get running(): readonly J[] {
    return [...this.#running.values()];
  }

  isWaiting(job: J): boolean {
    return this.#waiting.includes(job);
  }

  /** Number of jobs that come before this one; undefined where it does not wait. */
  aheadOf(job: J): number | undefined {
    const place = this.#queued.indexOf(job);
    if (place >= 0) return place;
    const waiting = this.#waiting.indexOf(job);
    return waiting < 0 ? undefined : this.#queued.length + waiting;
  }

  /** One that finds a free place to run in need not wait, and is `queued` as well: {@link next} answers with it. */
  admit(job: J): Admission {
    const hasRoom = this.#heldLength + job.heldLength <= jobBounds.heldLength;
    const mayRun = this.#isIdle && this.pending.length === 0;
    if (hasRoom && (mayRun || (this.#waiting.length === 0 && this.#hasPlace))) this.#queued.push(job);
    else if (hasRoom && this.settings.whenFull === 'wait' && this.#waiting.length < jobBounds.waiting) this.#waiting.push(job);
    else return 'full';
    this.#heldLength += job.heldLength;
    return this.#waiting.includes(job) ? 'waiting' : 'queued';
  }

  /** The job whose turn it is, and the number of the place that it runs in, the lowest one that is free; undefined where none is, or no job waits. */
  next(): { readonly job: J; readonly place: number } | undefined {
    if (!this.#isIdle) return undefined;
    const job = this.#queued.shift() ?? this.#waiting.shift();
    if (job === undefined) return undefined;
    this.#heldLength -= job.heldLength;
    const place = this.#freePlace;
    this.#running.set(place, job);
    return { job, place };
  }

  /** It runs already, also where that is one more than there are to be. */
  occupy(job: J): void {
    this.#running.set(this.#freePlace, job);
  }

  /** Those that have a place in the queue by now, in their order. */
  promote(): J[] {
    const promoted: J[] = [];
    while (this.#hasPlace) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      this.#queued.push(job);
      promoted.push(job);
    }
    return promoted;
  }

  /** It has ended, or does not wait any more. */
  remove(job: J): void {
    for (const list of [this.#queued, this.#waiting]) {
      const at = list.indexOf(job);
      if (at < 0) continue;
      list.splice(at, 1);
      this.#heldLength -= job.heldLength;
    }
    for (const [place, one] of this.#running) if (one === job) this.#running.delete(place);
  }

  /** Empties the queue, and answers with all that have not been started, in their order. */
  takePending(): J[] {
    this.#heldLength = 0;
    return [...this.#queued.splice(0), ...this.#waiting.splice(0)];
  }

  get #freePlace(): number {
    let place = 1;
    while (this.#running.has(place)) place++;
    return place;
  }

  get #isIdle(): boolean {
    return this.#running.size < this.settings.maxConcurrent;
  }

  get #hasPlace(): boolean {
    return this.#queued.length < this.settings.maxQueued;
  }
}
