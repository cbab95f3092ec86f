import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Container } from '../../../src/platform/container.ts';
import { layouts, parsePortTable } from '../../../src/platform/windows/portTables.ts';
import { parseProcessTable } from '../../../src/platform/windows/processTable.ts';
import { microsSince1970, parseProcessIdList, type Win32 } from '../../../src/platform/windows/win32.ts';
import { WindowsPlatform } from '../../../src/platform/windows/windowsPlatform.ts';

const address = 0x1000_0000n;
const epoch = 116_444_736_000_000_000n;

/** A SYSTEM_PROCESS_INFORMATION, its name behind it, as the kernel writes them. */
function entry(
  at: number,
  {
    pid,
    parent,
    name,
    threads = 3,
    created = epoch + 10_000_000n,
    last = false,
  }: { pid: number; parent: number; name: string; threads?: number; created?: bigint; last?: boolean },
): Buffer {
  const info = Buffer.alloc(256);
  const text = Buffer.from(name, 'utf16le');
  const whole = Buffer.concat([info, text, Buffer.alloc((8 - (text.length % 8)) % 8)]);
  whole.writeUInt32LE(last ? 0 : whole.length, 0);
  whole.writeUInt32LE(threads, 4);
  whole.writeBigInt64LE(created, 32);
  whole.writeBigInt64LE(20_000_000n, 40);
  whole.writeBigInt64LE(5_000_000n, 48);
  whole.writeUInt16LE(text.length, 56);
  whole.writeBigUInt64LE(address + BigInt(at + 256), 64);
  whole.writeBigUInt64LE(BigInt(pid), 80);
  whole.writeBigUInt64LE(BigInt(parent), 88);
  whole.writeUInt32LE(1, 100);
  whole.writeBigUInt64LE(64n * 2n ** 20n, 144);
  whole.writeBigUInt64LE(1000n, 232);
  whole.writeBigUInt64LE(2000n, 240);
  return whole;
}

describe('the process table of Windows', () => {
  it('is read whole, without the idle process and the system', () => {
    const parts: Buffer[] = [];
    const add = (fields: Parameters<typeof entry>[1]): void => void parts.push(entry(Buffer.concat(parts).length, fields));
    add({ pid: 0, parent: 0, name: '', created: 0n });
    add({ pid: 4, parent: 0, name: 'System' });
    add({ pid: 1234, parent: 4, name: 'node.exe' });
    add({ pid: 1238, parent: 1234, name: 'münchen.exe', threads: 0, last: true });
    const [node, ended, ...others] = parseProcessTable(Buffer.concat(parts), address);
    assert.deepEqual(others, []);
    assert.deepEqual(node, {
      pid: 1234,
      parent: 4,
      group: 0,
      session: 0,
      startTime: 1_000_000,
      alive: true,
      stopped: false,
      name: 'node',
      threads: 3,
      cpuMillis: 2500,
      childrenCpuMillis: 0,
      memoryBytes: 64 * 2 ** 20,
      disk: { readBytes: 1000, writtenBytes: 2000 },
    });
    assert.deepEqual([ended?.name, ended?.alive], ['münchen', false]);
  });

  it('gives no name from outside of the table', () => {
    const [process] = parseProcessTable(entry(0, { pid: 8, parent: 4, name: 'x.exe', last: true }), address + 0x10_0000n);
    assert.equal(process?.name, '?');
  });
});

describe('tables of sockets', () => {
  /** A table with one row, in which the fields are where iphlpapi.h has them. */
  const table = (size: number, fields: readonly (readonly [at: number, bytes: readonly number[]])[]): Buffer => {
    const bytes = Buffer.alloc(4 + size + 100);
    bytes.writeUInt32LE(1, 0);
    for (const [at, values] of fields) bytes.set(values, 4 + at);
    return bytes;
  };
  const loopback6 = [...Array.from({ length: 15 }, () => 0), 1];
  const port = [0x0b, 0xb8, 0, 0];
  const pid = [0xd2, 0x04, 0, 0];
  const cases = [
    [
      'tcp4',
      24,
      [
        [4, [127, 0, 0, 1]],
        [8, port],
        [20, pid],
      ],
      { protocol: 'tcp', address: '127.0.0.1' },
    ],
    [
      'tcp6',
      56,
      [
        [0, loopback6],
        [20, port],
        [52, pid],
      ],
      { protocol: 'tcp', address: '::1' },
    ],
    [
      'udp4',
      12,
      [
        [0, [0, 0, 0, 0]],
        [4, port],
        [8, pid],
      ],
      { protocol: 'udp', address: '0.0.0.0' },
    ],
    [
      'udp6',
      28,
      [
        [20, port],
        [24, pid],
      ],
      { protocol: 'udp', address: '::' },
    ],
  ] as const;
  for (const [name, size, fields, expected] of cases) {
    it(`say who listens where: ${name}`, () =>
      assert.deepEqual(parsePortTable(table(size, fields), layouts[name]), [{ ...expected, port: 3000, pid: 1234 }]));
  }

  it('are read as Wine writes them, which does not know whose they are', () => {
    const recorded = '02000000020000007f000001b26e0000000000000000000000000000020000000000000007e80000000000000000000000000000';
    assert.deepEqual(parsePortTable(Buffer.from(recorded, 'hex'), layouts.tcp4), [
      { protocol: 'tcp', address: '127.0.0.1', port: 45_678, pid: 0 },
      { protocol: 'tcp', address: '0.0.0.0', port: 2024, pid: 0 },
    ]);
  });

  it('are empty where the call has failed, and never read beyond their end', () => {
    assert.deepEqual(parsePortTable(Buffer.alloc(0), layouts.tcp4), []);
    const cut = table(24, []).subarray(0, 4 + 24);
    cut.writeUInt32LE(1000, 0);
    assert.equal(parsePortTable(cut, layouts.tcp4).length, 1);
  });
});

