import { constants } from 'node:http2';
import { createServer, isIPv4, type Server, type Socket } from 'node:net';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { NodeLink } from './nodeLink.ts';
import { join } from './nodeStreams.ts';

/** Ports of one process that are forwarded at most. */
const maxForwards = 100;
/** Where what listens at all addresses is reached. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Makes the TCP ports that a process on a node listens on ports of this machine's loopback, under the same numbers. Where a number is taken here (the node may be
 * this very machine), it is left alone, and tried again at the next look.
 */
export class PortForwards {
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();
  /** Of the node, by port. */
  #addresses: ReadonlyMap<number, string> = new Map();
  #link: Pick<NodeLink, 'tunnelTo'> | undefined;

  /** What is connected by then stays on the link that it came by. */
  use(link: Pick<NodeLink, 'tunnelTo'> | undefined): void {
    this.#link = link;
  }

  follow({ members }: Pick<TreeSnapshot, 'members'>): void {
    const listening = members.flatMap(({ ports = [] }) => ports.filter(({ protocol }) => protocol === 'tcp'));
    // The last one of a port stays: that of IPv4, where there are both.
    const byFamily = listening.toSorted((one, other) => Number(isIPv4(one.address)) - Number(isIPv4(other.address)));
    const desired = new Map(byFamily.slice(-maxForwards).map(({ port, address }) => [port, reachable[address] ?? address]));
    for (const [port, server] of this.#servers)
      if (!desired.has(port)) {
        server.close();
        this.#servers.delete(port);
      }
    this.#addresses = desired;
    for (const port of desired.keys()) if (!this.#servers.has(port)) this.#open(port);
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(port: number): void {
    const server = createServer({ allowHalfOpen: true }, (socket) => void this.#forward(socket, port));
    this.#servers.set(port, server);
    server.on('error', () => {
      if (this.#servers.get(port) === server) this.#servers.delete(port);
    });
    server.listen(port, '127.0.0.1');
  }

  async #forward(socket: Socket, port: number): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    try {
      if (!this.#link) throw new Error('the node does not answer');
      const tunnel = await this.#link.tunnelTo(this.#addresses.get(port) ?? '127.0.0.1', port);
      // It may have been given up meanwhile.
      if (socket.destroyed) tunnel.close(constants.NGHTTP2_CONNECT_ERROR);
      else join(tunnel, socket);
    } catch {
      // As a port that nothing listens on.
      socket.resetAndDestroy();
    }
  }
}
