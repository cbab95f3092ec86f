/** The C library's calls that Node lacks, each named after its man page. Loaded only in the warden. */

import { whyNotLoaded } from '../missingNativeParts.ts';
import { bindPosixSpawn, type PosixSpawn } from './posixSpawn.ts';

/** Why the native calls cannot be had. */
export class NativeLibraryError extends Error {}

export interface Libc {
  /** prctl(2) with PR_SET_CHILD_SUBREAPER. */
  setChildSubreaper(): boolean;
  /** prctl(2) with PR_SET_PDEATHSIG: the signal that this process is sent when the thread that started it ends. */
  setParentDeathSignal(signal: number): boolean;
  /** waitpid(2) with WNOHANG: the status of a child that has ended, and is collected now; undefined of one that lives, or is no child. */
  waitNoHang(pid: number): number | undefined;
  /** pidfd_open(2); a descriptor, or a negative errno. */
  pidfdOpen(pid: number): number;
  /** pidfd_send_signal(2); 0, or a negative errno. */
  pidfdSendSignal(fd: number, signal: number): number;
  /** close_range(2) with CLOSE_RANGE_CLOEXEC, of every descriptor from this one up; 0, or a negative errno. */
  closeOnExec(from: number): number;
  /** getrlimit(2); `undefined` stands for RLIM_INFINITY. */
  getLimit(resource: number): Limit;
  /** setrlimit(2); false where the kernel refuses. */
  setLimit(resource: number, limit: Limit): boolean;
  /** prlimit(2) that reads the limit of another process; undefined where it is gone, or the kernel refuses. */
  getLimitOf(pid: number, resource: number): Limit | undefined;
  /** prlimit(2) that sets the limit of another process; false where it is gone, or the kernel refuses. */
  setLimitOf(pid: number, resource: number, limit: Limit): boolean;
  /** ioctl(2) with a pointer to this; 0, or a negative errno. */
  ioctl(fd: number, request: number, argument: Int32Array | Uint16Array | Uint32Array): number;
  /** Undefined where this C library has not all of it. */
  readonly posixSpawn: PosixSpawn | undefined;
}

export interface Limit {
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const RLIM_INFINITY = 2n ** 64n - 1n;
/** The same numbers on every architecture since Linux 5.3: see syscalls(2). */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_close_range = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const lastDescriptor = 2 ** 31 - 1;

/** Loads koffi and binds the calls. Never throws: an error is an answer, because the warden works without. */
export async function loadLibc(): Promise<Libc | NativeLibraryError> {
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load(null);
    const rlimit = koffi.struct({ soft: 'uint64_t', hard: 'uint64_t' });
    const prctl = libc.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
    const waitpid = libc.func('waitpid', 'int', ['int', koffi.out(koffi.pointer('int')), 'int']);
    const getrlimit = libc.func('getrlimit', 'int', ['int', koffi.out(koffi.pointer(rlimit))]);
    const setrlimit = libc.func('setrlimit', 'int', ['int', koffi.pointer(rlimit)]);
    const prlimit = libc.func('prlimit', 'int', ['int', 'int', koffi.pointer(rlimit), koffi.out(koffi.pointer(rlimit))]);
    const syscall = libc.func('syscall', 'long', ['long', '...']);
    const ioctl = libc.func('ioctl', 'int', ['int', 'ulong', 'void *']);
    const errnoOr = (result: number): number => (result < 0 ? -koffi.errno() : result);
    return {
      setChildSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
      setParentDeathSignal: (signal) => prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) === 0,
      waitNoHang: (pid) => {
        const status = [0];
        return waitpid(pid, status, WNOHANG) === pid ? status[0] : undefined;
      },
      pidfdOpen: (pid) => errnoOr(syscall(SYS_pidfd_open, 'int', pid, 'uint', 0)),
      pidfdSendSignal: (fd, signal) => errnoOr(syscall(SYS_pidfd_send_signal, 'int', fd, 'int', signal, 'void *', null, 'uint', 0)),
      closeOnExec: (from) => errnoOr(syscall(SYS_close_range, 'uint', from, 'uint', lastDescriptor, 'uint', CLOSE_RANGE_CLOEXEC)),
      getLimit: (resource) => {
        const limit: { soft?: number | bigint; hard?: number | bigint } = {};
        getrlimit(resource, limit);
        return { soft: fromKernel(limit.soft), hard: fromKernel(limit.hard) };
      },
      setLimit: (resource, limit) => setrlimit(resource, toKernel(limit)) === 0,
      getLimitOf: (pid, resource) => {
        const limit: { soft?: number | bigint; hard?: number | bigint } = {};
        if (prlimit(pid, resource, null, limit) !== 0) return undefined;
        return { soft: fromKernel(limit.soft), hard: fromKernel(limit.hard) };
      },
      setLimitOf: (pid, resource, limit) => prlimit(pid, resource, toKernel(limit), null) === 0,
      ioctl: (fd, request, argument) => errnoOr(ioctl(fd, request, argument)),
      posixSpawn: bindPosixSpawn(koffi, libc),
    };
  } catch (error) {
    return new NativeLibraryError(whyNotLoaded(error));
  }
}

function toKernel({ soft, hard }: Limit): { readonly soft: number | bigint; readonly hard: number | bigint } {
  return { soft: soft ?? RLIM_INFINITY, hard: hard ?? RLIM_INFINITY };
}

function fromKernel(value: number | bigint | undefined): number | undefined {
  return value === undefined || BigInt(value) === RLIM_INFINITY ? undefined : Number(value);
}
