import type { Socket } from 'node:net';
import { Admission, admissionLimits } from '../loopback/admission.ts';
import type { TreeId } from '../protocol/identity.ts';
import { boundFrames } from './frames.ts';

/** Clients that are connected at once; a window, an agent and a command are one each. The connectors of trees on nodes are not among them. */
const maxClients = 256;
/** Of the descriptors of a warden, a quarter may be taken up by clients, and as many by connectors. */
const share = 1 / 4;
/** Bytes that wait for a client that does not read them. */
const maxUnread = 64 * 2 ** 20;
const lookMillis = 1000;

/** What is learned of a client only when it speaks. */
export interface AdmittedSocket {
  /** It has said hello. */
  greeted(): void;
  /** It is the connector of a tree, which this warden has started itself: however many trees are on nodes, there is room for other clients. */
  standsFor(tree: TreeId): void;
}

/** The connections of clients on the warden's socket, and what they may take up. */
export class ClientSockets {
  readonly #most: number;
  readonly #mostConnectors: number;
  readonly #admission: Admission;
  readonly #all = new Set<Socket>();
  /** Of them, one for each tree. */
  readonly #connectors = new Map<TreeId, Socket>();
  #looking: NodeJS.Timeout | undefined;

  /** @param descriptors How many files this process may have open. */
  constructor(descriptors: number) {
    this.#mostConnectors = Math.floor(descriptors * share);
    this.#most = Math.max(1, Math.min(maxClients, this.#mostConnectors));
    const { count, deadlineMillis } = admissionLimits(descriptors);
    // Those that have not said hello make room for others, so they are fewer than all.
    this.#admission = new Admission({ count: Math.max(1, Math.min(count, Math.floor(this.#most / 2))), deadlineMillis });
  }

  /** Undefined where there are too many; it is closed then. */
  admit(socket: Socket): AdmittedSocket | undefined {
    socket.on('error', () => undefined);
    if (this.#all.size - this.#connectors.size >= this.#most) {
      socket.destroy();
      return undefined;
    }
    this.#all.add(socket);
    socket.once('close', () => this.#all.delete(socket));
    boundFrames(socket);
    this.#admission.admit(socket);
    this.#looking ??= setInterval(() => this.#look(), lookMillis).unref();
    return { greeted: () => this.#admission.authorise(socket), standsFor: (tree) => this.#standsFor(socket, tree) };
  }

  /** The newest of a tree: one that comes again may not have seen the end of its connection yet. */
  #standsFor(socket: Socket, tree: TreeId): void {
    if (!this.#all.has(socket) || this.#connectors.get(tree) === socket) return;
    if (!this.#connectors.has(tree) && this.#connectors.size >= this.#mostConnectors) return;
    this.#connectors.set(tree, socket);
    socket.once('close', () => {
      if (this.#connectors.get(tree) === socket) this.#connectors.delete(tree);
    });
  }

  /** One that does not read is let go of, rather than kept everything for. */
  #look(): void {
    for (const socket of this.#all) if (socket.writableLength > maxUnread) socket.destroy();
    if (this.#all.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }
}
