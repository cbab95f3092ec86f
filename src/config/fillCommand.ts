/** What variables and shells are to a command. */
export interface CommandContext {
  fill(text: string): Promise<string>;
  readonly shell: readonly [string, ...string[]];
  /** See `Variables`. */
  readonly isTemplate?: boolean;
}

/** A line is given to the shell; a list is a program and its arguments. */
export async function fillCommand(
  written: string | readonly [string, ...string[]],
  { fill, shell }: CommandContext,
): Promise<[string, ...string[]]> {
  if (typeof written === 'string') return [...shell, await fill(written)];
  const [program, ...args] = written;
  return [await fill(program), ...(await Promise.all(args.map(fill)))];
}
