/** Starting programs without Node, whose fork copies the page tables of this process for each of them. */

/** What is started, in a session of its own, with every signal as the system has it. */
export interface Program {
  readonly file: string;
  readonly argv0: string;
  /** Without its name. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors of this process that are its stdin, stdout and stderr, none below 3; or the path of a terminal, which is all three and its controlling one. */
  readonly stdio: readonly [number, number, number] | string;
}

/** How a child has ended. */
export interface ChildEnd {
  readonly code: number | null;
  /** Number of the signal; 0: none. */
  readonly signal: number;
}

export interface Programs {
  /** The end to read from, and the end to write to; no program inherits either. @throws Error where the system has none left. */
  openPipe(): readonly [number, number];
  /** Sets the size of a pipe, in bytes; false where the system does not allow it. */
  growPipe(fd: number, bytes: number): boolean;
  /**
   * Synchronous: the program runs by then, and its end is collected in a later turn.
   * @throws Error with what the system said; nothing was started then.
   */
  spawn(program: Program, onEnd: (end: ChildEnd) => void): number;
}
