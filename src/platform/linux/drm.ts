/** GPU usage of processes, for drivers that report it in `/proc/PID/fdinfo` (AMD, Intel): Documentation/gpu/drm-usage-stats.rst. */
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { GpuUsage, ProcessIdentity } from '../platform.ts';
import { Turns } from '../turns.ts';
import type { ProcFs } from './procfs.ts';

/** One open file of a GPU; several descriptors may be of the same one. */
export interface DrmClient {
  /** Unique among the clients of a driver's device. */
  readonly client: string;
  readonly memoryBytes: number;
  /** Time that its engines were busy, in nanoseconds; undefined where the driver does not report it. */
  readonly busyNanos: number | undefined;
}

const bytesPerUnit: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Undefined where it is no file of a GPU. */
export function parseDrmInfo(text: string): DrmClient | undefined {
  const values = new Map(Array.from(text.matchAll(/^(drm-[^:\s]+):\s*(.*?)\s*$/gm), ([, key = '', value = '']) => [key, value]));
  const client = values.get('drm-client-id');
  if (client === undefined) return undefined;
  const sumOf = (prefix: string, isWanted: (region: string) => boolean = () => true): number =>
    [...values]
      .filter(([key]) => key.startsWith(prefix) && isWanted(key.slice(prefix.length)))
      .reduce((sum, [, value]) => sum + bytesOf(value), 0);
  const isOnBoard = (region: string): boolean => /^(vram|local)/.test(region);
  const busy = [...values].filter(([key, value]) => /^drm-engine-(?!capacity-)/.test(key) && value.endsWith('ns'));
  return {
    client: `${values.get('drm-driver') ?? ''} ${values.get('drm-pdev') ?? ''} ${client}`,
    // A GPU without memory of its own uses the system's.
    memoryBytes: sumOf('drm-resident-', isOnBoard) || sumOf('drm-memory-', isOnBoard) || sumOf('drm-resident-') || sumOf('drm-memory-'),
    busyNanos: busy.length > 0 ? busy.reduce((sum, [, value]) => sum + Number.parseInt(value, 10), 0) : undefined,
  };
}

function bytesOf(value: string): number {
  const [, amount, unit = ''] = value.match(/^(\d+)\s*(\w*)$/) ?? [];
  return Number(amount ?? 0) * (bytesPerUnit[unit] ?? 1);
}

/** Time after which the GPU descriptors of a process are searched again, in milliseconds. */
const descriptorsMillis = 10_000;

interface Known {
  readonly startTime: number;
  readonly descriptors: readonly number[];
  /** Time of that search. */
  readonly at: number;
  readonly busyNanos: number | undefined;
  readonly measuredAt: number;
}

export class DrmUsage {
  readonly #proc: ProcFs;
  /** Without such a device no process can have it open. */
  readonly #isThere = existsSync('/dev/dri');
  #known = new Map<number, Known>();

  constructor(proc: ProcFs) {
    this.#proc = proc;
  }

  /** Of those who use one. */
  async usage(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, GpuUsage>> {
    const found = new Map<number, GpuUsage>();
    if (!this.#isThere) return found;
    const now = performance.now();
    const known = new Map<number, Known>();
    const turns = new Turns();
    for (const { pid, startTime } of processes) {
      const pause = turns.next();
      if (pause) await pause;
      const before = this.#known.get(pid);
      const last = before?.startTime === startTime ? before : undefined;
      const isFresh = last !== undefined && now - last.at < descriptorsMillis;
      const descriptors = isFresh ? last.descriptors : this.#proc.descriptorsTo(pid, '/dev/dri/');
      const clients = new Map(
        descriptors.flatMap((fd) => {
          const info = parseDrmInfo(this.#proc.read(`/proc/${pid}/fdinfo/${fd}`) ?? '');
          return info ? [[info.client, info] as const] : [];
        }),
      );
      const all = [...clients.values()];
      const busyNanos = all.some((client) => client.busyNanos !== undefined)
        ? all.reduce((sum, client) => sum + (client.busyNanos ?? 0), 0)
        : undefined;
      known.set(pid, { startTime, descriptors, at: isFresh ? last.at : now, busyNanos, measuredAt: now });
      if (all.length === 0) continue;
      const grown = last?.busyNanos !== undefined && busyNanos !== undefined && now > last.measuredAt ? busyNanos - last.busyNanos : 0;
      const percent = grown > 0 && last ? grown / (now - last.measuredAt) / 1e4 : 0;
      found.set(pid, { memoryBytes: all.reduce((sum, client) => sum + client.memoryBytes, 0), percent });
    }
    this.#known = known;
    return found;
  }
}
