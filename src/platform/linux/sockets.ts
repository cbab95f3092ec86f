/** Which ports processes listen on, by the inodes of their sockets: proc_pid_fd(5) has those, proc_pid_net(5) says what they are. */
import { performance } from 'node:perf_hooks';
import { addressOf } from '../addresses.ts';
import type { ListeningPort, ProcessIdentity } from '../platform.ts';
import { Turns } from '../turns.ts';
import type { ProcFs } from './procfs.ts';

export interface ListeningSocket extends ListeningPort {
  readonly inode: number;
}

/** States of `/proc/net/tcp`, in hexadecimal: include/net/tcp_states.h. A UDP socket without a peer is "closed". */
const listeningState = { tcp: '0A', udp: '07' } as const;
const establishedState = '01';

/** Inodes of the sockets of one of the kernel's tables that are in this state. */
export function inodesIn(table: string, requestedState: string): Set<number> {
  return new Set(
    table.split('\n').flatMap((line) => {
      const [, , , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === requestedState && inode !== undefined ? Number(inode) : [];
    }),
  );
}

/** The sockets of one of the kernel's tables that accept connections. */
export function parseSockets(table: string, protocol: 'tcp' | 'udp'): ListeningSocket[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== listeningState[protocol] || inode === undefined || inode === '0') return [];
    return { protocol, address: parseAddress(address), port: Number.parseInt(port, 16), inode: Number(inode) };
  });
}

/** 32-bit words, each as the machine has it in memory: of every machine that this runs on, the lowest byte first. */
function parseAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  return addressOf(words.flatMap((word) => (word.match(/../g) ?? []).reverse()).map((byte) => Number.parseInt(byte, 16)));
}

/** The kernel lists those that listen first: the thousands of connections behind them are not read. */
function hasConnections(part: string): boolean {
  return /^ *\d+: \S+ \S+ (?!0A)/m.test(part);
}

interface Holder {
  readonly startTime: number;
  /** Identifies its network namespace. */
  readonly network: string;
  readonly inodes: ReadonlySet<number>;
  /** When that was read, in milliseconds. */
  readonly at: number;
}

/** Time after which the sockets of a process are read again, in milliseconds: it may close a socket, or hand it on. */
const holderMillis = 10_000;

/** How often the kernel's tables are read for processes that are known, in milliseconds. */
const tableMillis = 1900;

/** Caches which process holds which sockets, so that a pass reads four short files while no process begins to listen. */
export class Sockets {
  readonly #proc: ProcFs;
  #holders = new Map<number, Holder>();
  /** Inodes of the listening sockets at the last pass, per network namespace. */
  #before = new Map<string, ReadonlySet<number>>();
  #ports = new Map<number, ListeningPort[]>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(proc: ProcFs) {
    this.#proc = proc;
  }

  /** Ports by pid; processes that listen on nothing are left out. */
  async listening(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, readonly ListeningPort[]>> {
    const now = performance.now();
    const isRecent = now - this.#lookedAt < tableMillis && processes.every((process) => this.#recall(process, now));
    if (!isRecent) await this.#look(processes, now);
    const pids = new Set(processes.map(({ pid }) => pid));
    return new Map([...this.#ports].filter(([pid]) => pids.has(pid)));
  }

  /** How many TCP connections each has established. Reads the tables whole: not for every sample. */
  async connections(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, number>> {
    const established = new Map<string, ReadonlySet<number>>();
    const now = performance.now();
    const counts = await new Turns().map(processes, (process): [number, number] => {
      const { network, inodes } = this.#read(process, now);
      const known = established.get(network) ?? this.#established(process.pid);
      established.set(network, known);
      return [process.pid, [...inodes].filter((inode) => known.has(inode)).length];
    });
    return new Map(counts);
  }

  #established(pid: number): ReadonlySet<number> {
    const tables = ['tcp', 'tcp6'].map((name) => this.#proc.read(`/proc/${pid}/net/${name}`) ?? '');
    return inodesIn(tables.join('\n'), establishedState);
  }

  async #look(processes: readonly ProcessIdentity[], now: number): Promise<void> {
    this.#lookedAt = now;
    const turns = new Turns();
    const holders = new Map(
      await turns.map(processes, (process) => [process.pid, this.#recall(process, now) ?? this.#read(process, now)] as const),
    );
    const tables = new Map<string, ListeningSocket[]>();
    for (const [pid, { network }] of holders) if (!tables.has(network)) tables.set(network, this.#table(pid));
    // A new listener has begun to listen since its descriptors were read, or before.
    const news = new Set([...tables.keys()].filter((network) => this.#hasNews(network, tables)));
    const changed = processes.filter(({ pid }) => news.has(holders.get(pid)?.network ?? ''));
    for (const [pid, holder] of await turns.map(changed, (process) => [process.pid, this.#read(process, now)] as const))
      holders.set(pid, holder);
    this.#holders = holders;
    this.#before = new Map(Array.from(tables, ([network, sockets]) => [network, new Set(sockets.map(({ inode }) => inode))]));
    this.#ports = new Map(
      Array.from(holders, ([pid, { network, inodes }]): [number, ListeningPort[]] => [
        pid,
        (tables.get(network) ?? []).filter(({ inode }) => inodes.has(inode)),
      ]).filter(([, ports]) => ports.length > 0),
    );
  }

  #recall({ pid, startTime }: ProcessIdentity, now: number): Holder | undefined {
    const holder = this.#holders.get(pid);
    return holder?.startTime === startTime && now - holder.at < holderMillis ? holder : undefined;
  }

  #read({ pid, startTime }: ProcessIdentity, now: number): Holder {
    const inodes = this.#proc.descriptorsOf(pid).flatMap((target) => Number(target.match(/^socket:\[(\d+)\]$/)?.[1] ?? Number.NaN) || []);
    return { startTime, network: this.#proc.link(`/proc/${pid}/ns/net`) ?? '', inodes: new Set(inodes), at: now };
  }

  /** As the process sees them: it may have a network of its own. */
  #table(pid: number): ListeningSocket[] {
    const read = (name: string, protocol: 'tcp' | 'udp'): ListeningSocket[] =>
      parseSockets(this.#proc.read(`/proc/${pid}/net/${name}`, protocol === 'tcp' ? hasConnections : undefined) ?? '', protocol);
    return [...read('tcp', 'tcp'), ...read('tcp6', 'tcp'), ...read('udp', 'udp'), ...read('udp6', 'udp')];
  }

  #hasNews(network: string, tables: ReadonlyMap<string, readonly ListeningSocket[]>): boolean {
    const before = this.#before.get(network);
    return (tables.get(network) ?? []).some(({ inode }) => !before?.has(inode));
  }
}
