/** What a tree can be reached at. */
import type { ListeningPort } from './listeningPorts.ts';
import type { MemberSnapshot } from './snapshot.ts';

/** More than these would push everything else out of a row. */
const portsInRow = 3;

/** Each once, the lowest first: workers share the socket of the process that has forked them. */
export function portsOf(members: readonly Pick<MemberSnapshot, 'ports'>[]): ListeningPort[] {
  const ports = new Map(members.flatMap(({ ports = [] }) => ports.map((port) => [`${port.protocol} ${port.address} ${port.port}`, port])));
  return [...ports.values()].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol) || a.address.localeCompare(b.address));
}

/** Whether any of them can be reached at this port. */
export function listensOn(members: readonly Pick<MemberSnapshot, 'ports'>[], port: number): boolean {
  return members.some(({ ports = [] }) => ports.some((one) => one.port === port));
}

/** The TCP ports among them, the lowest first. */
export function tcpPorts(members: readonly Pick<MemberSnapshot, 'ports'>[]): number[] {
  return [...new Set(portsOf(members).flatMap(({ protocol, port }) => (protocol === 'tcp' ? port : [])))];
}

/**
 * The host of a URL under which this TCP port is answered: `localhost`, unless it is bound to one other address only. Remote windows
 * (`isRemote`) forward what is asked of `localhost` and nothing else of the loopback.
 */
export function hostListening(members: readonly Pick<MemberSnapshot, 'ports'>[], port: number, isRemote = false): string {
  const bound = portsOf(members).filter((one) => one.protocol === 'tcp' && one.port === port);
  const isLocal = (address: string): boolean => ['0.0.0.0', '::', '*', '127.0.0.1', '::ffff:127.0.0.1'].includes(address);
  const [first] = bound;
  if (first === undefined || bound.some(({ address }) => isLocal(address)) || (isRemote && first.address === '::1')) return 'localhost';
  return first.address.includes(':') ? `[${first.address}]` : first.address;
}

/** `:3000 :5173`, `:3000 :3001 :3002 +4`; empty where there are none. UDP is left out: what is bound there is seldom a service. */
export function formatPorts(members: readonly Pick<MemberSnapshot, 'ports'>[]): string {
  const ports = tcpPorts(members);
  const more = ports.length > portsInRow ? [`+${ports.length - portsInRow}`] : [];
  return [...ports.slice(0, portsInRow).map((port) => `:${port}`), ...more].join(' ');
}

/** `127.0.0.1:3000`, `[::]:3000, udp 0.0.0.0:5353`. */
export function describePorts(members: readonly Pick<MemberSnapshot, 'ports'>[]): string {
  return portsOf(members)
    .map(({ protocol, address, port }) => `${protocol === 'udp' ? 'udp ' : ''}${address.includes(':') ? `[${address}]` : address}:${port}`)
    .join(', ');
}

/** Undefined where it is no port's number. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
