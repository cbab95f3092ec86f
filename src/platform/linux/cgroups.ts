/** Control groups, version 2: see cgroups(7) and admin-guide/cgroup-v2 of the kernel's documentation. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pid as self } from 'node:process';
import { getSystemErrorMap } from 'node:util';
import type { ContainerUsage, FoundContainer, KernelLimits, LimitEvents } from '../container.ts';
import { ProcessTableError } from '../platform.ts';
import { isExhausted, spareDescriptors } from './spareDescriptors.ts';
import { isTrustedCgroup, isTrustedRoot } from './trustedCgroup.ts';

export { rootPrefix } from './trustedCgroup.ts';

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
export interface CgroupRoot {
  readonly path: string;
  readonly controllers: readonly Controller[];
}

/** Why no cgroup can be made here. */
export class CgroupError extends Error {}

/**
 * Makes a root for a warden's trees below its own cgroup, or beside it, where more controllers are to be had: a cgroup
 * with processes in it cannot hand controllers down. A process is moved in and out again to see that it can be.
 * `paths`: where it is tried.
 * @throws CgroupError that says what was tried, and what the system said.
 */
export function makeCgroupRoot(name: string, paths: readonly string[] = cgroupRootPaths(name)): CgroupRoot {
  const own = ownCgroup();
  if (own === undefined) throw new CgroupError('this process is in no mounted cgroup of version 2');
  // A container may be shown none.
  if (paths.length === 0) throw new CgroupError(`there is no cgroup at ${own}, where this process should be in one`);
  const problems: string[] = [];
  const roots: CgroupRoot[] = [];
  for (const path of paths) {
    try {
      roots.push(tryRoot(path, own));
    } catch (error) {
      problems.push(`no cgroup can be made in ${dirname(path)}: ${systemText(error)}`);
    }
  }
  const [best, other] = roots.sort((a, b) => b.controllers.length - a.controllers.length);
  if (other) removeCgroup(other.path);
  if (!best) throw new CgroupError(problems.join('; '));
  return best;
}

/** The system's own words and the code, for a sentence that says of itself what was tried where. */
function systemText(error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  const [, words] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return words === undefined ? message : `${words} (${code})`;
}

/** Where {@link makeCgroupRoot} would make one. */
export function cgroupRootPaths(name: string): string[] {
  const own = ownCgroup();
  const bases = own === undefined ? [] : [...new Set([own, dirname(own)])];
  return bases.filter(isCgroup).map((base) => join(base, name));
}

/** Removes a root that a dead warden has left, if it is one, and this user's. False where one is left, because processes are in it. */
export function removeCgroupRoot(path: string, uid: number): boolean {
  if (!isTrustedRoot(path, uid)) return true;
  removeCgroup(path);
  return !isCgroup(path);
}

