/** A leader that the platform starts: on pipes of ours, or on a terminal. */
import { closeSync } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { CannotStartError } from '../../command/executable.ts';
import type { Spawned } from '../../platform/container.ts';
import type { ChildEnd, Programs } from '../../platform/programs.ts';
import { errorText } from '../../protocol/errors.ts';
import { signalName } from '../../protocol/signalNames.ts';
import type { ExitStatus } from '../../protocol/snapshot.ts';
import { localizable } from '../../protocol/texts.ts';
import { ReadMemory, usualReadBytes } from '../output/readMemory.ts';
import { killSpawned } from './killSpawned.ts';
import type { LaunchPlan } from './launch.ts';
import type { Leader, LeaderEvents } from './leader.ts';
import type { TerminalChild } from './terminalLeader.ts';

/** What a pipe may hold, in bytes. All pipes of a user have 64 MB together (`/proc/sys/fs/pipe-user-pages-soft`), so only those that are found full become larger. */
const maxPipeBytes = 512 * 1024;

/** Descriptors of the three pipes of a process. */
interface Pipes {
  /** The ends that are this process's: of its stdin, its stdout and its stderr. */
  readonly ours: readonly [number, number, number];
  readonly its: readonly [number, number, number];
}

/** @throws CannotStartError; no process of it is left then. */
export function spawnProgram(
  programs: Programs,
  { file, argv0, args, cwd, env }: LaunchPlan,
  spawnInside: <T extends Spawned>(spawn: () => T) => T,
  events: LeaderEvents,
): Leader {
  let onEnd: (end: ChildEnd) => void = () => undefined;
  let pipes: Pipes | undefined;
  let pid = 0;
  try {
    pipes = openPipes(programs);
    const { its } = pipes;
    const program = { file, argv0, args, cwd, env, stdio: its };
    ({ pid } = spawnInside(() => ({ pid: programs.spawn(program, (end) => onEnd(end)) })));
    events.onChild(pid);
    const leader = new PipedProgram(programs, pid, pipes.ours, events);
    onEnd = (end) => leader.ended(end);
    return leader;
  } catch (error) {
    killSpawned(pid);
    closeAll(pipes?.ours);
    throw new CannotStartError(localizable('cannotStart', file, errorText(error)));
  } finally {
    closeAll(pipes?.its);
  }
}

/** With this terminal as its controlling one. @throws Error where nothing was started. */
export function startOnTerminal(
  programs: Programs,
  { file, args, cwd, env }: LaunchPlan,
  spawnInside: <T extends Spawned>(spawn: () => T) => T,
  terminal: string,
): TerminalChild {
  let onExit: (status: ExitStatus) => void = () => undefined;
  const program = { file, argv0: file, args, cwd, env, stdio: terminal };
  const { pid } = spawnInside(() => ({ pid: programs.spawn(program, (end) => onExit(statusOf(end))) }));
  return {
    pid,
    onExit: (listener) => {
      onExit = listener;
    },
  };
}

function statusOf({ code, signal }: ChildEnd): ExitStatus {
  return signal === 0 ? { code, signal: null } : { code: null, signal: signalName(signal) };
}

/** @throws Error where the system has none left; none stays open then. */
function openPipes(programs: Programs): Pipes {
  const open: (readonly [number, number])[] = [];
  const next = (): readonly [number, number] => {
    const pipe = programs.openPipe();
    open.push(pipe);
    return pipe;
  };
  try {
    const [[stdin, ourStdin], [ourStdout, stdout], [ourStderr, stderr]] = [next(), next(), next()];
    return { ours: [ourStdin, ourStdout, ourStderr], its: [stdin, stdout, stderr] };
  } catch (error) {
    closeAll(open.flat());
    throw error;
  }
}

function closeAll(descriptors: readonly number[] = []): void {
  for (const fd of descriptors) closeSync(fd);
}

class PipedProgram implements Leader {
  readonly pid: number;
  readonly gathers = true;
  readonly #events: LeaderEvents;
  readonly #stdin: Socket;
  readonly #outputs: readonly Socket[];
  #openOutputs = 0;
  #hasEnded = false;

  constructor(programs: Programs, pid: number, [stdin, ...outputs]: Pipes['ours'], events: LeaderEvents) {
    this.pid = pid;
    this.#events = events;
    this.#stdin = new Socket({ fd: stdin, readable: false, writable: true });
    this.#stdin.on('error', () => undefined);
    this.#outputs = outputs.map((fd) => this.#follow(programs, fd));
  }

  get takesInput(): boolean {
    return this.#stdin.writable;
  }

  /** It was collected. */
  ended(end: ChildEnd): void {
    this.#hasEnded = true;
    this.#stdin.destroy();
    this.#events.onExit(statusOf(end));
    this.#tellOutputEnd();
  }

  pause(): void {
    for (const output of this.#outputs) output.pause();
  }

  resume(): void {
    for (const output of this.#outputs) output.resume();
  }

  write(data: Buffer): void {
    if (this.#stdin.writable) this.#stdin.write(data);
  }

  endInput(): void {
    this.#stdin.end();
  }

  resize(): void {}

  close(): void {
    for (const stream of [this.#stdin, ...this.#outputs]) stream.destroy();
  }

  #follow(programs: Programs, fd: number): Socket {
    const memory = new ReadMemory();
    let pipeBytes = usualReadBytes;
    const callback = (length: number): boolean => {
      // A program that prints faster than this process reads waits less often for a larger one, and this process is woken less often.
      if (length >= pipeBytes && pipeBytes < maxPipeBytes) {
        pipeBytes *= 2;
        if (!programs.growPipe(fd, pipeBytes)) pipeBytes = maxPipeBytes;
      }
      memory.deliver(length, (chunk) => this.#events.onOutput(chunk));
      return true;
    };
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      ...{ fd, readable: true, writable: false },
      onread: { buffer: () => memory.next, callback },
    };
    const output = new Socket(options);
    this.#openOutputs++;
    output.on('error', () => undefined);
    output.on('close', () => {
      memory.release();
      this.#openOutputs--;
      this.#tellOutputEnd();
    });
    return output;
  }

  #tellOutputEnd(): void {
    if (this.#hasEnded && this.#openOutputs === 0) this.#events.onOutputEnd();
  }
}
