import { existsSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { basename } from 'node:path';
import type { Lifetime, WardenId } from '../protocol/identity.ts';
import { leasePrefix } from '../protocol/runnerVariables.ts';
import {
  type AllRecords,
  type RecordFolder,
  readAllRecords,
  socketPath,
  type UnreadableFolder,
  type WardenRecord,
} from '../records/records.ts';
import { openRuntimeFolder, runtimeFolderPath } from '../records/runtimeFolder.ts';
import { connectToWarden, goneCodes, type WardenClient } from './wardenClient.ts';
import { WardenGoneError } from './wardenGone.ts';

/**
 * Where a warden comes from, as its client sees it: the client's own window, a folder's detached trees, another window, a further window on the
 * same folder, a terminal, or a client on another machine, for which it guards what runs on this one.
 */
export type WardenOrigin = 'window' | 'detached' | 'otherWindow' | 'sameFolder' | 'terminal' | 'node';

/** A warden that this process is connected to. */
export interface RegisteredWarden {
  readonly id: WardenId;
  readonly client: WardenClient;
  readonly lifetime: Lifetime;
  readonly origin: WardenOrigin;
  /** Of one that lives for a client elsewhere: what that knows it by. */
  readonly lease?: string;
}

/** A warden on record that does not answer. */
export interface UnreachableWarden {
  readonly pid: number;
  /** Empty where it is a terminal's. */
  readonly workspace: string;
  readonly error: unknown;
}

export interface FoundWardens {
  readonly wardens: readonly RegisteredWarden[];
  readonly unreachable: readonly UnreachableWarden[];
  /** Invalid records of wardens that may run: nothing is known of them. */
  readonly unreadable: readonly UnreadableFolder[];
}

/** What all wardens of this user have on record; nothing is asked, so some of it may have ended. */
export function recordedWardens(): readonly RecordFolder[] {
  return allRecords().folders;
}

function allRecords(): AllRecords {
  const folder = runtimeFolderPath();
  return existsSync(folder) ? readAllRecords(openRuntimeFolder(folder)) : { folders: [], unreadable: [] };
}

/**
 * The wardens that this process is connected to, each once, by their ids. One that closes its connection leaves by itself.
 * Disposing it closes the connections that it has opened.
 */
export class WardenRegistry implements Disposable {
  readonly #name: string;
  readonly #window: string;
  readonly #registered = new Map<WardenId, RegisteredWarden>();
  /** Connections that are being made. */
  readonly #connecting = new Map<WardenId, Promise<RegisteredWarden>>();
  /** Wardens whose connections were made here. */
  readonly #opened = new Set<WardenClient>();
  #isDisposed = false;

  /** `name`: of this client, for the journals. `window`: the key of the window that it belongs to; empty where it is none. */
  constructor(name: string, window = '') {
    this.#name = name;
    this.#window = window;
  }

  get all(): readonly RegisteredWarden[] {
    return [...this.#registered.values()];
  }

  /** Registers a warden by a connection that its caller has made, and ends. */
  add(client: WardenClient, origin: WardenOrigin): RegisteredWarden {
    const { warden: id, lifetime } = client.welcome;
    return this.#register({ id, client, lifetime, origin });
  }

  /** Connects to every warden on record that `isMeant`, unless it is registered. One that ends meanwhile is left out silently. */
  async connect(isMeant: (record: RecordFolder) => boolean = () => true): Promise<FoundWardens> {
    const { folders, unreadable } = allRecords();
    const listeners = Promise.all(unreadable.map(({ path }) => mayListen(socketPath(path))));
    const attempts = folders.filter(isMeant).map(async ({ path, warden }): Promise<RegisteredWarden | UnreachableWarden | undefined> => {
      try {
        return await this.#connected(path, warden);
      } catch (error) {
        if (error instanceof WardenGoneError) return undefined;
        return { pid: warden.process.pid, workspace: warden.workspace, error };
      }
    });
    const found = (await Promise.all(attempts)).filter((one) => one !== undefined);
    const mayRun = await listeners;
    return {
      wardens: found.filter((one) => 'client' in one),
      unreachable: found.filter((one) => 'error' in one),
      unreadable: unreadable.filter((_, index) => mayRun[index]),
    };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const client of this.#opened) client.dispose();
    this.#opened.clear();
    this.#registered.clear();
  }

  async #connected(path: string, record: WardenRecord): Promise<RegisteredWarden> {
    // The folder's name is the warden's id.
    const id = basename(path) as WardenId;
    const known = this.#registered.get(id) ?? this.#connecting.get(id);
    if (known) return await known;
    const connecting = this.#open(id, path, record).finally(() => this.#connecting.delete(id));
    this.#connecting.set(id, connecting);
    return await connecting;
  }

  async #open(id: WardenId, path: string, record: WardenRecord): Promise<RegisteredWarden> {
    const client = await connectToWarden(socketPath(path), this.#name);
    if (this.#isDisposed) {
      client.dispose();
      throw new WardenGoneError();
    }
    this.#opened.add(client);
    const origin = this.#originOf(record);
    const lease = origin === 'node' ? { lease: record.window.slice(leasePrefix.length) } : {};
    return this.#register({ id, client, lifetime: record.lifetime, origin, ...lease });
  }

  #register(warden: RegisteredWarden): RegisteredWarden {
    this.#registered.set(warden.id, warden);
    warden.client.onClose(() => {
      this.#opened.delete(warden.client);
      if (this.#registered.get(warden.id) === warden) this.#registered.delete(warden.id);
    });
    return warden;
  }

  #originOf({ lifetime, window }: WardenRecord): WardenOrigin {
    if (lifetime === 'detached') return 'detached';
    if (window === '') return 'terminal';
    if (window.startsWith(leasePrefix)) return 'node';
    // The client's own is registered by the client.
    return window === this.#window ? 'sameFolder' : 'otherWindow';
  }
}

/** Whether a process may listen on this socket. It is told nothing and asked nothing. */
function mayListen(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(!goneCodes.includes(code)));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
