import type { Socket } from 'node:net';
import { Admission, admissionLimits } from '../loopback/admission.ts';
import { boundFrames } from './frames.ts';

/** Clients that are connected at once; a window, an agent and a command are one each. */
const maxClients = 256;
/** Of the descriptors of a warden, a quarter may be taken up by clients. */
const share = 1 / 4;
/** Bytes that wait for a client that does not read them. */
const maxUnread = 64 * 2 ** 20;
const lookMillis = 1000;

/** The connections of clients on the warden's socket, and what they may take up. */
export class ClientSockets {
  readonly #most: number;
  readonly #admission: Admission;
  readonly #all = new Set<Socket>();
  #looking: NodeJS.Timeout | undefined;

  /** @param descriptors How many files this process may have open. */
  constructor(descriptors: number) {
    this.#most = Math.max(1, Math.min(maxClients, Math.floor(descriptors * share)));
    const { count, deadlineMillis } = admissionLimits(descriptors);
    // Those that have not said hello make room for others, so they are fewer than all.
    this.#admission = new Admission({ count: Math.max(1, Math.min(count, Math.floor(this.#most / 2))), deadlineMillis });
  }

  /** Whether it is one of the clients from now on; else it is closed. What is returned is to be called when it has said hello. */
  admit(socket: Socket): (() => void) | undefined {
    socket.on('error', () => undefined);
    if (this.#all.size >= this.#most) {
      socket.destroy();
      return undefined;
    }
    this.#all.add(socket);
    socket.once('close', () => this.#all.delete(socket));
    boundFrames(socket);
    this.#admission.admit(socket);
    this.#looking ??= setInterval(() => this.#look(), lookMillis).unref();
    return () => this.#admission.authorise(socket);
  }

  /** One that does not read is let go of, rather than kept everything for. */
  #look(): void {
    for (const socket of this.#all) if (socket.writableLength > maxUnread) socket.destroy();
    if (this.#all.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }
}
