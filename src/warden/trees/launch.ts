import { resolveExecutable } from '../../command/executable.ts';
import { assertNoNul } from '../../command/nulCharacter.ts';
import { windowsLaunch } from '../../command/windowsLaunch.ts';
import type { Container } from '../../platform/container.ts';
import type { Platform } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest, StdioMode } from '../../protocol/startRequest.ts';
import { launchersFor } from './launchers.ts';
import { environmentFor } from './spawnAttributes.ts';

type Environment = Readonly<Record<string, string>>;
type CommandLine = readonly [string, ...string[]];

/** How a leader is spawned. */
export interface LaunchPlan {
  /** The program that is spawned, as a path: the first of the wrappers, or the command's own. */
  readonly file: string;
  /** Its arguments, in the form that the system hands on. */
  readonly args: string[];
  readonly argv0: string;
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** What changes settings for the command and then becomes it, program and arguments; none is the usual case. */
  readonly wrappers: readonly string[];
  readonly stdio: StdioMode;
}

/**
 * Decides it; starts nothing.
 * @throws CannotStartError where a program of it cannot be found, or a part of it cannot be passed to one.
 */
export function planLaunch(platform: Platform, container: Container, request: StartRequest, tree: TreeId): LaunchPlan {
  const { argv, cwd, stdio } = request;
  assertNoNul(argv, request);
  const [program, ...args] = argv;
  const env = environmentFor(platform, request, tree);
  const searchPath = searchPathOf(platform, env);
  const file = resolveExecutable(program, cwd, searchPath);
  const wrappers = launchersFor(request, searchPath);
  const [first, ...rest] = wrappers;
  const line: CommandLine = container.wrap(
    first === undefined ? argv : [first, ...rest, file, ...args],
    request.whenLeaderExits === 'keep',
  );
  const plan = { env, cwd, wrappers, stdio };
  if (line === argv) return { ...launchOf(platform, { program, file, args }, env), ...plan };
  const [outermost, ...others] = line;
  return { file: resolveExecutable(outermost, cwd, searchPath), args: others, argv0: outermost, ...plan };
}

/** Where programs are looked for; Windows usually calls it `Path`. */
export function searchPathOf(platform: Pick<Platform, 'ignoresVariableCase'>, env: Environment): string {
  return variableIn(platform, env, 'PATH') ?? '';
}

function variableIn({ ignoresVariableCase }: Pick<Platform, 'ignoresVariableCase'>, env: Environment, name: string): string | undefined {
  if (!ignoresVariableCase) return env[name];
  return Object.entries(env).find(([written]) => written.toUpperCase() === name)?.[1];
}

/**
 * What is spawned for a program that was found at `file`, in the form that the system hands on.
 * @throws CannotStartError where it cannot carry these arguments.
 */
export function launchOf(
  platform: Platform,
  { program, file, args }: { readonly program: string; readonly file: string; readonly args: readonly string[] },
  env: Environment,
): Pick<LaunchPlan, 'file' | 'args' | 'argv0'> {
  if (!platform.spawnOptions.windowsVerbatimArguments) return { file, args: [...args], argv0: program };
  const launch = windowsLaunch(file, args, variableIn(platform, env, 'COMSPEC') ?? 'cmd.exe');
  return { ...launch, args: [...launch.args] };
}
