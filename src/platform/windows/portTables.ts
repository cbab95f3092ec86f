/** Sockets that listen, with the processes that have them: GetExtendedTcpTable and GetExtendedUdpTable of iphlpapi.h. */
import { performance } from 'node:perf_hooks';
import { addressOf } from '../addresses.ts';
import type { ListeningPort } from '../platform.ts';

const AF_INET = 2;
const AF_INET6 = 23;
const TCP_TABLE_OWNER_PID_LISTENER = 3;
const UDP_TABLE_OWNER_PID = 1;
const NO_ERROR = 0;
const ERROR_INSUFFICIENT_BUFFER = 122;

/** Where the fields of a row are; a table is their number in 4 bytes, and then the rows. */
interface Layout {
  readonly protocol: 'tcp' | 'udp';
  readonly size: number;
  readonly address: number;
  readonly addressLength: 4 | 16;
  readonly port: number;
  readonly pid: number;
}

/** MIB_TCPROW_OWNER_PID, MIB_TCP6ROW_OWNER_PID, MIB_UDPROW_OWNER_PID, MIB_UDP6ROW_OWNER_PID. */
export const layouts = {
  tcp4: { protocol: 'tcp', size: 24, address: 4, addressLength: 4, port: 8, pid: 20 },
  tcp6: { protocol: 'tcp', size: 56, address: 0, addressLength: 16, port: 20, pid: 52 },
  udp4: { protocol: 'udp', size: 12, address: 0, addressLength: 4, port: 4, pid: 8 },
  udp6: { protocol: 'udp', size: 28, address: 0, addressLength: 16, port: 20, pid: 24 },
} as const satisfies Record<string, Layout>;

export function parsePortTable(table: Buffer, layout: Layout): (ListeningPort & { readonly pid: number })[] {
  if (table.length < 4) return [];
  const count = Math.min(table.readUInt32LE(0), Math.floor((table.length - 4) / layout.size));
  return Array.from({ length: count }, (_, index) => {
    const row = table.subarray(4 + index * layout.size, 4 + (index + 1) * layout.size);
    return {
      protocol: layout.protocol,
      // As it goes over the net, in the first two of four bytes.
      port: row.readUInt16BE(layout.port),
      address: addressOf([...row.subarray(layout.address, layout.address + layout.addressLength)]),
      pid: row.readUInt32LE(layout.pid),
    };
  });
}

/** The four tables as they come. */
export type ReadPortTables = () => readonly { readonly layout: Layout; readonly table: Buffer }[];

/** Undefined where the library cannot be loaded. */
export async function loadPortTables(): Promise<ReadPortTables | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    const iphlpapi = koffi.load('iphlpapi.dll');
    const parameters = ['void *', 'void *', 'int', 'uint32', 'int', 'uint32'];
    const GetExtendedTcpTable = iphlpapi.func('GetExtendedTcpTable', 'uint32', parameters);
    const GetExtendedUdpTable = iphlpapi.func('GetExtendedUdpTable', 'uint32', parameters);
    const read = (call: (...values: unknown[]) => number, family: number, kind: number): Buffer => {
      const size = Buffer.alloc(4);
      for (let capacity = 16 * 1024; capacity <= 2 ** 24; capacity *= 4) {
        const table = Buffer.alloc(capacity);
        size.writeUInt32LE(capacity);
        const result = call(table, size, 0, family, kind, 0);
        if (result === NO_ERROR) return table;
        if (result !== ERROR_INSUFFICIENT_BUFFER) break;
      }
      return Buffer.alloc(0);
    };
    return () => [
      { layout: layouts.tcp4, table: read(GetExtendedTcpTable, AF_INET, TCP_TABLE_OWNER_PID_LISTENER) },
      { layout: layouts.tcp6, table: read(GetExtendedTcpTable, AF_INET6, TCP_TABLE_OWNER_PID_LISTENER) },
      { layout: layouts.udp4, table: read(GetExtendedUdpTable, AF_INET, UDP_TABLE_OWNER_PID) },
      { layout: layouts.udp6, table: read(GetExtendedUdpTable, AF_INET6, UDP_TABLE_OWNER_PID) },
    ];
  } catch {
    return undefined;
  }
}

/** How often the tables are read, in milliseconds. */
const readMillis = 1900;

/** Who listens on what, remembered for a moment. */
export class PortTables {
  readonly #read: ReadPortTables;
  #ports: ReadonlyMap<number, readonly ListeningPort[]> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(read: ReadPortTables) {
    this.#read = read;
  }

  /** By pid, of all processes. */
  listening(): ReadonlyMap<number, readonly ListeningPort[]> {
    const now = performance.now();
    if (now - this.#readAt < readMillis) return this.#ports;
    this.#readAt = now;
    const ports = new Map<number, ListeningPort[]>();
    for (const { layout, table } of this.#read()) {
      for (const { pid, ...port } of parsePortTable(table, layout)) ports.set(pid, [...(ports.get(pid) ?? []), port]);
    }
    this.#ports = ports;
    return ports;
  }
}
