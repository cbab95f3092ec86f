/** Where processes come from, by proc_pid_cwd(5), proc_pid_environ(5), proc_pid_cgroup(5) and proc_uptime(5). */
import { statSync } from 'node:fs';
import { pid as self } from 'node:process';
import type { Origins } from '../origins.ts';
import type { ProcFs } from './procfs.ts';
import { parseSockets } from './sockets.ts';

const ownUid = process.geteuid?.() ?? -1;

/** What the kernel puts behind the path of a directory that has been removed. */
const removed = ' (deleted)';

/** The variables of an environment block of NUL-separated `NAME=value` that have one of these names. */
export function parseVariables(environment: string, names: readonly string[]): ReadonlyMap<string, string> {
  const wanted = new Set(names);
  const entries = environment.split('\0').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    const name = line.slice(0, Math.max(at, 0));
    return wanted.has(name) ? [[name, line.slice(at + 1)]] : [];
  });
  return new Map(entries);
}

/**
 * The control group of the text of `/proc/PID/cgroup`: of version 2 where it says something, otherwise the one of systemd in version 1.
 */
export function parseCgroup(text: string): string {
  const unified = text.match(/^0::(\/.+)$/m)?.[1];
  return unified ?? text.match(/^\d+:name=systemd:(\/.*)$/m)?.[1] ?? '';
}

export class ProcOrigins implements Origins {
  readonly #proc: ProcFs;

  constructor(proc: ProcFs) {
    this.#proc = proc;
  }

  /** The folder in /proc is the effective user's, and root's where a process may not be dumped. */
  isVisible(pid: number): boolean {
    try {
      return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === ownUid;
    } catch {
      return false;
    }
  }

  cwdOf(pid: number): string | undefined {
    const path = this.#proc.link(`/proc/${pid}/cwd`);
    if (!path?.endsWith(removed) || this.#leadsTo(path, `/proc/${pid}/cwd`)) return path;
    return path.slice(0, -removed.length);
  }

  /** Of a folder whose name ends like that. */
  #leadsTo(path: string, link: string): boolean {
    try {
      const [one, other] = [statSync(path, { bigint: true }), statSync(link, { bigint: true })];
      return one.dev === other.dev && one.ino === other.ino;
    } catch {
      return false;
    }
  }

  environmentOf(pid: number, names: readonly string[]): ReadonlyMap<string, string> {
    return parseVariables(this.#proc.read(`/proc/${pid}/environ`) ?? '', names);
  }

  /** By its namespaces (namespaces(7)) and its root directory: a container, a sandbox or a chroot has its own. */
  sharesNames(pid: number): boolean {
    const links = ['ns/mnt', 'ns/pid', 'root'];
    return links.every((name) => {
      const link = this.#proc.link(`/proc/${pid}/${name}`);
      return link !== undefined && link === this.#proc.link(`/proc/${self}/${name}`);
    });
  }

  cgroupOf(pid: number): string | undefined {
    const text = this.#proc.read(`/proc/${pid}/cgroup`);
    return text === undefined ? undefined : parseCgroup(text);
  }

  ageMillis(startTime: number): number {
    const uptimeSeconds = Number(this.#proc.read('/proc/uptime')?.split(' ')[0]);
    return Math.max(0, (uptimeSeconds - startTime / this.#proc.units.ticksPerSecond) * 1000);
  }

  listeningPorts(): ReadonlySet<number> {
    const tables = ['tcp', 'tcp6'].map((name) => this.#proc.read(`/proc/${self}/net/${name}`) ?? '');
    return new Set(tables.flatMap((table) => parseSockets(table, 'tcp').map(({ port }) => port)));
  }
}
