import type { RequestType } from 'vscode-jsonrpc';
import * as protocol from '../protocol/jobs.ts';
import type { JobKeeper, SubmittedJob } from './reconciler/jobKeeper.ts';

/** Has a client's requests of this type answered by `work`. */
type AnswerRequests = <P, R>(request: RequestType<P, R, void>, work: (params: P) => R | Promise<R>) => void;

/** Number of submitted jobs at which those that have ended are left out. */
const maxKept = 1000;

/** What one client asks of jobs; those that are its own end with its connection. */
export class JobSession {
  readonly #jobs: JobKeeper;
  #submitted: SubmittedJob[] = [];
  #sweepAt = maxKept;
  #isDisposed = false;

  constructor(on: AnswerRequests, jobs: JobKeeper) {
    this.#jobs = jobs;
    on(protocol.submitJob, (request) => this.#submit(request));
    on(protocol.followJob, (request) => jobs.follow(request));
    on(protocol.cancelJob, (request) => jobs.cancel(request));
    on(protocol.clearJobs, (request) => jobs.clear(request));
    on(protocol.listJobs, ({ pool }) => jobs.list(pool));
  }

  /** The connection has ended. */
  dispose(): void {
    this.#isDisposed = true;
    for (const one of this.#submitted.splice(0)) one.abandon();
  }

  async #submit(request: protocol.SubmitJobRequest): Promise<protocol.JobSnapshot> {
    const submitted = await this.#jobs.submit(request);
    if (this.#isDisposed) submitted.abandon();
    else this.#keep(submitted);
    return submitted.job;
  }

  #keep(submitted: SubmittedJob): void {
    this.#submitted.push(submitted);
    if (this.#submitted.length < this.#sweepAt) return;
    this.#submitted = this.#submitted.filter((one) => !one.hasEnded());
    this.#sweepAt = 2 * this.#submitted.length + maxKept;
  }
}
