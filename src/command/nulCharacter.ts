import { CannotStartError } from './executable.ts';

/**
 * A NUL character ends a string for the system (execve(2)), so that no program can receive one.
 * @throws CannotStartError that names the part of the command line, or the variable.
 */
export function assertNoNul(
  argv: readonly string[],
  { cwd = '', env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | null>> } = {},
): void {
  const argument = argv.findIndex(holdsNul);
  if (argument === 0) refuse('the command');
  if (argument > 0) refuse(`argument ${argument} of ${argv[0]}`);
  if (holdsNul(cwd)) refuse('the path of the working directory');
  for (const [name, value] of Object.entries(env)) {
    if (holdsNul(name)) refuse(`the name of the environment variable ${name.slice(0, name.indexOf('\0'))}`);
    if (value !== null && holdsNul(value)) refuse(`the value of the environment variable ${name}`);
  }
}

function holdsNul(text: string): boolean {
  return text.includes('\0');
}

function refuse(part: string): never {
  throw new CannotStartError(`This cannot be started: ${part} contains a NUL character, which cannot be passed to a program.`);
}
