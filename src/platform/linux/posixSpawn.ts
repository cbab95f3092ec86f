/** The C library's posix_spawn(3), and pipe2(2). */
import { constants as files } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { LibraryHandle } from 'koffi';
import type { Program } from '../programs.ts';

/** The calls as they are in the C library. */
export interface PosixSpawn {
  /** Descriptors that no program inherits: the one to read from first. @throws Error where there is none left. */
  openPipe(): readonly [number, number];
  /** fcntl(2) with F_SETPIPE_SZ; false where the kernel refuses. */
  setPipeSize(fd: number, bytes: number): boolean;
  /** The pid of the new process, which runs the program by then. @throws Error with the code of what the system said; nothing was started then. */
  spawn(program: Program): number;
}

type Koffi = Pick<typeof import('koffi'), 'pointer' | 'out' | 'errno'>;

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
/** More than any C library's attributes, actions and sets of signals take, in bytes. */
const structBytes = 512;
/** Where the C library and the system look for an interpreter that a script does not name (execvp(3)). */
const shell = '/bin/sh';

/** Undefined where this C library is too old for it: glibc 2.29 and musl 1.1.24 have all. */
export function bindPosixSpawn(koffi: Koffi, libc: LibraryHandle): PosixSpawn | undefined {
  try {
    return bind(koffi, libc);
  } catch {
    return undefined;
  }
}

function bind(koffi: Koffi, libc: LibraryHandle): PosixSpawn {
  const texts = koffi.pointer('str');
  const posixSpawn = libc.func('posix_spawn', 'int', [koffi.out(koffi.pointer('int')), 'str', 'void *', 'void *', texts, texts]);
  const addDup2 = libc.func('posix_spawn_file_actions_adddup2', 'int', ['void *', 'int', 'int']);
  const addOpen = libc.func('posix_spawn_file_actions_addopen', 'int', ['void *', 'int', 'str', 'int', 'uint']);
  const addChdir = libc.func('posix_spawn_file_actions_addchdir_np', 'int', ['void *', 'str']);
  const initActions = libc.func('posix_spawn_file_actions_init', 'int', ['void *']);
  const destroyActions = libc.func('posix_spawn_file_actions_destroy', 'int', ['void *']);
  const initAttributes = libc.func('posix_spawnattr_init', 'int', ['void *']);
  const setFlags = libc.func('posix_spawnattr_setflags', 'int', ['void *', 'short']);
  const setDefault = libc.func('posix_spawnattr_setsigdefault', 'int', ['void *', 'void *']);
  const setMask = libc.func('posix_spawnattr_setsigmask', 'int', ['void *', 'void *']);
  const pipe2 = libc.func('pipe2', 'int', ['void *', 'int']);
  const fcntl = libc.func('fcntl', 'int', ['int', 'int', '...']);

  // As Node does it: every signal as the system has it, none of them held back, and a session of its own.
  const attributes = Buffer.alloc(structBytes);
  initAttributes(attributes);
  setFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  setDefault(attributes, standardSignals());
  setMask(attributes, Buffer.alloc(structBytes));

  const attempt = ({ file, args, env, cwd, stdio }: Omit<Program, 'argv0'>): number => {
    const actions = Buffer.alloc(structBytes);
    initActions(actions);
    try {
      if (typeof stdio === 'string') {
        // The first terminal that the first process of a session opens is its controlling one.
        addOpen(actions, 0, stdio, files.O_RDWR, 0);
        for (const target of [1, 2]) addDup2(actions, 0, target);
      } else for (const [target, fd] of stdio.entries()) addDup2(actions, fd, target);
      // A program that is named by a relative path is looked for there, as execvp(3) does after chdir(2).
      addChdir(actions, cwd);
      const pid = [0];
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const errno = posixSpawn(pid, file, actions, attributes, [...args, null], [...variables, null]);
      if (errno !== 0) throw systemError('posix_spawn', errno);
      return pid[0] ?? 0;
    } finally {
      destroyActions(actions);
    }
  };
  return {
    openPipe: () => {
      const ends = new Int32Array(2);
      if (pipe2(ends, O_CLOEXEC) !== 0) throw systemError('pipe2', koffi.errno());
      const [read = 0, write = 0] = ends;
      return [read, write];
    },
    setPipeSize: (fd, bytes) => fcntl(fd, F_SETPIPE_SZ, 'int', bytes) >= 0,
    spawn: ({ argv0, ...program }) => {
      try {
        return attempt({ ...program, args: [argv0, ...program.args] });
      } catch (error) {
        // A script without a first line that names an interpreter.
        if ((error as NodeJS.ErrnoException).code !== 'ENOEXEC') throw error;
        return attempt({ ...program, file: shell, args: [shell, program.file, ...program.args] });
      }
    },
  };
}

/** A set (sigset_t) of all but the realtime signals, and the two that nothing can handle. */
function standardSignals(): Buffer {
  const set = Buffer.alloc(structBytes);
  const { SIGKILL, SIGSTOP } = constants.signals;
  for (let signal = 1; signal < 32; signal++) {
    if (signal === SIGKILL || signal === SIGSTOP) continue;
    const byte = (signal - 1) >> 3;
    set[byte] = (set[byte] ?? 0) | (1 << ((signal - 1) & 7));
  }
  return set;
}

function systemError(call: string, errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call}: ${code}`), { errno: -errno, code, syscall: call });
}
