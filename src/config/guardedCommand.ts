import type { McpServerSpec } from './mcpServerSchema.ts';
import { type ResolveContext, resolveSpec } from './resolveSpec.ts';

/** A command line of `tree-warden run`, and the environment and folder to start it with. */
export interface GuardedCommand {
  /** Behind the program of the command line. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | null>>;
}

/** Clients kill a server two seconds after they have asked it to end. */
const grace = '2s';

/**
 * Has a declared server run by `tree-warden run`, whose streams are the server's own.
 * @throws CannotStartError that names the variable or the file.
 */
export async function guardedCommand(name: string, spec: McpServerSpec, context: ResolveContext): Promise<GuardedCommand> {
  const { argv, cwd, env, limits = {} } = await resolveSpec(name, spec, context);
  const { memoryBytes, processes, cpuCores, timeMillis, openFiles } = limits;
  const options: [string, string | number | undefined][] = [
    ['--memory', memoryBytes],
    ['--processes', processes],
    ['--cpu', cpuCores],
    ['--time', timeMillis === undefined ? undefined : `${timeMillis}ms`],
    ['--open-files', openFiles],
    ['--on-limit', spec.onLimit],
  ];
  const given = options.flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]));
  const always = ['--name', name, '--or-similar', '--end-with-parent', '--grace', grace];
  return { args: ['run', ...always, ...given, '--', ...argv], cwd, env };
}
