/** The signal that has ended a child, from its pidfd: ioctl(2) with PIDFD_GET_INFO, include/uapi/linux/pidfd.h. */
import { closeSync } from 'node:fs';
import type { EndingSignal } from '../platform.ts';
import type { Libc } from './libc.ts';

/** _IOWR(0xFF, 11, struct pidfd_info) with the structure's first version, of 64 bytes. */
const PIDFD_GET_INFO = 0xc040ff0b;
/** The status is there once the parent has collected it; since Linux 6.15. */
const PIDFD_INFO_EXIT = 1 << 3;
/** Places in the structure, in words of 32 bits. */
const info = { words: 16, mask: 0, exitCode: 15 } as const;
/** Of a status as waitpid(2) has it; 0 where no signal has ended the process. */
const signalBits = 0x7f;

/** Holds one descriptor until it is closed; undefined where there is none to be had. */
export function followEnd(libc: Libc, pid: number): EndingSignal | undefined {
  const fd = libc.pidfdOpen(pid);
  if (fd < 0) return undefined;
  return {
    read: () => {
      const words = new Uint32Array(info.words);
      words[info.mask] = PIDFD_INFO_EXIT;
      const known = libc.ioctl(fd, PIDFD_GET_INFO, words) === 0 && ((words[info.mask] ?? 0) & PIDFD_INFO_EXIT) !== 0;
      return known ? (words[info.exitCode] ?? 0) & signalBits : 0;
    },
    close: () => closeSync(fd),
  };
}
