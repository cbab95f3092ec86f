import { join } from 'node:path';
import { endLeftBehind, findLeftBehind } from '../client/leftBehindCommands.ts';
import { formatDuration } from '../protocol/format.ts';
import type { LeftBehind } from '../protocol/leftBehind.ts';
import { formatPorts, parsePort } from '../protocol/ports.ts';
import { visible } from '../protocol/visible.ts';
import { confirm } from './confirm.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { table } from './table.ts';

/** The program that looks, beside this one. */
const script = join(__dirname, 'leftBehind.js');

export interface LeftBehindOptions {
  readonly port?: readonly string[];
  readonly kill?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Lists processes that belong to no window and no terminal any more; with `kill`, ends them after a question. */
export async function leftBehind(folders: readonly string[], options: LeftBehindOptions): Promise<number> {
  const { port: ports = [], kill = false, yes = false, json = false } = options;
  if (yes && !kill) throw new CliError('--yes answers the question of --kill, which is missing.', exitCodes.usage);
  const request = { folders: folders.length > 0 ? folders : [process.cwd()], ports: ports.map(portFrom) };
  const report = await findLeftBehind(script, request);
  const { found } = report;
  if (!report.supported) complain('This platform does not tell where processes come from, so none can be found; Linux does.');
  if (!kill || found.length === 0) {
    if (json) sayJson(report, 2);
    else sayAll(found.length > 0 ? tableOf(found) : ['No process was left behind here.']);
    return report.supported ? exitCodes.ok : exitCodes.failed;
  }
  if (!yes && !process.stdin.isTTY)
    throw new CliError('No terminal can ask for a confirmation; use --yes to end them.', exitCodes.usage, tableOf(found));
  const question = `${tableOf(found).map(visible).join('\n')}\nEnd ${found.length === 1 ? 'it' : 'them'}?`;
  if (!yes && !(await confirm(question))) return exitCodes.failed;
  const ended = await endLeftBehind(script, request, found);
  if (json) sayJson(ended, 2);
  else sayAll(ended.map(({ problem }, index) => `${nameOf(found[index])}: ${problem === undefined ? 'ended' : `not ended, ${problem}`}`));
  return ended.some(({ problem }) => problem !== undefined) ? exitCodes.failed : exitCodes.ok;
}

const header = ['PID', 'PROGRAM', 'PORTS', 'AGE', 'WHY', 'FOLDER'] as const;

const reasons = {
  windowGone: 'its window or terminal is gone',
  editorGone: 'its editor is gone',
  parentGone: 'what started it is gone',
} as const satisfies Record<LeftBehind['reason'], string>;

function tableOf(found: readonly LeftBehind[]): string[] {
  const rows = found.map((one) => [
    String(one.pid),
    one.script === undefined ? one.program : `${one.program} (npm run ${one.script})`,
    formatPorts([one]),
    formatDuration(one.ageMillis),
    reasons[one.reason],
    one.cwd,
  ]);
  return table(header, rows, new Set(['PID']));
}

function nameOf(one: LeftBehind | undefined): string {
  return one === undefined ? '' : `${one.program} (pid ${one.pid})`;
}

function portFrom(text: string): number {
  const port = parsePort(text);
  if (port === undefined) throw new CliError(`--port wants a number from 1 to 65535, not '${text}'.`, exitCodes.usage);
  return port;
}
