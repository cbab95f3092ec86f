/** A leader on a terminal of ours. */
import { closeSync, existsSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { CannotStartError } from '../../command/executable.ts';
import type { OpenTerminal } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { ExitStatus } from '../../protocol/snapshot.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { killSpawned } from './killSpawned.ts';
import type { Leader, LeaderEvents } from './leader.ts';

/**
 * Stands before the command where Node starts it: the first process of a session gets the terminal that it opens as its controlling one, and there is no
 * other way to make it that.
 */
export function takingTerminal(
  { path }: OpenTerminal,
  line: readonly string[],
  env: Readonly<Record<string, string>>,
): [string, ...string[]] {
  const shell = keepsEnvironment(env) ? ['/bin/sh'] : shellForAnyName();
  const [program = '/bin/sh', ...options] = shell;
  return [program, ...options, '-c', ': <"$0" && exec "$@"', path, ...line];
}

/** bash(1) hands variables of any name on; with -p it runs nothing of the environment (BASH_ENV, functions), and passes that on as well. */
function shellForAnyName(): readonly string[] {
  const bash = ['/bin/bash', '/usr/bin/bash'].find((path) => existsSync(path));
  return bash === undefined ? ['/bin/sh'] : [bash, '-p'];
}

/** What every shell hands on; dash drops a variable of another name (`npm_config_@scope:registry`, `BASH_FUNC_module%%`). */
const shellName = /^[A-Za-z_]\w*$/;

/** Whether any shell leaves all of this environment to a command. */
export function keepsEnvironment(env: Readonly<Record<string, string>>): boolean {
  return Object.keys(env).every((name) => shellName.test(name));
}

/** Why a spawn has failed, as far as Node tells. */
export const noSpawn = localizable('notRunBySystem');
/** Pause before a full terminal, from which no process reads, is tried again, in milliseconds. */
const fullMillis = 10;
/** What waits to be taken, in bytes: more than this is dropped, as a terminal does with what is typed ahead. */
const maxTypedAhead = 4 * 2 ** 20;
/** Time without output, in milliseconds, after which the output of an ended tree ends: a process outside of it may hold its terminal open. */
const silentMillis = 200;

export interface TerminalChild {
  /** Undefined where nothing was started. */
  readonly pid: number | undefined;
  /** To be called in the turn of the spawn. */
  onExit(listener: (status: ExitStatus) => void): void;
}

/**
 * The terminal's other end stays open here until the leader has ended: at the last close, the kernel would hang the terminal up, and a
 * leader that closes its descriptors before it ends (every coreutils program does) would die of SIGHUP.
 * @throws CannotStartError where nothing was started.
 */
export function spawnOnTerminal(
  terminal: OpenTerminal,
  file: string,
  events: LeaderEvents,
  spawn: (terminal: OpenTerminal) => TerminalChild,
): Leader {
  const { pid, child } = spawnOr(terminal, file, spawn);
  events.onChild(pid);
  let slaveIsOpen = true;
  const closeSlave = (): void => {
    if (slaveIsOpen) closeSync(terminal.slave);
    slaveIsOpen = false;
  };
  child.onExit((status) => {
    closeSlave();
    events.onExit(status);
  });
  const output = streamOn(terminal, file, () => {
    killSpawned(pid);
    closeSlave();
  });
  const input = new TypedAhead(terminal.master, () => !output.destroyed);
  let silence: NodeJS.Timeout | undefined;
  let treeEnded = false;
  const awaitSilence = (): void => {
    clearTimeout(silence);
    if (treeEnded && !output.isPaused()) silence = setTimeout(() => output.destroy(), silentMillis);
  };
  output.on('data', (chunk: Buffer) => {
    events.onOutput(chunk);
    awaitSilence();
  });
  // EIO: the other end has been closed, by all.
  output.on('error', () => output.destroy());
  output.on('close', () => {
    clearTimeout(silence);
    input.close();
    events.onOutputEnd();
  });
  return {
    pid,
    pause: () => void output.pause(),
    resume: () => {
      output.resume();
      awaitSilence();
    },
    get takesInput() {
      return !output.destroyed;
    },
    inputWait: (members) => (output.destroyed ? undefined : terminal.inputWait(members)),
    write: (data) => input.write(data),
    endInput: () => undefined,
    resize: ({ columns, rows }) => {
      if (!output.destroyed) terminal.resize(Math.max(1, columns), Math.max(1, rows));
    },
    treeEnded: () => {
      treeEnded = true;
      awaitSilence();
    },
    close: () => {
      closeSlave();
      output.destroy();
    },
  };
}

/** @throws CannotStartError where the terminal cannot be read. */
function streamOn({ master }: OpenTerminal, file: string, undo: () => void): ReadStream {
  try {
    return new ReadStream(master);
  } catch (error) {
    undo();
    closeSync(master);
    throw new CannotStartError(localizable('cannotStartInTerminal', file, errorText(error)));
  }
}

function spawnOr(
  terminal: OpenTerminal,
  file: string,
  spawn: (terminal: OpenTerminal) => TerminalChild,
): { readonly pid: number; readonly child: TerminalChild } {
  let problem: Text = noSpawn;
  try {
    const child = spawn(terminal);
    if (child.pid !== undefined) return { pid: child.pid, child };
  } catch (error) {
    problem = errorText(error);
  }
  closeSync(terminal.slave);
  closeSync(terminal.master);
  throw new CannotStartError(localizable('cannotStartInTerminal', file, problem));
}

/** What is typed, until the terminal takes it. Node's own stream would hold up the whole process where it is full. */
class TypedAhead {
  readonly #fd: number;
  readonly #isOpen: () => boolean;
  readonly #waiting: Buffer[] = [];
  #bytes = 0;
  #retry: NodeJS.Timeout | undefined;

  /** `isOpen`: whether the descriptor is the terminal's still; its number may be another file's then. */
  constructor(fd: number, isOpen: () => boolean) {
    this.#fd = fd;
    this.#isOpen = isOpen;
  }

  write(data: Buffer): void {
    if (data.length === 0 || this.#bytes + data.length > maxTypedAhead) return;
    this.#waiting.push(data);
    this.#bytes += data.length;
    this.#next();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#retry) return;
    for (let [first] = this.#waiting; first && this.#isOpen(); [first] = this.#waiting) {
      const written = this.#taken(first);
      if (written === 0) {
        this.#retry = setTimeout(() => {
          this.#retry = undefined;
          this.#next();
        }, fullMillis).unref();
        return;
      }
      this.#bytes -= written;
      if (written === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(written);
    }
  }

  /** In this very turn, and never waiting: a write by another thread may come when the terminal is closed. 0 where it is full. */
  #taken(data: Buffer): number {
    try {
      return writeSync(this.#fd, data);
    } catch (error) {
      // One that fails takes all: nothing that is typed arrives any more.
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : data.length;
    }
  }
}
