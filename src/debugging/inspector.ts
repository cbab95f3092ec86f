/** A Node process's inspector: found at the ports that it listens on, or opened by SIGUSR1. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListeningPort } from '../protocol/listeningPorts.ts';
import type { Program } from '../protocol/programs.ts';
import { inspectorOptions, isNode, runtimeOf } from './runtime.ts';
import { askInspector } from './targets.ts';

export interface Inspector {
  readonly host: string;
  readonly port: number;
  /** Of its WebSocket: what only this process's inspector answers to. */
  readonly id: string;
  /** It was closed before, and is to be closed again. */
  readonly wasOpened: boolean;
}

/** What is known of a process, and done to it, outside of this folder. */
export interface ProgramAccess {
  /** What it runs by now; undefined where it has ended. */
  look(pid: number): Promise<Program | undefined>;
  /** Sends SIGUSR1 to this very process. */
  sendSigusr1(program: Program): Promise<void>;
}

/** How long an inspector may take to open, and how often it is looked for, in milliseconds. */
const opening = { millis: 10_000, everyMillis: 100 } as const;
/** Maximum number of ports of one process that are asked whether they are an inspector's. */
const maxAsked = 20;
/** How long a port may take to accept a connection, in milliseconds. */
const connectMillis = 1000;

/**
 * Of a process that has an inspector already, or lets it be opened.
 * @throws Error with a sentence that says why there is none, and what to do.
 */
export async function openInspector(program: Program, access: ProgramAccess): Promise<Inspector> {
  const found = await findInspector(program);
  if (found) return { ...found, wasOpened: false };
  await assertOpenable(program);
  await access.sendSigusr1(program);
  const before = new Set(listeningPorts(program).map(({ port }) => port));
  const until = performance.now() + opening.millis;
  while (performance.now() < until) {
    const now = await access.look(program.pid);
    if (now === undefined || now.startTime !== program.startTime) throw new Error(`${subjectOf(program)} has ended.`);
    const opened = await findInspector({ ...now, ports: listeningPorts(now).filter(({ port }) => !before.has(port)) });
    if (opened) return { ...opened, wasOpened: true };
    await sleep(opening.everyMillis);
  }
  throw new Error(
    `${subjectOf(program)} was sent SIGUSR1, but has not opened its inspector in ${opening.millis / 1000} s. A program that handles SIGUSR1 by itself does not: start it with --inspect.`,
  );
}

/** The inspector that listens by now. */
export async function findInspector(program: Program): Promise<Omit<Inspector, 'wasOpened'> | undefined> {
  for (const { address, port } of candidatePorts(program)) {
    const host = hostOf(address);
    const id = await askInspector(host, port);
    if (id !== undefined) return { host, port, id };
  }
  return undefined;
}

/** TCP ports that may be its inspector's, the most likely first: the one it was told, then those that only this machine can reach. */
export function candidatePorts(program: Program): ListeningPort[] {
  const { port: told } = inspectorOptions(program);
  const ports = listeningPorts(program);
  const likely = ports.filter(({ port }) => port === told);
  const others = ports.filter(({ port, address }) => port !== told && isLoopback(address));
  return [...likely, ...others].slice(0, maxAsked);
}

function listeningPorts({ ports = [] }: Program): ListeningPort[] {
  return ports.filter(({ protocol }) => protocol === 'tcp');
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

/** By which what listens at this address is reached from here. */
function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' || address === '*' ? '::1' : address;
}

/**
 * SIGUSR1 ends a program that does not handle it, and opens nothing where the port is taken.
 * @throws Error
 */
async function assertOpenable(program: Program): Promise<void> {
  const { ignoresSignal, port } = inspectorOptions(program);
  if (!isNode(program)) {
    const what = runtimeOf(program) === undefined ? 'is not a Node.js process' : 'has no open inspector';
    throw new Error(`${subjectOf(program)} ${what}: it runs ${program.executable ?? program.name}.`);
  }
  if (program.ports === undefined)
    throw new Error(
      `On this system, it is not known where ${nameOf(program)} listens. Attach by a configuration of launch.json with its port.`,
    );
  if (ignoresSignal || program.handlesSigusr1 === false)
    throw new Error(
      `The inspector of ${nameOf(program)} cannot be opened by SIGUSR1, which it does not handle (--disable-sigusr1). Start it with --inspect.`,
    );
  if (program.handlesSigusr1 === undefined)
    throw new Error(
      `${subjectOf(program)} has no open inspector, and on this system none can be opened in a process that runs. Start it with --inspect, for example by NODE_OPTIONS in its env.`,
    );
  if (port !== 0 && (await isTaken(port)))
    throw new Error(
      `The inspector of ${nameOf(program)} would listen on port ${port} of 127.0.0.1, which another process uses. Set NODE_OPTIONS to --inspect-port=0 in its env, by which it takes a free port, and start it again.`,
    );
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: connectMillis });
    const answer = (taken: boolean) => (): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', answer(true)).once('timeout', answer(true)).once('error', answer(false));
  });
}

/** For a place within a sentence. */
export function nameOf({ name, pid }: Pick<Program, 'name' | 'pid'>): string {
  return `process ${pid} (${name})`;
}

/** For the beginning of one. */
function subjectOf({ name, pid }: Program): string {
  return `Process ${pid} (${name})`;
}
