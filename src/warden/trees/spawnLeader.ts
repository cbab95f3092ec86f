/** Spawning the first process of a tree: in a session of its own, with the tree's marks, on a pty, pipes or borrowed descriptors. */
import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { CannotStartError } from '../../command/executable.ts';
import type { Container, Spawned } from '../../platform/container.ts';
import type { OpenTerminal, Platform } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { LogRotation } from '../../protocol/logRotation.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable } from '../../protocol/texts.ts';
import { makeFolder } from '../../records/makeFolder.ts';
import { FileTail } from '../output/fileTail.ts';
import { killSpawned } from './killSpawned.ts';
import { type LaunchPlan, planLaunch } from './launch.ts';
import type { Leader, LeaderEvents } from './leader.ts';
import { spawnProgram, startOnTerminal } from './programLeader.ts';
import { loadPty, sizeOf, spawnOnPty } from './ptyLeader.ts';
import { RawEndpoint } from './rawEndpoint.ts';
import { inheritedAttributes } from './spawnAttributes.ts';
import { keepsEnvironment, noSpawn, spawnOnTerminal, type TerminalChild, takingTerminal } from './terminalLeader.ts';

/** Descriptors that the owner put behind the warden's own three: its stdin, stdout and stderr, and then what else it had. */
const inheritedStdio = [3, 4, 5];

export interface PreparedLeader {
  /**
   * Synchronous from here to the new process, so that the caller can register its pid before anything else happens.
   * @throws CannotStartError with one sentence; no process of it is left then.
   */
  spawn(events: LeaderEvents): Leader;
  /** It is not to be spawned. */
  abandon(): void;
}

export interface LeaderPaths {
  /** Where a tree with `stdio: "file"` writes by itself. */
  readonly log?: string | undefined;
  /** Where a client gets the stdin and stdout of a tree with `stdio: "raw"`. */
  readonly socket: string;
}

/**
 * Prepares the spawn of a leader; whatever is started has the marks from its first instant.
 * @throws CannotStartError with one sentence.
 */
export async function prepareLeader(
  platform: Platform,
  container: Container,
  request: StartRequest,
  tree: TreeId,
  paths: LeaderPaths,
): Promise<PreparedLeader> {
  const plan = planLaunch(platform, container, request, tree);
  const attributes = inheritedAttributes(tree);
  const spawnInside = <T extends Spawned>(spawn: () => T): T => platform.withSpawnAttributes(attributes, () => container.enter(spawn));
  const options = { argv0: plan.argv0, cwd: plan.cwd, env: plan.env, ...platform.spawnOptions };
  const spawnOn = (stdio: StdioOptions): ChildProcess => spawnInside(() => spawnChild(plan.file, plan.args, { ...options, stdio }));
  const prepared = (spawn: PreparedLeader['spawn']): PreparedLeader => ({ spawn, abandon: () => undefined });
  switch (plan.stdio) {
    case 'pty':
      return prepared(await prepareOnPty(platform, plan, request, spawnInside));
    case 'file': {
      const { log } = paths;
      if (log === undefined) throw new CannotStartError('There is no log file to write to.');
      return prepared((events) => spawnOnFile(spawnOn, { path: log, rotation: request.log }, plan.file, events));
    }
    case 'raw': {
      const endpoint = await RawEndpoint.open(paths.socket, (path) => platform.protectSocket(path));
      const spawn = (events: LeaderEvents): Leader => spawnRaw(() => spawnOn(['pipe', 'pipe', 'pipe']), endpoint, plan.file, events);
      return { spawn, abandon: () => endpoint.close() };
    }
    case 'inherit':
      return prepared((events) => spawnOnPipes(() => spawnOn(withDescriptors(inheritedStdio, request)), plan.file, events));
    case 'pipes': {
      const { programs } = platform;
      if (programs) return prepared((events) => spawnProgram(programs, plan, spawnInside, events));
      return prepared((events) => spawnOnPipes(() => spawnOn(['pipe', 'pipe', 'pipe']), plan.file, events));
    }
  }
}

async function prepareOnPty(
  platform: Platform,
  plan: LaunchPlan,
  request: StartRequest,
  spawnInside: <T extends Spawned>(spawn: () => T) => T,
): Promise<PreparedLeader['spawn']> {
  const { file, args, cwd, env } = plan;
  // Neither the library nor the platform can pass on streams or descriptors of the owner.
  const lendsMore = request.onTerminal?.includes(false) === true || (request.descriptors ?? []).length > 0;
  const { programs } = platform;
  if (programs && !lendsMore)
    return (events) =>
      spawnOnTerminal(openTerminal(platform, request), file, events, ({ path }) => startOnTerminal(programs, plan, spawnInside, path));
  const pty = platform.opensTerminals && (keepsEnvironment(env) || lendsMore) ? undefined : await loadPty(platform);
  if (pty === undefined) {
    return (events) =>
      spawnOnTerminal(openTerminal(platform, request), file, events, (terminal) => {
        const [shell, ...line] = takingTerminal(terminal, [file, ...args], env);
        const streams = inheritedStdio.map((lent, stream) => (request.onTerminal?.[stream] === false ? lent : terminal.slave));
        const options = { ...platform.spawnOptions, argv0: shell, cwd, env, stdio: withDescriptors(streams, request) };
        return childOf(spawnInside(() => spawnChild(shell, line, options)));
      });
  }
  const line = platform.spawnOptions.windowsVerbatimArguments ? args.join(' ') : args;
  const options = { ...sizeOf(request.dimensions), cwd, env, name: env['TERM'] ?? 'xterm-256color', encoding: null };
  return (events) => spawnOnPty(() => spawnInside(() => pty.spawn(file, line, options)), file, events, platform);
}

