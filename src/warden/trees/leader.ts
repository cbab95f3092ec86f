/** Spawning the first process of a tree: in a session of its own, with the tree's marks, on a pty, pipes or borrowed descriptors. */
import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { IPty } from 'node-pty';
import type { Container, Spawned } from '../../platform/container.ts';
import type { Platform } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { Dimensions, ExitStatus, StartRequest, TreeId } from '../../protocol/messages.ts';
import { CannotStartError, resolveExecutable } from '../../spec/executable.ts';
import { FileTail } from '../output/fileTail.ts';
import type { OutputSource } from '../output/treeOutput.ts';
import { dowryOf, environmentFor } from './dowry.ts';
import { launchersFor } from './launchers.ts';

export interface LeaderEvents {
  onOutput(chunk: Buffer): void;
  /** No more output will come. */
  onOutputEnd(): void;
  onExit(status: ExitStatus): void;
}

export interface Leader extends OutputSource {
  readonly pid: number;
  /** Resolves when the pid is known, where a terminal tells it late (Windows); until then it is 0. */
  readonly known?: Promise<void>;
  write(data: Buffer): void;
  /** No more input will come. */
  endInput(): void;
  resize(dimensions: Dimensions): void;
  /** Lets go of the descriptors to the tree. */
  close(): void;
}

/** Descriptors that the owner put behind the warden's own three, for a tree with `stdio: "inherit"`. */
const inheritedStdio: StdioOptions = [3, 4, 5];
const defaultDimensions: Dimensions = { columns: 80, rows: 24 };

/**
 * Spawns the leader; whatever is started has the marks from its first instant. Synchronous from here to the new process,
 * so that the caller can register its pid before anything else happens.
 * @throws CannotStartError with one sentence; nothing was started then.
 */
export async function prepareLeader(
  platform: Platform,
  container: Container,
  request: StartRequest,
  tree: TreeId,
  logPath?: string,
): Promise<(events: LeaderEvents) => Leader> {
  const env = environmentFor(request, tree);
  const searchPath = env['PATH'] ?? env['Path'] ?? '';
  const { file, args, argv0 } = launchLine(container, request, searchPath);
  const loan = dowryOf(tree);
  const options = { argv0, cwd: request.cwd, env, ...platform.spawnOptions, windowsVerbatimArguments: isShellOfWindows(file) };
  const lend = <T extends Spawned>(spawn: () => T): T => platform.lend(loan, () => container.enter(spawn));
  if (request.stdio === 'pty') {
    const pty = await loadPty();
    return (events) =>
      spawnOnPty(
        () =>
          lend(() =>
            pty.spawn(file, args, { ...sizeOf(request.dimensions), cwd: request.cwd, env, name: 'xterm-256color', encoding: null }),
          ),
        file,
        events,
      );
  }
  if (request.stdio === 'file') {
    if (logPath === undefined) throw new CannotStartError('There is no log file to write to.');
    return (events) => spawnOnFile((stdio) => lend(() => spawnChild(file, args, { ...options, stdio })), logPath, file, events);
  }
  const stdio: StdioOptions = request.stdio === 'inherit' ? inheritedStdio : ['pipe', 'pipe', 'pipe'];
  return (events) => spawnOnPipes(() => lend(() => spawnChild(file, args, { ...options, stdio })), file, events);
}

/** What is run in truth: the command, behind what changes settings for it, behind what makes its container. */
function launchLine(
  container: Container,
  request: StartRequest,
  searchPath: string,
): { readonly file: string; readonly args: string[]; readonly argv0: string } {
  const { argv, cwd } = request;
  const [program, ...plain] = argv;
  const file = resolveExecutable(program, cwd, searchPath);
  const args = isShellOfWindows(file) ? plain.map((arg, index) => (index === plain.length - 1 ? `"${arg}"` : arg)) : plain;
  const launchers = launchersFor(request, searchPath);
  const [first, ...rest] = launchers;
  const line = container.wrap(first === undefined ? argv : [first, ...rest, file, ...args], request.whenLeaderExits === 'keep');
  if (line === argv) return { file, args, argv0: program };
  const [outermost, ...others] = line;
  return { file: resolveExecutable(outermost, cwd, searchPath), args: others, argv0: outermost };
}

/** cmd.exe has rules of its own for quotes: it is given its line as it is. */
function isShellOfWindows(file: string): boolean {
  return /[\\/]cmd\.exe$/i.test(file);
}

