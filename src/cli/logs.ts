/** `tree-warden logs`: what trees have printed, and print. */
import { lastLines } from '../client/logs/lastLines.ts';
import type { LogLevel } from '../client/logs/logLevel.ts';
import type { LineFilter } from '../client/logs/logLines.ts';
import { mergedLines } from '../client/logs/mergedLines.ts';
import { TreeLog } from '../client/logs/treeLog.ts';
import { errorText } from '../protocol/errors.ts';
import { countOf } from './counts.ts';
import { momentOf } from './durations.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { type FoundLog, findLogs } from './foundLogs.ts';
import { LogPrinter } from './logPrinter.ts';
import { complain } from './say.ts';
import { writeOut } from './stdout.ts';
import { Wardens } from './wardens.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly lines?: string;
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  readonly level?: LogLevel;
  readonly json?: boolean;
}

/** Maximum of `--lines`: they are held in memory. */
const maxLines = 1_000_000;

/** Prints what is kept of what trees have printed; with `follow`, until all of them have ended. */
export async function logs(wanted: readonly string[], options: LogsOptions): Promise<number> {
  const filter = filterOf(options);
  const count = options.lines === undefined ? undefined : countOf('--lines', options.lines, 0, maxLines);
  using wardens = await Wardens.connect('tree-warden logs');
  const found = await findLogs(wardens, wanted, filter);
  const [only, another] = found;
  const isPlain = Object.values({ ...options, follow: undefined }).every((value) => value === undefined);
  if (isPlain && only?.tree && another === undefined) await printAsItIs(only.tree, options.follow ?? false);
  else await printLines(found, filter, count, options);
  return exitCodes.ok;
}

/** Byte by byte: prompts and progress bars, too. */
async function printAsItIs({ warden, id }: NonNullable<FoundLog['tree']>, follow: boolean): Promise<void> {
  for await (const { data } of new TreeLog(warden, id, complain).pieces(follow)) await writeOut(data);
}

async function printLines(
  found: readonly FoundLog[],
  filter: LineFilter,
  count: number | undefined,
  { follow = false, timestamps = false, json = false }: LogsOptions,
): Promise<void> {
  const printer = new LogPrinter(found, { timestamps, json });
  const past = mergedLines(found.map(({ source }) => source.past(filter)));
  if (count === undefined) for await (const line of past) await printer.print(line);
  else for (const line of (await lastLines(past, count)).lines) await printer.print(line);
  await printer.flush();
  // What was printed until an hour ago is followed by nothing.
  if (!follow || filter.untilAt !== undefined) return;
  await Promise.all(
    found.map(async ({ source }, index) => {
      for await (const line of source.future?.(filter) ?? []) {
        await printer.print({ ...line, index });
        await printer.flush();
      }
    }),
  );
}

/** @throws CliError that names the option. */
function filterOf({ since, until, grep, ignoreCase = false, level }: LogsOptions): LineFilter {
  if (ignoreCase && grep === undefined) throw new CliError('--ignore-case wants a pattern: --grep.', exitCodes.usage);
  return {
    ...(since !== undefined && { sinceAt: momentOf('--since', since) }),
    ...(until !== undefined && { untilAt: momentOf('--until', until) }),
    ...(grep !== undefined && { pattern: patternOf(grep, ignoreCase) }),
    ...(level && { level }),
  };
}

function patternOf(text: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(text, ignoreCase ? 'i' : '');
  } catch (error) {
    throw new CliError(`--grep: ${errorText(error)}.`, exitCodes.usage);
  }
}
