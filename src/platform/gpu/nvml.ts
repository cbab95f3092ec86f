/** NVIDIA's management library, by the names of its header, nvml.h. The driver brings it along; where it is not there, there is nothing to ask. */
import type { GpuUsage } from '../platform.ts';

const NVML_SUCCESS = 0;
const NVML_ERROR_INSUFFICIENT_SIZE = 7;
/** usedGpuMemory where the driver does not know, as on Windows with WDDM. */
const NVML_VALUE_NOT_AVAILABLE = 2n ** 64n - 1n;
/** Bytes of an nvmlProcessInfo_t, version 2 and 3, and of an nvmlProcessUtilizationSample_t. */
const processInfoSize = 24;
const utilizationSize = 32;

export interface Nvml {
  readonly deviceCount: number;
  /** Compute and graphics; an nvmlProcessInfo_t each. */
  runningProcesses(device: number): readonly Buffer[];
  /** An nvmlProcessUtilizationSample_t for each process that was busy since `since`, a time of the library's own in microseconds. */
  utilization(device: number, since: bigint): Buffer;
}

/** Undefined where there is no such library, no such GPU, or no native calls. */
export async function loadNvml(library: string): Promise<Nvml | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    const nvml = koffi.load(library);
    const nvmlInit_v2 = nvml.func('nvmlInit_v2', 'int', []);
    const nvmlDeviceGetCount_v2 = nvml.func('nvmlDeviceGetCount_v2', 'int', ['void *']);
    const nvmlDeviceGetHandleByIndex_v2 = nvml.func('nvmlDeviceGetHandleByIndex_v2', 'int', ['uint', koffi.out(koffi.pointer('void *'))]);
    const running = ['nvmlDeviceGetComputeRunningProcesses_v3', 'nvmlDeviceGetGraphicsRunningProcesses_v3'].map((name) =>
      nvml.func(name, 'int', ['void *', 'void *', 'void *']),
    );
    const nvmlDeviceGetProcessUtilization = nvml.func('nvmlDeviceGetProcessUtilization', 'int', ['void *', 'void *', 'void *', 'uint64_t']);
    // Where the driver sleeps, this wakes it up, which takes seconds: on a thread of its own.
    const result = await new Promise<number>((resolve, reject) => {
      nvmlInit_v2.async((error: Error | null, value: number) => (error ? reject(error) : resolve(value)));
    });
    if (result !== NVML_SUCCESS) return undefined;
    const count = Buffer.alloc(4);
    if (nvmlDeviceGetCount_v2(count) !== NVML_SUCCESS) return undefined;
    const devices = Array.from({ length: count.readUInt32LE() }, (_, index) => {
      const handle = [null];
      return nvmlDeviceGetHandleByIndex_v2(index, handle) === NVML_SUCCESS ? handle[0] : null;
    }).filter((handle) => handle !== null);
    /** Calls that say how many there are when the place was too small. */
    const list = (size: number, call: (count: Buffer, into: Buffer) => number): Buffer => {
      for (let capacity = 64; capacity <= 65_536; capacity *= 4) {
        count.writeUInt32LE(capacity);
        const into = Buffer.alloc(capacity * size);
        const result = call(count, into);
        if (result === NVML_SUCCESS) return into.subarray(0, count.readUInt32LE() * size);
        if (result !== NVML_ERROR_INSUFFICIENT_SIZE) break;
      }
      return Buffer.alloc(0);
    };
    return {
      deviceCount: devices.length,
      runningProcesses: (device) => running.map((call) => list(processInfoSize, (length, into) => call(devices[device], length, into))),
      utilization: (device, since) =>
        list(utilizationSize, (length, into) => nvmlDeviceGetProcessUtilization(devices[device], into, length, since)),
    };
  } catch {
    return undefined;
  }
}

/** An array of nvmlProcessInfo_t: bytes by pid; 0 where they are not known. */
export function parseRunningProcesses(infos: Buffer): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = 0; at + processInfoSize <= infos.length; at += processInfoSize) {
    const bytes = infos.readBigUInt64LE(at + 8);
    found.set(infos.readUInt32LE(at), bytes === NVML_VALUE_NOT_AVAILABLE ? 0 : Number(bytes));
  }
  return found;
}

/** An array of nvmlProcessUtilizationSample_t: percent of the GPU by pid, the newest of each, and the newest time of all. */
export function parseUtilization(samples: Buffer): { readonly percents: ReadonlyMap<number, number>; readonly newest: bigint } {
  const percents = new Map<number, number>();
  const times = new Map<number, bigint>();
  let newest = 0n;
  for (let at = 0; at + utilizationSize <= samples.length; at += utilizationSize) {
    const pid = samples.readUInt32LE(at);
    const time = samples.readBigUInt64LE(at + 8);
    if (time > newest) newest = time;
    if (time < (times.get(pid) ?? 0n)) continue;
    times.set(pid, time);
    percents.set(pid, samples.readUInt32LE(at + 16));
  }
  return { percents, newest };
}

/** How often the library is asked, in milliseconds: each call of it takes the driver a millisecond. */
const askMillis = 1900;

/**
 * What processes use of NVIDIA's GPUs. Nothing is loaded before the first question, and no caller waits for that; a library that is not there is
 * not looked for again.
 */
export class NvidiaGpus {
  readonly #library: string;
  #loading: Promise<void> | undefined;
  #nvml: Nvml | undefined;
  #since: bigint[] = [];
  #usage: ReadonlyMap<number, GpuUsage> = new Map();
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `library`: `libnvidia-ml.so.1`, `nvml.dll`. */
  constructor(library: string) {
    this.#library = library;
  }

  /** Of every process that uses one, by pid. */
  usage(): ReadonlyMap<number, GpuUsage> {
    void this.#load();
    const nvml = this.#nvml;
    const now = performance.now();
    if (nvml === undefined || now - this.#askedAt < askMillis) return this.#usage;
    this.#askedAt = now;
    const usage = new Map<number, { memoryBytes: number; percent: number }>();
    for (let device = 0; device < nvml.deviceCount; device++) {
      const { percents, newest } = parseUtilization(nvml.utilization(device, this.#since[device] ?? 0n));
      if (newest > 0n) this.#since[device] = newest;
      // One that computes and draws is in both lists, with the same memory.
      const memory = new Map(nvml.runningProcesses(device).flatMap((infos) => [...parseRunningProcesses(infos)]));
      for (const [pid, bytes] of memory) {
        const { memoryBytes, percent } = usage.get(pid) ?? { memoryBytes: 0, percent: 0 };
        usage.set(pid, { memoryBytes: memoryBytes + bytes, percent: percent + (percents.get(pid) ?? 0) });
      }
    }
    this.#usage = usage;
    return usage;
  }

  /** The processes that hold GPU memory now, read afresh; empty where there is no library. */
  async holders(): Promise<ReadonlySet<number>> {
    await this.#load();
    const nvml = this.#nvml;
    const devices = Array.from({ length: nvml?.deviceCount ?? 0 }, (_, device) => nvml?.runningProcesses(device) ?? []);
    return new Set(devices.flat().flatMap((infos) => [...parseRunningProcesses(infos).keys()]));
  }

  #load(): Promise<void> {
    this.#loading ??= loadNvml(this.#library).then((loaded) => {
      this.#nvml = loaded;
    });
    return this.#loading;
  }
}
