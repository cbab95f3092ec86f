/** What a spec says of when its tree is ready, whether it is well, and what happens when it has ended by itself. */

/** How a probe is carried out. */
export type Check =
  /** A GET; a status from 200 to 399 is a yes. */
  | { readonly by: 'http'; readonly url: string }
  /** A connection. */
  | { readonly by: 'tcp'; readonly host: string; readonly port: number }
  /** A line of output that this regular expression is found in, colours left aside. */
  | { readonly by: 'log'; readonly pattern: string }
  /** A program in the tree's directory and environment; status 0 is a yes. */
  | { readonly by: 'exec'; readonly argv: readonly [string, ...string[]] };

export interface Probe {
  readonly check: Check;
  /** Before the first check. */
  readonly delayMillis: number;
  /** From the end of one check to the beginning of the next one; by default half a second at most until it is ready, ten from then on. */
  readonly periodMillis?: number;
  /** How long one check may take. */
  readonly timeoutMillis: number;
  /** Number of equal results in a row that change the verdict. */
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

export interface ReadyProbe extends Probe {
  /** From the start; a tree that is not ready by then has failed. Absent: it may take its time. */
  readonly deadlineMillis?: number;
}

export interface RestartPolicy {
  /** `on-failure`: with another exit code than 0, by a signal, or because it was not alive; `always`: also after exit code 0. */
  readonly when: 'on-failure' | 'always';
  /** Maximum number of restarts within {@link windowMillis}; after that it has failed for good. */
  readonly maxRestarts: number;
  readonly windowMillis: number;
  /** Before the first restart within the window; twice as long before each further one, up to {@link maxDelayMillis}. */
  readonly delayMillis: number;
  readonly maxDelayMillis: number;
}

/** What a policy has where it does not say otherwise. */
export const defaultRestarts: Omit<RestartPolicy, 'when'> = {
  maxRestarts: 5,
  windowMillis: 600_000,
  delayMillis: 1000,
  maxDelayMillis: 60_000,
};

/** What the probes of a tree last said: `unknown` where there are none, or before the first answer. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** Of one spec, at once. */
export const maxInstances = 64;
