import { describePrograms } from '../client/wardenCommands.ts';
import type { Program } from '../protocol/programs.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { labelOf } from '../protocol/trees.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain, say } from './say.ts';
import { type FoundTree, Wardens, wardenScript } from './wardens.ts';

export interface ProfileOptions {
  /** Duration; not with `heap`. */
  readonly for?: string;
  readonly heap?: boolean;
  readonly output?: string;
}

/** Duration of a CPU profile where none is given, and the longest one: a profile is a message of at most 256 MB. */
const durations = { usual: '10s', longestMillis: 60 * 60_000 } as const;

/** Records the CPU profile, or the heap snapshot, of a Node.js process of a tree, and prints the name of its file. A first Ctrl-C ends the recording early. */
export async function profile(wanted: string, options: ProfileOptions): Promise<number> {
  const { heap = false } = options;
  const millis = durationOf(options);
  using wardens = await Wardens.connect('tree-warden profile');
  const { warden, tree, program } = await memberOf(await wardens.findEach([wanted], 'live'), wanted);
  const { profileName, withInspector, writeCpuProfile, writeHeapSnapshot } = await import('../debugging/main.ts');
  const path = options.output ?? profileName(labelOf(tree), program.pid, heap ? 'heapsnapshot' : 'cpuprofile', new Date());
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort());
  const access = {
    look: async (pid: number) => (await describePrograms(wardenScript, [pid])).at(0),
    sendSigusr1: ({ pid, startTime }: Program) => warden.signal({ tree: tree.id, signal: 'SIGUSR1', pid, startTime }),
  };
  const { staysOpenAt } = await withInspector(program, access, (inspector) =>
    heap ? writeHeapSnapshot(inspector, path, interrupt.signal) : writeCpuProfile(inspector, path, millis, interrupt.signal),
  );
  if (staysOpenAt !== undefined)
    complain(`the inspector of process ${program.pid} could not be closed again. It stays open at ${staysOpenAt} until the process ends.`);
  say(path);
  return exitCodes.ok;
}

/** In milliseconds. */
function durationOf({ for: text, heap }: ProfileOptions): number {
  if (text !== undefined && heap)
    throw new CliError('--for is of a CPU profile, and --heap takes a heap snapshot: one of the two.', exitCodes.usage);
  const millis = parse(text ?? durations.usual);
  if (millis > 0 && millis <= durations.longestMillis) return millis;
  throw new CliError(`--for wants a duration of at most one hour, such as 10s, not '${text}'.`, exitCodes.usage);
}

function parse(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** The process with the wanted pid, or the only Node.js process of the tree. @throws CliError */
async function memberOf(found: readonly FoundTree[], wanted: string): Promise<FoundTree & { readonly program: Program }> {
  const { runtimeOf } = await import('../debugging/main.ts');
  const living = found.map(({ tree }) => tree.members.filter(({ zombie }) => !zombie).map(({ pid }) => pid));
  const programs = await describePrograms(wardenScript, living.flat());
  const members = found.flatMap((one, index) =>
    programs.filter(({ pid }) => living[index]?.includes(pid)).map((program) => ({ ...one, program })),
  );
  const named = members.find(({ program }) => String(program.pid) === wanted);
  if (named) return named;
  const [first, ...others] = members.filter(({ program }) => runtimeOf(program) === 'node');
  if (first === undefined) throw new CliError(`No process of '${wanted}' is a Node.js process.`);
  if (others.length === 0) return first;
  const choices = [first, ...others].map(({ program }) => `  ${program.pid}  ${program.commandLine}`);
  throw new CliError(`'${wanted}' has ${choices.length} Node.js processes; name one by its pid:`, exitCodes.failed, choices);
}
