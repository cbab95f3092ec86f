import { basename } from 'node:path';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import { freeNameLike, nameFrom, nameProblem, normalName } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { LeftoverPolicy, StartRequest, StopStep } from '../protocol/startRequest.ts';
import { type ConstraintOptions, constraintsFrom } from './constraints.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { durationOf } from './durations.ts';
import { CliError, exitCodeOfTree, exitCodes, signalExitCode, startErrorCode } from './exitCodes.ts';
import { inheritedDescriptors } from './inheritedDescriptors.ts';
import { type IsolationOptions, isolationFrom } from './isolation.ts';
import { streamsOnTerminal } from './ownTerminal.ts';
import { runJoined } from './runJoined.ts';
import { complain, say } from './say.ts';
import { CliSession } from './session.ts';
import { SignalRelay } from './signalRelay.ts';
import { TerminalBridge, terminalSize } from './terminalBridge.ts';
import { recordedTrees, Wardens } from './wardens.ts';
import { workingDirectory } from './workingDirectory.ts';

export interface RunOptions extends ConstraintOptions, IsolationOptions {
  readonly name?: string;
  /** With a number behind it, where the name is taken. */
  readonly orSimilar?: boolean;
  readonly endWithParent?: boolean;
  readonly grace: string;
  readonly containment: StartRequest['containment'];
  readonly detached?: boolean;
  /** Absent: where this command is run. */
  readonly cwd?: string;
  /** Beside the environment of this command. */
  readonly env?: StartRequest['env'];
  /** Name of a running tree, of any warden. */
  readonly join?: string;
  readonly whenLeaderExits: LeftoverPolicy;
}

/** Runs one command in the foreground, guarded; resolves with the exit status to pass on. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<number> {
  const parent = process.ppid;
  const cwd = options.cwd ?? workingDirectory(exitCodes.cannotStart);
  const stop: StopStep[] = [{ signal: 'SIGTERM' }, { waitMillis: durationOf('--grace', options.grace) }, { signal: 'SIGKILL' }];
  const isolate = isolationFrom(options, cwd);
  const constraints = { ...constraintsFrom(options), ...(isolate && { isolate }) };
  if (options.join !== undefined) {
    if (options.detached || options.containment !== 'auto')
      throw new CliError(`--join: cannot be combined with ${options.detached ? '--detached' : '--containment'}.`, exitCodes.usage);
    const request = { name: await freeName(argv[0], options), argv, cwd, stop, whenLeaderExits: options.whenLeaderExits, ...constraints };
    return await runJoined(options.join, request, new SignalRelay(stop));
  }
  if (options.detached) return await runDetached(argv, options, { cwd, stop, ...constraints });
  // A folder among them would be a way out of an isolation.
  const descriptors = isolate ? [] : inheritedDescriptors();
  const signals = new SignalRelay(stop);
  const name = await freeName(argv[0], options).catch((error: unknown) => {
    throw error instanceof CliError ? error : new CliError(errorText(error), exitCodes.wardenFailed);
  });
  if (signals.received) return signalExitCode(signals.received);
  // Each by itself: what is a terminal gets a terminal in between, anything else is handed through as it is, byte for byte.
  const onTerminal = streamsOnTerminal();
  const usesTerminal = onTerminal.includes(true);
  const session = await CliSession.start('tree-warden run', [0, 1, 2, ...descriptors]);
  if (signals.received) {
    await session.close(`tree-warden received ${signals.received}`);
    return signalExitCode(signals.received);
  }
  const request: StartRequest = {
    name,
    argv,
    cwd,
    env: { ...(usesTerminal && terminalVariables()), ...options.env },
    stdio: usesTerminal ? 'pty' : 'inherit',
    ...(usesTerminal && { dimensions: terminalSize(), awaitReader: true, onTerminal }),
    descriptors,
    stop,
    whenLeaderExits: options.whenLeaderExits,
    containment: options.containment,
    ...constraints,
  };
  const tree = await session.answerTo(session.warden.client.start(request)).catch(async (error: unknown) => {
    await session.close('it could not be started');
    throw error instanceof CliError ? error : new CliError(errorText(error), startErrorCode(error));
  });
  const { client } = session.warden;
  if (options.endWithParent) endWithParent(parent, () => void session.close('the program that started tree-warden has ended'));
  const target = { client, id: tree.id, command: () => commandOf(client, tree, isolate !== undefined) };
  signals.attach(target);
  const leaderIsCommand = tree.containment !== 'namespace' && !isolate;
  const bridged = { ...target, leader: tree.leader?.pid ?? 0, leaderIsCommand };
  // Where the warden can lend no terminal, the command has this one.
  const bridge = tree.stdio === 'pty' ? new TerminalBridge(bridged, () => void signals.suspend(wholeGroup)) : undefined;
  if (bridge) signals.bridge(bridge);
  try {
    const ended = await session.endOf(tree.id);
    await bridge?.drained;
    bridge?.close();
    reportEnd(ended);
    await session.close('the command has ended');
    return exitCodeOfTree(ended);
  } finally {
    bridge?.close();
  }
}

/** How often it is looked whether the parent is still there, in milliseconds. */
const parentMillis = 250;

