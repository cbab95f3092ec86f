import type { DiskCounters, ProcessStat } from '../platform.ts';
import { microsSince1970 } from './win32.ts';

/** Where the fields of a SYSTEM_PROCESS_INFORMATION are, on 64-bit Windows. */
const field = {
  nextEntryOffset: 0,
  numberOfThreads: 4,
  createTime: 32,
  userTime: 40,
  kernelTime: 48,
  imageNameLength: 56,
  imageNameBuffer: 64,
  uniqueProcessId: 80,
  inheritedFromUniqueProcessId: 88,
  workingSetSize: 144,
  readTransferCount: 232,
  writeTransferCount: 240,
} as const;

/** With what it has read and written altogether: Windows does not tell storage from pipes and sockets. */
export interface WindowsProcess extends ProcessStat {
  readonly disk: DiskCounters;
}

/** Times are in tenths of microseconds. */
const ticksPerMilli = 10_000;

/**
 * The processes in a table of NtQuerySystemInformation(SystemProcessInformation). Names are pointers into the table itself,
 * which was written to `address`. The idle process and the system have no identity that matters here, and are left out.
 */
export function parseProcessTable(table: Buffer, address: bigint): WindowsProcess[] {
  const found: WindowsProcess[] = [];
  for (let at = 0; ; ) {
    const pid = Number(table.readBigUInt64LE(at + field.uniqueProcessId));
    const createTime = table.readBigInt64LE(at + field.createTime);
    if (pid > 4 && createTime > 0n) {
      const ticks = table.readBigInt64LE(at + field.userTime) + table.readBigInt64LE(at + field.kernelTime);
      found.push({
        pid,
        startTime: microsSince1970(createTime),
        parent: Number(table.readBigUInt64LE(at + field.inheritedFromUniqueProcessId)),
        // The terminal session that the table has is the user's, and of all his processes.
        group: 0,
        session: 0,
        // A process that has ended stays listed, without threads, while a handle to it is open.
        alive: table.readUInt32LE(at + field.numberOfThreads) > 0,
        stopped: false,
        name: nameAt(table, at, address),
        threads: table.readUInt32LE(at + field.numberOfThreads),
        cpuMillis: Number(ticks) / ticksPerMilli,
        childrenCpuMillis: 0,
        memoryBytes: Number(table.readBigUInt64LE(at + field.workingSetSize)),
        disk: {
          readBytes: Number(table.readBigUInt64LE(at + field.readTransferCount)),
          writtenBytes: Number(table.readBigUInt64LE(at + field.writeTransferCount)),
        },
      });
    }
    const next = table.readUInt32LE(at + field.nextEntryOffset);
    if (next === 0) return found;
    at += next;
  }
}

function nameAt(table: Buffer, at: number, address: bigint): string {
  const length = table.readUInt16LE(at + field.imageNameLength);
  const pointer = table.readBigUInt64LE(at + field.imageNameBuffer);
  const start = Number(pointer - address);
  if (length === 0 || start < 0 || start + length > table.length) return '?';
  return table.toString('utf16le', start, start + length).replace(/\.exe$/i, '');
}
