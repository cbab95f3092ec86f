/** Control groups, version 2: see cgroups(7) and admin-guide/cgroup-v2 of the kernel's documentation. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pid as self } from 'node:process';
import type { ContainerUsage, FoundContainer, KernelLimits, LimitEvents } from '../container.ts';

/** The controllers that hold limits; each may be missing. */
const controllers = ['memory', 'pids', 'cpu'] as const;
export type Controller = (typeof controllers)[number];

/** The folder of the cgroup that a process is in, from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`. */
export function parseOwnCgroup(mountinfo: string, cgroup: string): string | undefined {
  const own = cgroup.match(/^0::(\/.*)$/m)?.[1];
  const mount = mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    // 36 35 98:0 ROOT MOUNTPOINT OPTIONS [FIELDS…] - TYPE SOURCE OPTIONS
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2');
  const [, , , root, mountPoint] = mount ?? [];
  if (own === undefined || root === undefined || mountPoint === undefined) return undefined;
  const inside = relative(root, own);
  // A process outside of what this mount shows has no folder here.
  return inside.startsWith('..') ? undefined : join(mountPoint, inside);
}

/** The folder in which the cgroups of one warden's trees are made; itself without processes, so that it may have controllers. */
export interface CgroupHome {
  readonly path: string;
  readonly controllers: readonly Controller[];
}

/** Why no cgroup can be made here. */
export class CgroupError extends Error {}

/**
 * Makes a home for a warden's trees below its own cgroup, or beside it, where more controllers are to be had: a cgroup
 * with processes in it cannot hand controllers down. A process is moved in and out again to see that it can be.
 * @throws CgroupError that says what was tried.
 */
