import type { RequestType } from 'vscode-jsonrpc';
import * as protocol from '../protocol/jobs.ts';

/** Sends a request; rejects with a named error where the warden has gone, or does not know it. */
type AskWarden = <P, R>(request: RequestType<P, R, void>, params: P) => Promise<R>;

/** The jobs of a warden, as its clients see them. */
export class JobClient {
  readonly #ask: AskWarden;

  constructor(ask: AskWarden) {
    this.#ask = ask;
  }

  /** Resolves when it is taken; unless it is detached, it is cancelled when this client's connection ends. */
  async submit(request: protocol.SubmitJobRequest): Promise<protocol.JobSnapshot> {
    return await this.#ask(protocol.submitJob, request);
  }

  /** Resolves when the job is as far as that. */
  async follow(job: string, until: protocol.FollowJobRequest['until']): Promise<protocol.JobSnapshot> {
    return await this.#ask(protocol.followJob, { job, until });
  }

  /** Resolves when nothing of it is left. */
  async cancel(request: protocol.CancelJobRequest): Promise<protocol.JobSnapshot> {
    return await this.#ask(protocol.cancelJob, request);
  }

  /** Cancels what has not started. */
  async clear(request: protocol.ClearJobsRequest): Promise<readonly protocol.JobSnapshot[]> {
    return await this.#ask(protocol.clearJobs, request);
  }

  /** Of one pool, or of all. */
  async list(pool?: string): Promise<readonly protocol.JobSnapshot[]> {
    return await this.#ask(protocol.listJobs, { ...(pool !== undefined && { pool }) });
  }
}
