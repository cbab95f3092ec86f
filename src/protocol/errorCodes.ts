/** Codes of the errors that a request can end with, beside JSON-RPC's own. */
export const errorCodes = {
  startFailed: 1,
  noSuchTree: 2,
  nameTaken: 3,
  versionMismatch: 4,
  notPossible: 5,
  /** A later wish has taken the place of this one: a restart that was stopped meanwhile. */
  superseded: 6,
  /** The connection of the session has closed before it was its turn. */
  connectionClosed: 7,
} as const;