export function makeCgroupHome(name: string): CgroupHome {
  const own = ownCgroup();
  if (own === undefined) throw new CgroupError('no cgroup of version 2 is mounted that this process is in');
  const problems: string[] = [];
  const homes: CgroupHome[] = [];
  for (const path of cgroupHomes(name)) {
    try {
      homes.push(tryHome(path, own));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const [best, other] = homes.sort((a, b) => b.controllers.length - a.controllers.length);
  if (other) removeCgroup(other.path);
  if (!best) throw new CgroupError(problems.join('; '));
  return best;
}

/** Where {@link makeCgroupHome} would make one. */
export function cgroupHomes(name: string): string[] {
  const own = ownCgroup();
  const bases = own === undefined ? [] : [...new Set([own, dirname(own)])];
  return bases.filter(isCgroup).map((base) => join(base, name));
}

/** Removes a home that a dead warden has left, if it is one, and this user's. False where one is left, because of who is in it. */
export function removeCgroupHome(path: string, uid: number): boolean {
  const isHome = basename(path).startsWith(homePrefix) && isCgroup(path) && statSync(path, { throwIfNoEntry: false })?.uid === uid;
  if (!isHome) return true;
  removeCgroup(path);
  return !isCgroup(path);
}

function tryHome(path: string, own: string): CgroupHome {
  mkdirSync(path);
  const trial = join(path, 'trial');
  try {
    const offered = readWords(join(path, 'cgroup.controllers'));
    const enabled = controllers.filter(
      (controller) => offered.includes(controller) && write(path, 'cgroup.subtree_control', `+${controller}`),
    );
    mkdirSync(trial);
    moveSelf(trial);
    moveSelf(own);
    rmdirSync(trial);
    return { path, controllers: enabled };
  } catch (error) {
    removeCgroup(path);
    throw error;
  }
}

/**
 * The warden enters the cgroup for the moment of the spawn: what it starts is born inside, so that nothing can slip out.
 * @throws Error where the cgroup is gone; nothing was started then.
 */
export function spawnInCgroup<T>(path: string, spawn: () => T): T {
  const own = ownCgroup();
  if (own === undefined) throw new CgroupError('this process is in no cgroup any more');
  moveSelf(path);
  try {
    return spawn();
  } finally {
    // What was spawned is there in any case, and has to be known. Where the way back is barred, beside the home will do; where
    // that is barred too, the warden stays inside, and kills one by one (see killAll).
    if (!write(own, 'cgroup.procs', String(self))) write(dirname(dirname(path)), 'cgroup.procs', String(self));
  }
}

/** One tree's cgroup. */
export class Cgroup implements FoundContainer {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static make(home: CgroupHome, name: string): Cgroup {
    const path = join(home.path, name);
    mkdirSync(path);
    return new Cgroup(path);
  }

  /**
   * The cgroup of a record. What a record says is not trusted: it has to be a cgroup that a warden made for this tree,
   * and this user's.
   */
  static find(path: string, name: string, uid: number): Cgroup | undefined {
    if (basename(path) !== name || !basename(dirname(path)).startsWith(homePrefix) || !isCgroup(path)) return undefined;
    return statSync(path).uid === uid ? new Cgroup(path) : undefined;
  }

  pids(): number[] {
    return cgroupsBelow(this.path).flatMap((path) =>
      readWords(join(path, 'cgroup.procs'))
        .map(Number)
        .filter((pid) => pid > 0),
    );
  }

  killAll(): boolean {
    // It may be that the way back was barred after a spawn: better to kill one by one than oneself.
    if (this.pids().includes(self)) return false;
    return write(this.path, 'cgroup.kill', '1') || this.killFrozen();
  }

  /**
   * What Linux had before 5.14: nobody who is frozen can fork or end, so a pid that is on the list is who it was. False where it
   * cannot be frozen.
   */
  killFrozen(): boolean {
    if (!write(this.path, 'cgroup.freeze', '1')) return false;
    const killed = new Set<number>();
    try {
      // Freezing takes a moment, in which somebody may still have forked.
      for (let fresh = this.pids(); fresh.length > 0; fresh = this.pids().filter((pid) => !killed.has(pid))) {
        for (const pid of fresh) {
          killed.add(pid);
          kill(pid);
        }
      }
    } finally {
      write(this.path, 'cgroup.freeze', '0');
    }
    return true;
  }

  limit({ memoryBytes, processes, cpuCores }: KernelLimits): (keyof KernelLimits)[] {
    const held: (keyof KernelLimits)[] = [];
    if (memoryBytes !== undefined && write(this.path, 'memory.max', String(memoryBytes))) {
      // Half a tree is of no use to anybody, and swapping would only put the end off.
      write(this.path, 'memory.oom.group', '1');
      write(this.path, 'memory.swap.max', '0');
      held.push('memoryBytes');
    }
    if (processes !== undefined && write(this.path, 'pids.max', String(processes))) held.push('processes');
    if (cpuCores !== undefined && write(this.path, 'cpu.max', `${Math.round(cpuCores * cpuPeriod)} ${cpuPeriod}`)) held.push('cpuCores');
    return held;
  }

  limitEvents(): LimitEvents {
    return {
      memoryKills: readCounter(join(this.path, 'memory.events'), 'oom_kill'),
      refusedForks: readCounter(join(this.path, 'pids.events'), 'max'),
    };
  }

  /** Of all who have ever been inside, in milliseconds; every cgroup has this, whatever controllers were handed down. */
  cpuMillis(): number | undefined {
    const micros = readCounter(join(this.path, 'cpu.stat'), 'usage_usec');
    return micros === 0 ? undefined : micros / 1000;
  }

  usage(): ContainerUsage {
    const memory = Number(readWords(join(this.path, 'memory.current'))[0]);
    const pressure = { cpu: this.#pressure('cpu'), memory: this.#pressure('memory'), io: this.#pressure('io') };
    const known = Object.fromEntries(Object.entries(pressure).filter(([, percent]) => percent !== undefined));
    return { ...(memory > 0 && { memoryBytes: memory }), ...(Object.keys(known).length > 0 && { pressure: known }) };
  }

  #pressure(resource: 'cpu' | 'memory' | 'io'): number | undefined {
    const percent = readWords(join(this.path, `${resource}.pressure`)).find((word) => word.startsWith('avg10='));
    return percent === undefined ? undefined : Number(percent.slice('avg10='.length));
  }

  dispose(): void {
    removeCgroup(this.path);
  }
}

export const homePrefix = 'tree-warden-';

/** In microseconds, as cpu.max has it. */
const cpuPeriod = 100_000;

/** Removes a cgroup with all below it. One that still has processes stays. */
export function removeCgroup(path: string): void {
  for (const folder of cgroupsBelow(path).reverse()) removeFolder(folder);
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Busy, or gone already.
  }
}

/** A cgroup and those that its members have made in it, parents first. */
function cgroupsBelow(path: string): string[] {
  const found = [path];
  for (const folder of found) {
    try {
      // A folder has a link for each one in it, so that most need no listing.
      if (statSync(folder).nlink <= 2) continue;
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) found.push(join(folder, entry.name));
    } catch {
      // It has just been removed.
    }
  }
  return found;
}

function ownCgroup(): string | undefined {
  try {
    return parseOwnCgroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  } catch {
    return undefined;
  }
}

function isCgroup(path: string): boolean {
  try {
    return statSync(join(path, 'cgroup.procs')).isFile();
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is another user's, or gone.
  }
}

function moveSelf(path: string): void {
  writeFileSync(join(path, 'cgroup.procs'), String(self));
}

/** False where there is no such file or the kernel refuses. */
function write(path: string, file: string, text: string): boolean {
  try {
    // Never made where it is missing: these files are the kernel's.
    writeFileSync(join(path, file), text, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function readCounter(path: string, name: string): number {
  const words = readWords(path);
  return Number(words[words.indexOf(name) + 1] ?? 0) || 0;
}
