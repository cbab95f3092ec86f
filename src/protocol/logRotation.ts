/** When a log is set aside, and how many are kept. */
export interface LogRotation {
  /** Size in bytes at which it is. */
  readonly maxBytes: number;
  /** Number of those set aside that are kept. */
  readonly maxFiles: number;
}

export const defaultRotation: LogRotation = { maxBytes: 10 * 2 ** 20, maxFiles: 3 };

/** Maximum number of logs that are set aside. */
export const maxSetAside = 99;