/** A program that is killed closes its end of the streams, and not every command ends with its stdin. */
function endWithParent(parent: number, end: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, parentMillis);
  timer.unref();
}

/** Of kill(2): every process of this one's group. */
const wholeGroup = 0;

/** A terminal in between is of the same kind as the one around it. */
function terminalVariables(): Record<string, string | null> {
  const { TERM = null, COLORTERM = null } = process.env;
  return { TERM, COLORTERM };
}

/** In a PID namespace, unshare(1) or bwrap(1) is the leader, and its first process starts the command. */
async function commandOf(client: WardenClient, { id, containment, leader }: TreeSnapshot, isIsolated: boolean): Promise<number> {
  const leaderPid = leader?.pid ?? 0;
  if (containment !== 'namespace' && !isIsolated) return leaderPid;
  const members = (await client.list()).find((tree) => tree.id === id)?.members ?? [];
  const childOf = (pid: number | undefined): number | undefined => members.find(({ parent }) => parent === pid)?.pid;
  return childOf(childOf(leaderPid)) ?? leaderPid;
}

/** Hands it to the warden of this folder's detached trees, and prints its id. */
async function runDetached(
  argv: readonly [string, ...string[]],
  { name, orSimilar = false, containment, whenLeaderExits }: RunOptions,
  rest: Pick<StartRequest, 'cwd' | 'stop' | 'isolate' | 'limits' | 'onLimit' | 'priority' | 'successExitCodes'>,
): Promise<number> {
  const client = await detachedWarden();
  try {
    const request = {
      name: await freeName(argv[0], { ...(name !== undefined && { name }), orSimilar }),
      argv,
      env: ownEnvironment(),
      stdio: 'file',
      ...rest,
    } as const;
    const tree = await client.start({ ...request, whenLeaderExits, containment });
    say(tree.id.slice(0, 8));
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(errorText(error), startErrorCode(error));
  } finally {
    client.dispose();
  }
}

/** By the records: only a warden that has a tree of the very name that is wanted is asked whether that is so. */
async function freeName(program: string, { name: written, orSimilar = false }: Pick<RunOptions, 'name' | 'orSimilar'>): Promise<string> {
  const wanted = written === undefined ? undefined : normalName(written);
  const problem = wanted === undefined ? undefined : nameProblem(wanted);
  if (problem !== undefined) throw new CliError(`--name: ${problem}.`, exitCodes.usage);
  const onRecord = recordedTrees();
  if (wanted !== undefined && !orSimilar) {
    if (onRecord.some(({ name }) => name === wanted)) await assertNotRunning(wanted);
    return wanted;
  }
  const taken = new Set(onRecord.map(({ name }) => name));
  return freeNameLike(wanted ?? nameFrom(basename(program), 'command'), (name) => taken.has(name));
}

async function assertNotRunning(wanted: string): Promise<void> {
  using wardens = await Wardens.connect('tree-warden run', { holding: wanted });
  const namesake = (await wardens.trees()).find(({ tree }) => tree.endedAt === undefined && tree.name === wanted);
  if (!namesake) return;
  const { leader, id } = namesake.tree;
  throw new CliError(
    `'${wanted}' is already running (pid ${leader?.pid ?? 'unknown'}, tree ${id.slice(0, 8)}). Choose another --name, or stop it: tree-warden kill ${id.slice(0, 8)}`,
  );
}

function reportEnd({ state, reason, limit }: TreeSnapshot): void {
  if (state === 'unkillable') complain(reason);
  else if (limit !== undefined) complain(`The command was ended: ${limit}.`);
}
