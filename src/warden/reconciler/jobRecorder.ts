import type { JobKey, WaitingJob } from '../../records/jobFiles.ts';

/** Keeps which jobs wait, for the case that their warden is killed. */
export interface JobRecorder {
  /** Resolves when it is on the disk, or has failed: that is an observation. */
  queued(key: JobKey, job: WaitingJob): Promise<void>;
  /** It does not wait any more. */
  left(key: JobKey, number: number): void;
}

/** Keeps nothing. */
export const noJobRecorder: JobRecorder = { queued: () => Promise.resolve(), left: () => undefined };