function tryRoot(path: string, own: string): CgroupRoot {
  mkdirSync(path);
  const trial = join(path, 'trial');
  try {
    // Of a folder of root's, the kernel keeps no time until it has been set one: its age would not start again with each cgroup in it.
    utimesSync(path, new Date(), new Date());
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
  const own = wayBack.find();
  if (own === undefined) throw new CgroupError('this process is no longer in a cgroup');
  moveSelf(path);
  try {
    return spawn();
  } finally {
    // What was spawned is there in any case, and has to be known. Where the way back is barred, beside the root will do; where
    // that is barred too, the warden stays inside, and kills one by one (see killAll).
    if (!write(own, 'cgroup.procs', String(self))) write(dirname(dirname(path)), 'cgroup.procs', String(self));
  }
}

/** The folder of this process's own cgroup, which the system may change. The mounts are read where it has: on a machine with many, that takes as long as a spawn. */
class WayBack {
  #text = '';
  #folder: string | undefined;

  find(): string | undefined {
    const text = readText('/proc/self/cgroup');
    if (text !== this.#text || this.#folder === undefined) this.#folder = ownCgroup();
    this.#text = text;
    return this.#folder;
  }
}

const wayBack = new WayBack();

/** Maximum number of passes in which processes are put back. */
const maxPutBackPasses = 20;

/** One tree's cgroup. */
export class Cgroup implements FoundContainer {
  readonly path: string;
  /** Where the first process was that was taken in. */
  #before: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  static make(root: Pick<CgroupRoot, 'path'>, name: string): Cgroup {
    const path = join(root.path, name);
    mkdirSync(path);
    return new Cgroup(path);
  }

  /**
   * The cgroup of a record. What a record says is not trusted: it has to be a cgroup that a warden of this user made for this
   * tree.
   */
  static find(path: string, name: string, uid: number): Cgroup | undefined {
    return isTrustedCgroup(path, name, uid) ? new Cgroup(path) : undefined;
  }

  /**
   * The kernel asks for write access to both cgroups and to the nearest one above them (cgroups(7), "Delegation containment"). All come from the same
   * cgroup: what has been put into another one, by systemd-run for example, has limits there.
   */
  takeIn(pid: number): boolean {
    const before = cgroupOf(pid);
    if (before === undefined || (this.#before !== undefined && before !== this.#before)) return false;
    if (!write(this.path, 'cgroup.procs', String(pid))) return false;
    this.#before = before;
    return true;
  }

  putBack(): boolean {
    const before = this.#before;
    if (before === undefined) return true;
    // Each pass moves what was forked during the one before.
    for (let pass = 0; pass < maxPutBackPasses; pass++) {
      const pids = this.pids();
      if (pids.length === 0) return true;
      for (const pid of pids) write(before, 'cgroup.procs', String(pid));
    }
    return this.pids().length === 0;
  }

  pids(): number[] {
    return cgroupsBelow(this.path).flatMap((path) =>
      readWords(join(path, 'cgroup.procs'))
        .map(Number)
        .filter((pid) => pid > 0),
    );
  }

  killAll(mayKill = isAnother): boolean {
    // It may be that the way back was barred after a spawn, or that a process was moved in by hand: better to kill one by one.
    if (!this.pids().every(mayKill)) return false;
    return write(this.path, 'cgroup.kill', '1') || this.killFrozen(mayKill);
  }

  /**
   * What Linux had before 5.14: a frozen process can neither fork nor end, so a pid that is on the list is whose it was. False where
   * it cannot be frozen.
   */
  killFrozen(mayKill = isAnother): boolean {
    if (!write(this.path, 'cgroup.freeze', '1')) return false;
    const killed = new Set<number>();
    try {
      // Freezing takes a moment, in which a process may still have forked.
      for (let fresh = this.pids(); fresh.length > 0; fresh = this.pids().filter((pid) => !killed.has(pid))) {
        for (const pid of fresh) {
          killed.add(pid);
          if (mayKill(pid)) kill(pid);
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
      // Half a tree is of no use, and swapping would only delay the end.
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

  /** CPU time of all processes that have ever been inside, in milliseconds; every cgroup counts it, whatever its controllers. */
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

/** In microseconds, as cpu.max has it. */
const cpuPeriod = 100_000;

/** Whether a process is in a cgroup or below it; true where the kernel does not say. */
export function isPopulated(path: string): boolean {
  const words = readWords(join(path, 'cgroup.events'));
  return words[words.indexOf('populated') + 1] !== '0';
}

/** Removes a cgroup with all below it. One that still has processes stays. */
export function removeCgroup(path: string): void {
  for (const folder of cgroupsBelow(path).reverse()) removeFolder(folder);
}

/** The cgroup of a tree, where neither processes nor other cgroups are in it. */
export function removeIfEmpty(path: string): void {
  removeFolder(path);
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
      for (const entry of spareDescriptors.run(() => readdirSync(folder, { withFileTypes: true })))
        if (entry.isDirectory()) found.push(join(folder, entry.name));
    } catch {
      // It has just been removed.
    }
  }
  return found;
}

function ownCgroup(): string | undefined {
  return cgroupOf('self');
}

/** The folder of the cgroup that a process is in; undefined where it is gone, or this mount does not show it. */
function cgroupOf(pid: number | 'self'): string | undefined {
  try {
    return spareDescriptors.run(() =>
      parseOwnCgroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
    );
  } catch {
    return undefined;
  }
}

/** Empty where it cannot be read. */
function readText(path: string): string {
  try {
    return spareDescriptors.run(() => readFileSync(path, 'utf8'));
  } catch {
    return '';
  }
}

function isCgroup(path: string): boolean {
  try {
    return statSync(join(path, 'cgroup.procs')).isFile();
  } catch {
    return false;
  }
}

function isAnother(pid: number): boolean {
  return pid > 1 && pid !== self;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is another user's, or gone.
  }
}

function moveSelf(path: string): void {
  spareDescriptors.run(() => writeFileSync(join(path, 'cgroup.procs'), String(self)));
}

/** False where there is no such file or the kernel refuses. */
function write(path: string, file: string, text: string): boolean {
  try {
    // Never made where it is missing: these files are the kernel's.
    spareDescriptors.run(() => writeFileSync(join(path, file), text, { flag: 'r+' }));
    return true;
  } catch {
    return false;
  }
}

function readWords(path: string): string[] {
  try {
    return spareDescriptors
      .run(() => readFileSync(path, 'utf8'))
      .split(/\s+/)
      .filter(Boolean);
  } catch (error) {
    if (isExhausted(error)) throw new ProcessTableError(`${path} cannot be read: ${(error as Error).message}`);
    return [];
  }
}

function readCounter(path: string, name: string): number {
  const words = readWords(path);
  return Number(words[words.indexOf(name) + 1] ?? 0) || 0;
}