describe('a tree’s job', () => {
  const job = (overrides: Partial<Win32>): { readonly container: Container; readonly ended: number[]; readonly inside: number[] } => {
    const ended: number[] = [];
    const inside: number[] = [];
    const table = Buffer.concat([entry(0, { pid: 40, parent: 4, name: 'a' }), entry(264, { pid: 44, parent: 40, name: 'b', last: true })]);
    const win32 = {
      createJob: () => 'job',
      setJobLimits: () => undefined,
      openProcess: (_access: number, pid: number) => ({ handle: pid }),
      closeHandle: () => undefined,
      creationTime: () => 1_000_000,
      terminateProcess: (process: unknown) => {
        ended.push(process as number);
        return true;
      },
      processTable: () => ({ table, address }),
      assignToJob: (_job: unknown, process: unknown) => void inside.push(process as number),
      jobProcessIds: () => inside,
      ...overrides,
    } as unknown as Win32;
    return { container: new WindowsPlatform(win32).containersFor().contain('auto', 'id'), ended, inside };
  };
  const refused = (): never => {
    throw new Error('AssignProcessToJobObject failed (error 5)');
  };

  it('takes a new process in, and what that has started before it was in', () => {
    const { container, ended, inside } = job({});
    assert.deepEqual(
      container.enter(() => ({ pid: 40 })),
      { pid: 40 },
    );
    assert.deepEqual(ended, []);
    assert.deepEqual(inside, [40, 44]);
  });

  it('looks again until a look finds none outside, and takes in no other process that was given the pid', () => {
    const looks = [[44], [44, 45, 46], [44, 45, 46]];
    const { container, ended, inside } = job({
      processTable: () => {
        const parts = [entry(0, { pid: 40, parent: 4, name: 'a' })];
        const below = looks.shift() ?? assert.fail('it looks once more');
        for (const [index, pid] of below.entries())
          parts.push(
            entry(Buffer.concat(parts).length, { pid, parent: index === 0 ? 40 : 44, name: 'b', last: index === below.length - 1 }),
          );
        return { table: Buffer.concat(parts), address };
      },
      creationTime: (process) => ((process as unknown) === 46 ? 5_000_000 : 1_000_000),
    });
    container.enter(() => ({ pid: 40 }));
    assert.deepEqual(inside, [40, 44, 45]);
    assert.deepEqual(ended, []);
  });

  it('leaves one that the new process has started, and that is refused, in the warden’s job', () => {
    const tried: unknown[] = [];
    const { container, ended } = job({
      assignToJob: (_job, process) => {
        tried.push(process);
        if ((process as unknown) === 44) refused();
      },
      jobProcessIds: () => [40],
    });
    container.enter(() => ({ pid: 40 }));
    assert.deepEqual(tried, [40, 44]);
    assert.deepEqual(ended, []);
  });

  it('ends one that it cannot take in, and what that has started, and says so', () => {
    const { container, ended } = job({ assignToJob: refused });
    assert.throws(
      () => container.enter(() => ({ pid: 40 })),
      /could not be put into the job .*, and was ended: AssignProcessToJobObject failed \(error 5\)/,
    );
    assert.deepEqual(new Set(ended), new Set([40, 44]));
  });

  it('minds nothing where it has ended meanwhile', () => {
    const gone = job({ assignToJob: refused, terminateProcess: () => false });
    assert.deepEqual(
      gone.container.enter(() => ({ pid: 40 })),
      { pid: 40 },
    );
    const unknown = job({ openProcess: () => ({ error: 87 }) });
    assert.deepEqual(
      unknown.container.enter(() => ({ pid: 40 })),
      { pid: 40 },
    );
  });

  it('ends one that it may end, but not take in', () => {
    const { container, ended } = job({
      openProcess: (access: number, pid: number) => (access === 1 ? { handle: pid as never } : { error: 5 }),
    });
    assert.throws(
      () => container.enter(() => ({ pid: 40 })),
      /could not be put into the job .*, and was ended: OpenProcess failed \(error 5\)/,
    );
    assert.ok(ended.includes(40));
  });

  it('says so where it may not even end it', () => {
    const { container } = job({ openProcess: () => ({ error: 5 }) });
    assert.throws(
      () => container.enter(() => ({ pid: 40 })),
      /could not be put into the job .*, and could not be ended either: OpenProcess failed \(error 5\)/,
    );
  });
});

describe('structures of Windows', () => {
  it('a FILETIME is exact to a microsecond', () => {
    assert.equal(microsSince1970(epoch), 0);
    assert.equal(microsSince1970(133_773_696_000_000_010n), 1_732_896_000_000_001);
    const year2200 = epoch + 7_258_118_400n * 10_000_000n;
    assert.ok(Number.isSafeInteger(microsSince1970(year2200)));
  });

  it('a list of a job’s processes has their count in front', () => {
    const list = Buffer.alloc(8 + 8 * 4);
    list.writeUInt32LE(2, 0);
    list.writeUInt32LE(2, 4);
    list.writeBigUInt64LE(100n, 8);
    list.writeBigUInt64LE(200n, 16);
    assert.deepEqual(parseProcessIdList(list), [100, 200]);
  });
});