async function loadPty(): Promise<typeof import('node-pty')> {
  try {
    return await import('node-pty');
  } catch (error) {
    throw new CannotStartError(`Terminals are not available on this machine (${errorText(error)}). Set "pty": false for this process.`);
  }
}

function sizeOf({ columns, rows }: Dimensions = defaultDimensions): { cols: number; rows: number } {
  return { cols: Math.max(1, columns), rows: Math.max(1, rows) };
}

function spawnOnPty(spawn: () => IPty, file: string, events: LeaderEvents): Leader {
  let pty: IPty;
  try {
    pty = spawn();
  } catch (error) {
    throw new CannotStartError(`Cannot start ${file} in a terminal: ${errorText(error)}.`);
  }
  let open = true;
  // With `encoding: null` node-pty hands over bytes, whatever its types say.
  pty.onData((data: string | Buffer) => events.onOutput(typeof data === 'string' ? Buffer.from(data) : data));
  pty.onExit(({ exitCode, signal }) => {
    open = false;
    events.onExit(signal ? { code: null, signal: signalName(signal) } : { code: exitCode, signal: null });
    events.onOutputEnd();
  });
  return {
    get pid() {
      return pty.pid;
    },
    ...(pty.pid === 0 && { known: pidKnown(pty) }),
    pause: () => open && pty.pause(),
    resume: () => open && pty.resume(),
    write: (data) => open && pty.write(data),
    endInput: () => undefined,
    resize: (dimensions) => {
      const { cols, rows } = sizeOf(dimensions);
      if (open) pty.resize(cols, rows);
    },
    close: () => undefined,
  };
}

/** ConPTY starts the process when its pipes are ready. */
async function pidKnown(pty: IPty): Promise<void> {
  while (pty.pid === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function spawnOnPipes(spawn: () => ChildProcess, file: string, events: LeaderEvents): Leader {
  const child = spawn();
  if (child.pid === undefined) {
    // spawn(2) failed at once; the 'error' event that follows says no more than this.
    child.on('error', () => undefined);
    throw new CannotStartError(`Cannot start ${file}: ${describeSpawnFailure(child)}.`);
  }
  child.on('error', () => undefined);
  child.on('exit', (code, signal) => events.onExit({ code, signal }));
  const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of outputs) {
    stream.on('data', (chunk: Buffer) => events.onOutput(chunk));
    stream.on('error', () => undefined);
  }
  child.on('close', () => events.onOutputEnd());
  child.stdin?.on('error', () => undefined);
  return {
    pid: child.pid,
    pause: () => outputs.forEach((stream) => void stream.pause()),
    resume: () => outputs.forEach((stream) => void stream.resume()),
    write: (data) => child.stdin?.write(data),
    endInput: () => child.stdin?.end(),
    resize: () => undefined,
    close: () => {
      child.stdin?.destroy();
      outputs.forEach((stream) => void stream.destroy());
    },
  };
}

/** Straight to its log, so that it can go on writing when this warden is no more. */
function spawnOnFile(spawn: (stdio: StdioOptions) => ChildProcess, path: string, file: string, events: LeaderEvents): Leader {
  let log: number;
  try {
    log = openSync(path, 'a', 0o600);
  } catch (error) {
    throw new CannotStartError(`The log file ${path} cannot be written: ${errorText(error)}.`);
  }
  try {
    const { pid } = spawnOnPipes(() => spawn(['ignore', log, log]), file, { ...events, onOutputEnd: () => leader.close() });
    const leader = followLeader(pid, path, Number.POSITIVE_INFINITY, events);
    return leader;
  } finally {
    closeSync(log);
  }
}

/** A leader of which nothing is at hand but its log: it takes no input, and is held up by nobody. */
export function followLeader(
  pid: number,
  path: string,
  backlogBytes: number,
  events: Pick<LeaderEvents, 'onOutput' | 'onOutputEnd'>,
): Leader {
  const tail = new FileTail(path, backlogBytes, (chunk) => events.onOutput(chunk));
  return {
    pid,
    pause: () => undefined,
    resume: () => undefined,
    write: () => undefined,
    endInput: () => undefined,
    resize: () => undefined,
    close: () => {
      tail.close();
      events.onOutputEnd();
    },
  };
}

function describeSpawnFailure({ spawnfile }: ChildProcess): string {
  return `the system could not run ${spawnfile} (no memory, too many processes, or a bad interpreter line)`;
}

function signalName(number: number): NodeJS.Signals {
  const [name = 'SIGKILL'] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name as NodeJS.Signals;
}