function childOf(child: ChildProcess): TerminalChild {
  // The event that follows a failed spawn(2) says no more than that it has failed.
  child.on('error', () => undefined);
  return { pid: child.pid, onExit: (listener) => child.on('exit', (code, signal) => listener({ code, signal })) };
}

function openTerminal(platform: Platform, { dimensions }: StartRequest): OpenTerminal {
  const terminal = platform.openTerminal();
  if (terminal === undefined) throw new CannotStartError('There is no terminal left on this machine, or no descriptor for one.');
  const { cols, rows } = sizeOf(dimensions);
  terminal.resize(cols, rows);
  return terminal;
}

/** Further descriptors of the owner's, each under its own number. */
function withDescriptors(stdio: readonly number[], { descriptors = [] }: StartRequest): (number | 'ignore')[] {
  const all: (number | 'ignore')[] = [...stdio];
  for (const [index, number] of descriptors.entries()) {
    while (all.length < number) all.push('ignore');
    all[number] = inheritedStdio.length * 2 + index;
  }
  return all;
}

function spawnOnPipes(spawn: () => ChildProcess, file: string, events: LeaderEvents): Leader {
  const { pid, child } = spawnAndListen(spawn, file, events);
  const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
  follow(outputs, events);
  child.on('close', () => events.onOutputEnd());
  child.stdin?.on('error', () => undefined);
  return {
    pid,
    pause: () => outputs.forEach((stream) => void stream.pause()),
    resume: () => outputs.forEach((stream) => void stream.resume()),
    get takesInput() {
      return child.stdin?.writable === true;
    },
    write: (data) => child.stdin?.write(data),
    endInput: () => child.stdin?.end(),
    resize: () => undefined,
    close: () => {
      child.stdin?.destroy();
      outputs.forEach((stream) => void stream.destroy());
    },
  };
}

/** Its stdin and stdout are a client's; its stderr is its output. */
function spawnRaw(spawn: () => ChildProcess, endpoint: RawEndpoint, file: string, events: LeaderEvents): Leader {
  const { pid, child } = spawnAndListen(spawn, file, events);
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) {
    killSpawned(pid);
    throw new CannotStartError(`Cannot start ${file}: there is no descriptor left for its pipes.`);
  }
  follow([stderr], events);
  stderr.on('close', () => events.onOutputEnd());
  endpoint.attach({ stdin, stdout });
  return {
    pid,
    get rawSocket() {
      return endpoint.isOpen ? endpoint.path : undefined;
    },
    pause: () => void stderr.pause(),
    resume: () => void stderr.resume(),
    takesInput: false,
    write: () => undefined,
    endInput: () => stdin.end(),
    resize: () => undefined,
    treeEnded: () => endpoint.treeEnded(),
    close: () => {
      endpoint.close();
      stderr.destroy();
    },
  };
}

function spawnAndListen(
  spawn: () => ChildProcess,
  file: string,
  events: LeaderEvents,
): { readonly pid: number; readonly child: ChildProcess } {
  const child = spawn();
  // The event that follows a failed spawn(2) says no more than that it has failed.
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new CannotStartError(localizable('cannotStart', file, noSpawn));
  events.onChild(child.pid);
  child.on('exit', (code, signal) => events.onExit({ code, signal }));
  return { pid: child.pid, child };
}

function follow(outputs: readonly Readable[], events: LeaderEvents): void {
  for (const stream of outputs) {
    stream.on('data', (chunk: Buffer) => events.onOutput(chunk));
    stream.on('error', () => undefined);
  }
}

/** A log to which a process writes by itself. */
export interface OwnLog {
  readonly path: string;
  readonly rotation?: LogRotation | undefined;
}

/** Straight to its log, so that it can go on writing when this warden is no more. */
function spawnOnFile(spawn: (stdio: StdioOptions) => ChildProcess, ownLog: OwnLog, file: string, events: LeaderEvents): Leader {
  const { path } = ownLog;
  let log: number;
  try {
    makeFolder(dirname(path));
    log = openSync(path, 'a', 0o600);
  } catch (error) {
    throw new CannotStartError(`The log file ${path} cannot be written: ${errorText(error)}.`);
  }
  try {
    // Not with the leader: what it leaves running, and the commands of a stop, go on printing until the tree has ended.
    const { pid } = spawnOnPipes(() => spawn(['ignore', log, log]), file, { ...events, onOutputEnd: () => undefined });
    return followOrKill(pid, ownLog, events);
  } finally {
    closeSync(log);
  }
}

/** @throws CannotStartError where what it prints could not be followed; it has been ended then. */
function followOrKill(pid: number, log: OwnLog, events: LeaderEvents): Leader {
  try {
    return followLeader(pid, log, Number.POSITIVE_INFINITY, events);
  } catch (error) {
    killSpawned(pid);
    throw new CannotStartError(`The log file ${log.path} cannot be read: ${errorText(error)}.`);
  }
}

/** A leader of which nothing is at hand but its log: it takes no input, and no reader holds it up. */
export function followLeader(
  pid: number,
  { path, rotation }: OwnLog,
  backlogBytes: number,
  events: Pick<LeaderEvents, 'onOutput' | 'onOutputEnd'>,
): Leader {
  const tail = new FileTail(path, backlogBytes, (chunk, skipped) => events.onOutput(chunk, skipped), rotation);
  // What it has printed faster than it was read comes first.
  const close = (isFinal: boolean): void => tail.close(() => events.onOutputEnd(), isFinal);
  return {
    pid,
    get logPosition() {
      return tail.position;
    },
    pause: () => undefined,
    resume: () => undefined,
    takesInput: false,
    write: () => undefined,
    endInput: () => undefined,
    resize: () => undefined,
    treeEnded: () => close(true),
    close: () => close(false),
  };
}
