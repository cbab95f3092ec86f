/** A real cluster of Slurm on this machine: one controller and two nodes, which differ by their ports, or are in networks of their own. It needs root, as slurmd(8) does. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { NodeNetwork } from './nodeNetwork.ts';
import { eventually, exitOf } from './run.ts';
import { isAlive, killIfThere } from './survivors.ts';

export const nodeNames = ['node1', 'node2'] as const;
type NodeName = (typeof nodeNames)[number];

export interface ClusterOptions {
  /** Time between SIGTERM and SIGKILL where Slurm ends a job, in seconds. */
  readonly killWait?: number;
  readonly cpusPerNode?: number;
  /** After this time without an answer, a node is down for Slurm, and its jobs have failed; in seconds. Slurm's own is 300. */
  readonly nodeTimeout?: number;
  /** Nodes that have networks of their own, which can be cut off. */
  readonly distant?: readonly NodeName[];
  /** Each job is put on the node that is least loaded; else on the first one with room. */
  readonly spreads?: boolean;
}

/** Why there can be none here; undefined where there can. */
export function whyNoCluster(): string | undefined {
  if (process.getuid?.() !== 0) return 'slurmd needs root';
  try {
    for (const program of ['slurmctld', 'slurmd']) execFileSync(program, ['-V'], { stdio: 'ignore' });
    execFileSync('munged', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'slurmctld, slurmd or munge is not installed';
  }
}

export class SlurmCluster implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tw-slurm-'));
  /** What programs of Slurm, and whatever calls them, have in their environment. */
  readonly env = { SLURM_CONF: join(this.folder, 'slurm.conf') };
  readonly #daemons = new Map<string, ChildProcess>();
  readonly #networks = new Map<NodeName, NodeNetwork>();

  /** @throws Error where it does not come up. */
  static async start(options: ClusterOptions = {}): Promise<SlurmCluster> {
    const cluster = new SlurmCluster();
    try {
      for (const node of options.distant ?? []) cluster.#networks.set(node, await NodeNetwork.create());
      await cluster.#configure(options);
      cluster.#run('munged', ['--foreground', ...cluster.#mungeFiles()]);
      await eventually('munge answers', () => cluster.ask('munge', '--no-input', `--socket=${cluster.#munge('socket')}`) !== undefined);
      cluster.startController();
      for (const node of nodeNames) cluster.startNode(node);
      await eventually('the nodes are idle', () => cluster.isIdle, 60_000);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  startController(): void {
    this.#run('slurmctld', ['-D']);
  }

  startNode(node: NodeName): void {
    const [program, ...args] = [...(this.#networks.get(node)?.enter ?? []), 'slurmd', '-D', '-N', node];
    this.#run(program ?? '', args, node);
  }

  /** Of a node that has one of its own. */
  network(node: NodeName): NodeNetwork {
    const network = this.#networks.get(node);
    if (!network) throw new Error(`${node} is on this machine's network`);
    return network;
  }

  /** Ends a daemon at once, and nothing that it has started. */
  async kill(daemon: 'slurmctld' | NodeName): Promise<void> {
    const child = this.#daemons.get(daemon);
    if (!child) throw new Error(`${daemon} does not run`);
    child.kill('SIGKILL');
    await exitOf(child);
    this.#daemons.delete(daemon);
  }

  /** Whether the controller says so of every node, and of none that it does not answer. While it is being started, it says nothing. */
  get isIdle(): boolean {
    const states = (this.ask('sinfo', '--noheader', '--Node', '--format=%T') ?? '').split('\n').filter(Boolean);
    // Of one that does not answer, there is a mark behind its state: sinfo(1).
    return states.length === nodeNames.length && states.every((state) => state === 'idle');
  }

  /** As a machine whose power fails: its daemon, and all that runs on it, at once. Until {@link startNode}. */
  async lose(node: NodeName): Promise<void> {
    for (const pid of this.#processesOf(node)) killIfThere(pid, 'SIGKILL');
    await this.kill(node);
  }

  /** As a machine that hangs, or whose network is cut: nothing is closed, and nothing answers. Until {@link thaw}. */
  freeze(node: NodeName): void {
    for (const pid of [this.pidOf(node), ...this.#processesOf(node)]) killIfThere(pid, 'SIGSTOP');
  }

  thaw(node: NodeName): void {
    for (const pid of [...this.#processesOf(node), this.pidOf(node)]) killIfThere(pid, 'SIGCONT');
  }

  /** What its daemon has started, and what that has: known by what they have in their environment, and by being what guards such processes. */
  #processesOf(node: NodeName): number[] {
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
    const own = pids.filter((pid) => {
      const variables = proc(pid, 'environ').split('\0');
      return variables.includes(`SLURMD_NODENAME=${node}`) && variables.includes(`SLURM_CONF=${this.env.SLURM_CONF}`);
    });
    const guards = own
      .map((pid) => Number(proc(pid, 'stat').split(') ').at(-1)?.split(' ')[1]))
      .filter((pid) => proc(pid, 'comm').startsWith('slurmstepd'));
    return [...new Set([...guards, ...own])];
  }

  /** Jobs that are in the queue, or run: id, name, state. Undefined where the controller does not answer. */
  jobs(): { readonly id: string; readonly name: string; readonly state: string }[] | undefined {
    const answer = this.ask('squeue', '--noheader', '--format=%i|%j|%T');
    return answer?.split('\n').flatMap((line) => {
      if (line === '') return [];
      const [id = '', name = '', state = ''] = line.split('|');
      return { id, name, state };
    });
  }

  /** What a program of Slurm answers; undefined where it fails. */
  ask(program: string, ...args: readonly string[]): string | undefined {
    try {
      return execFileSync(program, args, { env: { ...process.env, ...this.env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ask('scancel', '--user=root', '--signal=KILL', '--full');
    this.ask('scancel', '--user=root');
    await eventually('no job is left', () => this.jobs()?.length === 0).catch(() => undefined);
    // The nodes before the controller, and that before what they prove themselves by.
    for (const child of [...this.#daemons.values()].reverse()) {
      child.kill('SIGTERM');
      await Promise.race([exitOf(child), eventually('it ends', () => !isAlive(child.pid ?? 0), 5000).catch(() => child.kill('SIGKILL'))]);
    }
    for (const network of this.#networks.values()) await network[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #munge(file: string): string {
    return join(this.folder, 'munge', file);
  }

  #mungeFiles(): string[] {
    const files = { socket: 'socket', 'key-file': 'key', 'pid-file': 'pid', 'log-file': 'log', 'seed-file': 'seed' };
    return Object.entries(files).map(([option, file]) => `--${option}=${this.#munge(file)}`);
  }

  async #configure({ killWait = 30, cpusPerNode = 8, nodeTimeout = 20, spreads = false }: ClusterOptions): Promise<void> {
    // Programs of other users may have to reach the socket.
    chmodSync(this.folder, 0o755);
    // munged wants all users to reach its socket, and none its key.
    mkdirSync(join(this.folder, 'munge'), { mode: 0o711 });
    for (const name of ['state', ...nodeNames]) mkdirSync(join(this.folder, name));
    writeFileSync(this.#munge('key'), randomBytes(1024), { mode: 0o600 });
    const ports = new NamedPorts();
    const host = hostname();
    // Of all addresses of this side, a distant node knows one.
    const here = [...this.#networks.values()][0]?.here ?? '127.0.0.1';
    const nodes = await Promise.all(
      nodeNames.map(
        async (name) =>
          `NodeName=${name} NodeHostname=${host} NodeAddr=${this.#networks.get(name)?.there ?? '127.0.0.1'} Port=${await ports.portFor(name)} CPUs=${cpusPerNode} RealMemory=8000`,
      ),
    );
    const lines = [
      'ClusterName=test',
      `SlurmctldHost=${host}(${here})`,
      `SlurmctldPort=${await ports.portFor('controller')}`,
      'SlurmUser=root',
      'SlurmdUser=root',
      'AuthType=auth/munge',
      `AuthInfo=socket=${this.#munge('socket')}`,
      `SlurmctldPidFile=${join(this.folder, 'slurmctld.pid')}`,
      `SlurmdPidFile=${join(this.folder, '%n.pid')}`,
      `SlurmdSpoolDir=${join(this.folder, '%n')}`,
      `StateSaveLocation=${join(this.folder, 'state')}`,
      'ProctrackType=proctrack/linuxproc',
      'TaskPlugin=task/none',
      'SelectType=select/cons_tres',
      `SelectTypeParameters=CR_CPU${spreads ? ',CR_LLN' : ''}`,
      'SlurmdParameters=config_overrides',
      'AccountingStorageType=accounting_storage/none',
      'JobAcctGatherType=jobacct_gather/none',
      'MpiDefault=none',
      'SwitchType=switch/none',
      'ReturnToService=2',
      `SlurmdTimeout=${nodeTimeout}`,
      `KillWait=${killWait}`,
      'SchedulerType=sched/backfill',
      'SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1',
      ...nodes,
      `PartitionName=main Nodes=${nodeNames.join(',')} Default=YES MaxTime=INFINITE OverSubscribe=NO State=UP`,
    ];
    writeFileSync(this.env.SLURM_CONF, `${lines.join('\n')}\n`);
  }

  #run(program: string, args: readonly string[], name: string = program): void {
    const log = join(this.folder, `${name}.log`);
    const child = spawn(program, args, { env: { ...process.env, ...this.env }, stdio: 'ignore', detached: true });
    child.once('error', (error) => writeFileSync(log, String(error)));
    this.#daemons.set(name, child);
  }

  /** A PATH on which scontrol(1) refuses to give a job more time, as it does to users who are no operators; root is one. */
  pathWithoutMoreTime(): string {
    const folder = join(this.folder, 'no-more-time');
    mkdirSync(folder, { recursive: true });
    const script =
      '#!/bin/sh\ncase "$*" in *TimeLimit=+*) echo "slurm_update error: Access/permission denied" >&2; exit 1;; esac\nPATH=${PATH#*:} exec scontrol "$@"\n';
    writeFileSync(join(folder, 'scontrol'), script, { mode: 0o755 });
    return `${folder}:${process.env['PATH']}:/usr/sbin:/sbin`;
  }

  /** The pid of a daemon that runs; for a look at what it has started. */
  pidOf(daemon: string): number {
    const pid = this.#daemons.get(daemon)?.pid;
    if (pid === undefined || !isAlive(pid)) throw new Error(`${daemon} does not run`);
    return pid;
  }

  /** What a daemon has logged. */
  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8');
  }
}

/** Empty where it has just ended. */
function proc(pid: number, file: 'environ' | 'stat' | 'comm'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
