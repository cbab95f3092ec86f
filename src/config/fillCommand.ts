/** What variables and shells are to a command. */
export interface CommandContext {
  fill(text: string): Promise<string>;
  readonly shell: readonly [string, ...string[]];
  /** See `Variables`. */
  readonly isTemplate?: boolean;
}

/** What string commands are given to: the system's shell. Only Windows names one in the environment. */
export function shellFor({ ComSpec }: NodeJS.ProcessEnv): [string, ...string[]] {
  return ComSpec ? [ComSpec, '/d', '/s', '/c'] : ['/bin/sh', '-c'];
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
