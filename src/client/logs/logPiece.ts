/** A piece of a log: what was left out before it is no part of it. */
export interface LogPiece {
  readonly data: Buffer;
  /** Of its first byte, counted as in `OutputLog`. */
  readonly position: number;
}
