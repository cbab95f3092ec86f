import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNvml, type Nvml, parseRunningProcesses } from '../../src/platform/gpu/nvml.ts';
import { exitOf, Run } from '../support/run.ts';
import type { CheckTime } from './checkTime.ts';
import { computeProcesses, type GpuInfo, listGpus, NoDriverError, whyNotListed } from './nvidiaSmi.ts';

export const cudaScript = fileURLToPath(new URL('../fixtures/gpu/cuda.cjs', import.meta.url));

/** Time in which a process is up, with Node and CUDA, in seconds. */
export const startSeconds = 60;

/** What a process with `cuda.cjs` has written down. */
export interface CudaProcess {
  readonly pid: number;
  /** Of the GPUs that it sees, in its own order. */
  readonly uuids: readonly string[];
  /** What was free on the first of them before it allocated anything. */
  readonly freeBytes?: number;
}

/** The GPU that the check is about, and all that is known of it. */
export class GpuUnderTest {
  readonly info: GpuInfo;
  readonly all: readonly GpuInfo[];
  readonly time: CheckTime;
  readonly freeBytes: number;
  readonly #nvml: Nvml;

  /** `index`: its number in nvidia-smi. @throws NoDriverError where there is none, or CUDA cannot use it. */
  static async find(index: number, time: CheckTime): Promise<GpuUnderTest> {
    const all = await listGpus();
    const info = all.find((gpu) => gpu.index === index);
    if (!info) throw new NoDriverError(`nvidia-smi lists no GPU ${index}`);
    const nvml = await loadNvml('libnvidia-ml.so.1');
    if (!nvml) throw new NoDriverError('libnvidia-ml.so.1 cannot be used');
    return new GpuUnderTest(info, all, time, await freeBytesOf(index, time), nvml);
  }

  private constructor(info: GpuInfo, all: readonly GpuInfo[], time: CheckTime, freeBytes: number, nvml: Nvml) {
    this.info = info;
    this.all = all;
    this.time = time;
    this.freeBytes = freeBytes;
    this.#nvml = nvml;
  }

  /** A part of what is free, bounded in bytes. */
  share(part: number, maxBytes = Number.POSITIVE_INFINITY): number {
    return Math.floor(Math.min(this.freeBytes * part, maxBytes));
  }

  /** Pids that the driver lists, by its own program or by its library. */
  async listed(): Promise<ReadonlySet<number>> {
    const devices = Array.from({ length: this.#nvml.deviceCount }, (_, device) => this.#nvml.runningProcesses(device)).flat();
    const byLibrary = devices.flatMap((infos) => [...parseRunningProcesses(infos).keys()]);
    return new Set([...byLibrary, ...(await computeProcesses()).keys()]);
  }

  /** @throws Error with a sentence on why it is not listed. */
  async untilListed(pid: number): Promise<void> {
    let listed: ReadonlySet<number> = new Set();
    await this.time
      .until(`${pid} is listed`, startSeconds / 4, async () => {
        listed = new Set((await computeProcesses()).keys());
        return listed.has(pid);
      })
      .catch(() => {
        this.time.signal.throwIfAborted();
        throw new Error(whyNotListed(pid, listed));
      });
  }

  /** The processes of this label that are up. @throws Error with what CUDA has refused to one of them. */
  async untilUp(run: Run, label: string, count = 1): Promise<readonly CudaProcess[]> {
    return await this.time.until(`${label}: ${count} CUDA processes are up`, startSeconds, () => {
      const [failure] = writtenFiles(run, label, 'failed');
      if (failure !== undefined) throw new Error(failure);
      const found = cudaProcesses(run, label);
      return found.length >= count && found;
    });
  }
}

/** The environment of a process with `cuda.cjs`. `bytes`: what it allocates; absent: it only looks which GPUs there are. */
export function cudaEnvironment(run: Run, label: string, bytes?: number): Record<string, string> {
  return {
    GPU_CHECK_LABEL: label,
    GPU_CHECK_FOLDER: run.workFolder,
    GPU_CHECK_OWNER: String(process.pid),
    ...(bytes !== undefined && { GPU_CHECK_BYTES: String(bytes) }),
  };
}

/** Has CUDA number the GPUs as nvidia-smi does, and see this one only. */
export function onlyGpu(index: number): Record<string, string> {
  return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: String(index) };
}

/** Those of this label, in the order of their pids. */
export function cudaProcesses(run: Run, label: string): readonly CudaProcess[] {
  return writtenFiles(run, label, 'json')
    .map((text) => JSON.parse(text) as CudaProcess)
    .sort((one, other) => one.pid - other.pid);
}

function writtenFiles({ workFolder }: Run, label: string, extension: 'json' | 'failed'): readonly string[] {
  return readdirSync(workFolder)
    .filter((name) => name.startsWith(`${label}.`) && name.endsWith(`.${extension}`))
    .map((name) => readFileSync(join(workFolder, name), 'utf8'));
}

/** @throws NoDriverError with what CUDA says. */
async function freeBytesOf(index: number, time: CheckTime): Promise<number> {
  await using run = new Run(onlyGpu(index));
  Object.assign(run.env, cudaEnvironment(run, 'free', 0));
  const child = run.spawn(process.execPath, [cudaScript]);
  const hasEnded = (): boolean => (child.exitCode ?? child.signalCode) !== null;
  const found = await time.until('CUDA is up', startSeconds, () => cudaProcesses(run, 'free')[0] ?? (hasEnded() && 'ended'));
  if (found === 'ended') throw new NoDriverError(`CUDA cannot be used: ${writtenFiles(run, 'free', 'failed')[0] ?? 'its process ended'}`);
  child.kill('SIGKILL');
  await exitOf(child);
  return found.freeBytes ?? 0;
}
