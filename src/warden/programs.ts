/** What processes run, for clients that debug or profile them. */
import { displayCommandLine } from '../command/commandLine.ts';
import type { Platform } from '../platform/platform.ts';
import { maxPrograms, type Program } from '../protocol/programs.ts';

/** Bounds of what is told of the arguments: options of a runtime come first, and are short. */
const longest = { words: 64, characters: 400, nodeOptions: 10_000 } as const;

/** Of each of these that is alive, in this order; of the first {@link maxPrograms}. */
export async function describePrograms(platform: Platform, pids: readonly number[]): Promise<Program[]> {
  const stats = pids.slice(0, maxPrograms).flatMap((pid) => platform.stat(pid) ?? []);
  const alive = stats.filter((stat) => stat.alive);
  const listening = await platform.listening(alive);
  return alive.flatMap(({ pid, startTime, name }) => {
    const argv = platform.argvOf(pid);
    const [program = name, ...args] = argv;
    const executable = platform.executableOf(pid);
    const nodeOptions = platform.variableOf(pid, 'NODE_OPTIONS')?.slice(0, longest.nodeOptions);
    const handlesSigusr1 = platform.handlesSignal(pid, 'SIGUSR1');
    // Another program may have taken its pid while that was read.
    if (platform.stat(pid)?.startTime !== startTime) return [];
    return {
      pid,
      startTime,
      name,
      argv: argv.slice(0, longest.words).map((word) => word.slice(0, longest.characters)),
      commandLine: displayCommandLine([program, ...args]),
      ...(executable !== undefined && { executable }),
      ...(nodeOptions !== undefined && { nodeOptions }),
      ...(handlesSigusr1 !== undefined && { handlesSigusr1 }),
      ...(platform.supportsPorts && { ports: listening.get(pid) ?? [] }),
    };
  });
}
