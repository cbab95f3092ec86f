import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRunningProcesses, parseUtilization } from '../../../src/platform/gpu/nvml.ts';
import { parseDrmInfo } from '../../../src/platform/linux/drm.ts';

describe('/proc/PID/fdinfo of a GPU', () => {
  it('has the memory on board, where there is some, and the time of all engines', () => {
    const amd = `pos:\t0
flags:\t02100002
drm-driver:\tamdgpu
drm-client-id:\t26
drm-pdev:\t0000:03:00.0
drm-memory-vram:\t131072 KiB
drm-memory-gtt:\t2048 KiB
drm-engine-gfx:\t1500000000 ns
drm-engine-compute:\t500000000 ns
drm-engine-capacity-gfx:\t2
`;
    assert.deepEqual(parseDrmInfo(amd), { client: 'amdgpu 0000:03:00.0 26', memoryBytes: 128 * 2 ** 20, busyNanos: 2e9 });
  });

  it('has the system’s memory, where the GPU has none of its own', () => {
    const intel =
      'drm-driver: i915\ndrm-client-id: 7\ndrm-resident-system0: 8 MiB\ndrm-resident-stolen-system0: 0\ndrm-total-system0: 99 MiB\n';
    assert.deepEqual(parseDrmInfo(intel), { client: 'i915  7', memoryBytes: 8 * 2 ** 20, busyNanos: undefined });
  });

  it('is nothing of another file', () => assert.equal(parseDrmInfo('pos:\t0\nflags:\t0100000\nmnt_id:\t30\n'), undefined));
});

describe('structures of NVML', () => {
  it('an nvmlProcessInfo_t is pid and memory; what the driver does not know counts as nothing', () => {
    const infos = Buffer.alloc(48);
    infos.writeUInt32LE(10, 0);
    infos.writeBigUInt64LE(5n * 2n ** 30n, 8);
    infos.writeUInt32LE(11, 24);
    infos.writeBigUInt64LE(2n ** 64n - 1n, 32);
    assert.deepEqual(
      [...parseRunningProcesses(infos)],
      [
        [10, 5 * 2 ** 30],
        [11, 0],
      ],
    );
  });

  it('of the samples of a process, the newest counts', () => {
    const samples = Buffer.alloc(96);
    for (const [index, [pid, time, percent]] of [
      [10, 5n, 30],
      [10, 9n, 70],
      [11, 7n, 20],
    ].entries() as ArrayIterator<[number, [number, bigint, number]]>) {
      samples.writeUInt32LE(pid, index * 32);
      samples.writeBigUInt64LE(time, index * 32 + 8);
      samples.writeUInt32LE(percent, index * 32 + 16);
    }
    const { percents, newest } = parseUtilization(samples);
    assert.deepEqual(
      [[...percents], newest],
      [
        [
          [10, 70],
          [11, 20],
        ],
        9n,
      ],
    );
  });
});
