/** Buffers as the headers of macOS lay them out: this code has not been run on a Mac. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DarwinPlatform } from '../../../src/platform/darwin/darwinPlatform.ts';
import {
  type Libproc,
  PROC_PIDTASKALLINFO,
  parseProcArgs,
  parseRusage,
  proc_bsdinfo_size,
  proc_taskallinfo_size,
} from '../../../src/platform/darwin/libproc.ts';

/** Apple silicon counts in ticks of 41.67 ns. */
const nanosPerTick = 125 / 3;

interface Fields {
  readonly pid: number;
  readonly parent: number;
  readonly status?: number;
  readonly name?: string;
  readonly startSeconds?: number;
}

/** A struct proc_taskallinfo of sys/proc_info.h. */
function taskAllInfo({ pid, parent, status = 2, name = '', startSeconds = 1_700_000_000 }: Fields): Buffer {
  const info = Buffer.alloc(proc_taskallinfo_size);
  info.writeUInt32LE(status, 4); // pbi_status: SRUN
  info.writeUInt32LE(pid, 12); // pbi_pid
  info.writeUInt32LE(parent, 16); // pbi_ppid
  info.write('node', 48); // pbi_comm
  info.write(name, 64); // pbi_name
  info.writeUInt32LE(pid, 100); // pbi_pgid
  info.writeBigUInt64LE(BigInt(startSeconds), 120); // pbi_start_tvsec
  info.writeBigUInt64LE(250_000n, 128); // pbi_start_tvusec
  info.writeBigUInt64LE(50n * 2n ** 20n, proc_bsdinfo_size + 8); // pti_resident_size
  info.writeBigUInt64LE(24_000_000n, proc_bsdinfo_size + 16); // pti_total_user: one second
  info.writeBigUInt64LE(12_000_000n, proc_bsdinfo_size + 24); // pti_total_system: half a second
  info.writeInt32LE(7, proc_bsdinfo_size + 84); // pti_threadnum
  return info;
}

function procArgs(argv: readonly string[], environment: readonly string[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeInt32LE(argv.length);
  return Buffer.concat([
    count,
    Buffer.from(`/usr/local/bin/node\0\0\0\0${[...argv, ...environment].map((word) => `${word}\0`).join('')}\0junk\0`),
  ]);
}

function machine(processes: readonly Fields[], environments: Readonly<Record<number, string[]>> = {}): DarwinPlatform {
  const libproc: Libproc = {
    nanosPerTick,
    listAllPids: () => processes.map(({ pid }) => pid),
    pidInfo: (pid, flavor, size) => {
      const found = processes.find((process) => process.pid === pid);
      // Of a zombie, the kernel has no task to tell of.
      if (!found || (flavor === PROC_PIDTASKALLINFO && found.status === 5)) return undefined;
      return taskAllInfo(found).subarray(0, size);
    },
    pidRusage: () => undefined,
    procArgs: (pid) => (environments[pid] ? procArgs(['node', 'server.js'], environments[pid]) : undefined),
    sessionOf: (pid) => pid,
  };
  return new DarwinPlatform(libproc);
}

describe('macOS', () => {
  it('reads a process', () => {
    assert.deepEqual(machine([{ pid: 500, parent: 1, name: 'a-name-that-is-longer' }]).stat(500), {
      pid: 500,
      parent: 1,
      group: 500,
      session: 500,
      alive: true,
      stopped: false,
      name: 'a-name-that-is-longer',
      startTime: 1_700_000_000_250_000,
      threads: 7,
      cpuMillis: 1500,
      childrenCpuMillis: 0,
      memoryBytes: 50 * 2 ** 20,
    });
  });

  it('tells zombies and stopped ones', () => {
    const platform = machine([
      { pid: 2, parent: 1, status: 5 },
      { pid: 3, parent: 1, status: 4 },
    ]);
    assert.deepEqual([platform.stat(2)?.alive, platform.stat(2)?.name], [false, 'node']);
    assert.deepEqual([platform.stat(3)?.alive, platform.stat(3)?.stopped], [true, true]);
    assert.equal(platform.stat(4), undefined);
  });

  it('walks from the roots whose identity holds', () => {
    const platform = machine([
      { pid: 10, parent: 1 },
      { pid: 11, parent: 10 },
      { pid: 12, parent: 11 },
      { pid: 20, parent: 1 },
    ]);
    const startTime = 1_700_000_000_250_000;
    assert.deepEqual(
      platform
        .descendants([
          { pid: 10, startTime },
          { pid: 20, startTime: 1 },
        ])
        .map(({ pid }) => pid),
      [10, 11, 12],
    );
  });

  it('finds the mark in the environment', () => {
    const platform = machine([{ pid: 10, parent: 1 }], { 10: ['HOME=/Users/a', 'TREE_WARDEN_TREE=one:two', 'PATH=/bin'] });
    assert.deepEqual(platform.marksOf(10), { environment: ['one', 'two'], limit: undefined });
    assert.deepEqual(platform.marksOf(11), { environment: [], limit: undefined });
  });

  it('reads what a process has used', () => {
    const info = Buffer.alloc(160);
    info.writeBigUInt64LE(24_000_000n, 16); // ri_user_time
    info.writeBigUInt64LE(0n, 24); // ri_system_time
    info.writeBigUInt64LE(123n * 2n ** 20n, 72); // ri_phys_footprint
    info.writeBigUInt64LE(12_000_000n, 96); // ri_child_user_time
    info.writeBigUInt64LE(12_000_000n, 104); // ri_child_system_time
    info.writeBigUInt64LE(1000n, 144); // ri_diskio_bytesread
    info.writeBigUInt64LE(2000n, 152); // ri_diskio_byteswritten
    assert.deepEqual(parseRusage(info, nanosPerTick), {
      cpuMillis: 1000,
      childrenCpuMillis: 1000,
      memoryBytes: 123 * 2 ** 20,
      disk: { readBytes: 1000, writtenBytes: 2000 },
    });
  });

  it('takes no argument for a variable, and nothing from what is cut short or protected', () => {
    assert.deepEqual(parseProcArgs(procArgs(['node', 'A=not a variable'], ['B=1'])), ['B=1']);
    assert.deepEqual(parseProcArgs(procArgs(['node'], [])), []);
    assert.deepEqual(parseProcArgs(Buffer.alloc(0)), []);
    assert.deepEqual(parseProcArgs(Buffer.from([1, 0, 0, 0, 47, 97])), []);
  });

  it('says what it lacks', () => {
    const platform = machine([]);
    assert.match(platform.shortcomings[0] ?? '', /has not been run on a Mac/);
    assert.throws(() => platform.containersFor().contain('cgroup', 'tree'), /not available on this operating system/);
  });
});
