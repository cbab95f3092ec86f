import { type PullStatus, pullText, streamPull } from '../client/pullStream.ts';
import { resolveExecutable } from '../command/executable.ts';
import { type ResolvedPull, resolvePull } from '../config/resolvePull.ts';
import type { Pull } from '../config/runtimes/runtime.ts';
import { NamedPorts } from '../loopback/namedPorts.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import { fillPort } from '../protocol/models.ts';
import { maxNameLength } from '../protocol/names.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { pause } from '../protocol/timers.ts';
import { readDeclared } from './declared.ts';
import { CliError, exitCodes, signalExitCode, startErrorCode } from './exitCodes.ts';
import { run } from './run.ts';
import { complain, ShownLine, say } from './say.ts';
import { CliSession } from './session.ts';

/** Longest time between the loss of a connection and the news that its server has ended, on a busy machine; in milliseconds. */
const deathNewsMillis = 5000;
/** Time between the signals of a stop, as `run` has it. */
const grace = '10s';

/** Downloads a model before it is loaded, by the means of its own runtime. What does that is guarded as any process is. */
export async function pull(wanted: string): Promise<number> {
  const declared = readDeclared('models', ({ models }) => models, [wanted]);
  const [[name, spec] = []] = declared.wanted;
  if (name === undefined || spec === undefined) throw new CliError(`There is no model '${wanted}'.`, exitCodes.usage);
  const plan = await resolvePull(name, spec, declared.context).catch((error: unknown) => {
    throw new CliError(errorText(error), exitCodes.usage);
  });
  if (plan.start.runner !== undefined)
    throw new CliError(`'${name}' is not downloaded: its servers run on another machine, which downloads it when it is loaded.`);
  if (plan.isFile) {
    say(`'${name}' needs no download: its file is ${plan.model}.`);
    return exitCodes.ok;
  }
  if (plan.pull === undefined)
    throw new CliError(`'${name}' cannot be downloaded ahead of time: ${plan.title} has no means for that that Tree Warden knows.`);
  return plan.pull.by === 'command' ? await byCommand(name, plan, plan.pull) : await byRequest(name, plan, plan.pull);
}

/** It draws its own progress on the terminal. */
async function byCommand(name: string, { model, start }: ResolvedPull, { commands, install }: Pull & { by: 'command' }): Promise<number> {
  const { cwd, env } = withPort(start, 0);
  const command = commands.find(([program]) => isThere(program, cwd, env['PATH'] ?? process.env['PATH'] ?? ''));
  if (command === undefined) {
    const programs = commands.map(([program]) => program);
    const none = programs.length > 1 ? `neither ${programs.join(' nor ')} is` : `${programs.join('')} is not`;
    throw new CliError(`'${name}' (${model}) cannot be downloaded: ${none} in the PATH. ${install}`, exitCodes.notFound);
  }
  const options = {
    name: `pull-${name}`.slice(0, maxNameLength),
    orSimilar: true,
    grace,
    containment: 'auto',
    whenLeaderExits: 'kill',
    cwd,
    env,
  } as const;
  return await run(command, options);
}

function isThere(program: string, cwd: string, searchPath: string): boolean {
  try {
    resolveExecutable(program, cwd, searchPath);
    return true;
  } catch {
    return false;
  }
}

/** A server of its own, which ends with the download. */
async function byRequest(
  name: string,
  { model, title, start, install = '' }: ResolvedPull,
  request: Pull & { by: 'request' },
): Promise<number> {
  const port = await new NamedPorts().portFor(name);
  const session = await CliSession.start('tree-warden pull');
  session.stopOnSignals();
  const leaving = new AbortController();
  const shown = new ShownLine();
  const onStatus = (status: PullStatus): void => shown.show(`${name}: ${pullText(status)}`, `${name}: ${status.status}`);
  try {
    const tree = await session.answerTo(session.warden.client.start(withPort(start, port)));
    const ended = session.endOf(tree.id).then(({ reason }): never => {
      throw new Error(`its server ${reason}`);
    });
    // It is heard only where it comes first.
    ended.catch(() => undefined);
    const pulled = streamPull(port, request, onStatus, leaving.signal).catch(async (error: NodeJS.ErrnoException) => {
      // The end of a server takes the connection along; the news of it, which says more, comes a moment later.
      if (error.code !== undefined) await Promise.race([ended, pause(deathNewsMillis, leaving.signal)]);
      throw error;
    });
    await Promise.race([pulled, ended]);
    shown.clear();
    say(`'${name}' (${model}) is downloaded.`);
    return exitCodes.ok;
  } catch (error) {
    shown.clear();
    if (session.received) return signalExitCode(session.received);
    if (error instanceof CliError) throw error;
    const hint = reasonOf(error) === 'commandNotFound' && install !== '' ? ` ${install}` : '';
    if (hint !== '') throw new CliError(`${errorText(error)}${hint}`, startErrorCode(error));
    complain(`'${name}' (${model}) could not be downloaded by ${title}: ${errorText(error)}.`);
    return exitCodes.failed;
  } finally {
    leaving.abort();
    await session.close('the download is over');
  }
}

/** It is asked itself whether it is ready. */
function withPort({ ready: _ready, alive: _alive, pool: _pool, ...start }: StartRequest, port: number): StartRequest {
  const [program, ...args] = start.argv;
  const fill = (text: string): string => fillPort(text, port);
  const env = Object.fromEntries(Object.entries(start.env).map(([key, value]) => [key, value === null ? null : fill(value)]));
  return { ...start, argv: [fill(program), ...args.map(fill)], env };
}
