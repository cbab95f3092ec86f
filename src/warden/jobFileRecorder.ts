import { type JobKey, type WaitingJob, WaitingJobsFile } from '../records/jobFiles.ts';
import type { Observers } from './observers.ts';
import type { JobRecorder } from './reconciler/jobRecorder.ts';

/** What fails, in the journal and the self-check. */
const subject = 'Keeping the queues of jobs';

/** Keeps which jobs wait in the files of a warden: one line after the other; a disk that is full or hangs costs the lines, and is an observation. */
export class JobFileRecorder implements JobRecorder {
  readonly #warden: string;
  readonly #observers: Observers;
  readonly #files = new Map<string, WaitingJobsFile>();
  #writing: Promise<void> = Promise.resolve();

  /** `warden`: its id. */
  constructor(warden: string, observers: Observers) {
    this.#warden = warden;
    this.#observers = observers;
  }

  async queued(key: JobKey, job: WaitingJob): Promise<void> {
    await this.#inTurn(() => this.#fileOf(key).add(job));
  }

  left(key: JobKey, number: number): void {
    void this.#inTurn(() => this.#fileOf(key).remove(number));
  }

  /** Resolves when all of it is on the disk, or has failed. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #inTurn(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(() => this.#observers.run(subject, write, undefined));
    await this.#writing;
  }

  #fileOf(key: JobKey): WaitingJobsFile {
    const id = JSON.stringify([key.origin, key.name]);
    const known = this.#files.get(id);
    if (known) return known;
    const file = new WaitingJobsFile(key, this.#warden);
    this.#files.set(id, file);
    return file;
  }
}
