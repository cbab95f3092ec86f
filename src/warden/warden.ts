import type { Readable, Writable } from 'node:stream';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { descriptorLimit } from '../platform/descriptorLimit.ts';
import type { Text } from '../protocol/texts.ts';
import { socketPath } from '../records/records.ts';
import { readServiceAddress, writeServiceAddress } from '../records/serviceAddress.ts';
import { Alerts, alertOf } from './alerts.ts';
import { ClientSessions } from './clientSessions.ts';
import { ClientSocket } from './clientSocket.ts';
import { type AdmittedSocket, ClientSockets } from './clientSockets.ts';
import { Diagnostics } from './diagnostics.ts';
import { passUnreadable } from './ending/ifReadable.ts';
import { Shutdown } from './ending/shutdown.ts';
import { Lease } from './lease.ts';
import { ModelLeases } from './models/modelLeases.ts';
import { Ownership } from './ownership.ts';
import { RequestError } from './requestError.ts';
import { checkedConnection } from './requestShapes.ts';
import { ClientSession, type ServerParts } from './server.ts';
import { sweepOthers } from './sweepOthers.ts';
import { buildParts, type WardenOptions, type WardenParts } from './wardenParts.ts';

/** Time that a warden without an owner waits for a tree to guard, in milliseconds. */
const idleTimeoutMillis = 5000;

/** The guardian: serves its owner and other clients, and ends the process when its work is done. */
export class Warden {
  readonly #parts: WardenParts;
  readonly #sessions = new ClientSessions();
  readonly #alerts = new Alerts(
    (entry) => this.#parts.journal.write(entry),
    (alert) => this.#sessions.send(alert),
  );
  readonly #diagnostics: Diagnostics;
  readonly #shutdown: Shutdown;
  #socket: ClientSocket | undefined;
  #metrics: { close(): Promise<void> } | undefined;
  #idleCheck: NodeJS.Timeout | undefined;
  #ownership: Ownership | undefined;
  #lease: Lease | undefined;
  #modelLeases: ModelLeases<ClientSession> | undefined;

  static async serve(options: WardenOptions): Promise<void> {
    const warden = new Warden(options);
    await warden.#listen();
  }

  private constructor(options: WardenOptions) {
    this.#parts = buildParts(options, {
      alert: this.#alert,
      helperGivenUp: (helper, problem) => this.#alerts.helperGivenUp(helper, problem),
      isEnding: () => this.#shutdown.hasBegun,
    });
    this.#diagnostics = new Diagnostics(this.#parts, this.#alerts);
    this.#shutdown = new Shutdown(this.#parts, {
      stopWatching: () => {
        this.#diagnostics.dispose();
        clearInterval(this.#idleCheck);
      },
      stopServing: () => {
        this.#socket?.close();
        void this.#metrics?.close();
      },
    });
    this.#parts.journal.write({ event: 'warden-started', pid: process.pid, reason: options.workspace });
    this.#parts.journal.write({ event: 'configured', settings: options.effective });
    for (const signal of options.platform.endSignals) process.on(signal, () => void this.#end(`the warden received ${signal}`));
    process.on('uncaughtException', (error) => void this.#shutdown.crash(error));
    process.on('unhandledRejection', (error) => void this.#shutdown.crash(error));
  }

  async #listen(): Promise<void> {
    const { options, records, observers, journal } = this.#parts;
    const alert = this.#alert;
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    const { leaseMillis } = options;
    if (options.isModelService) this.#leaseModels();
    if (leaseMillis > 0) this.#lease = new Lease(leaseMillis, () => void this.#end(`no sign of life has come for ${leaseMillis / 1000} s`));
    else if (options.lifetime === 'managed' && !options.isModelService) this.#serveOwner();
    else this.#endWhenIdle();
    const clients = new ClientSockets(descriptorLimit());
    this.#socket = new ClientSocket(socketPath(records.folder), {
      ...{ platform: options.platform, observers, journal, alert },
      onConnection: (socket) => {
        const admitted = clients.admit(socket);
        if (admitted) this.#serve(socket, socket, admitted);
      },
    });
    this.#diagnostics.checkRegularly();
    await this.#socket.open();
    await observers.run('Serving metrics', () => this.#serveMetrics(), undefined);
    const { cleaner } = this.#parts.supervisor;
    const look = (): Promise<void> => sweepOthers(this.#parts, alert);
    await cleaner.run(() => observers.run('Looking for what other wardens left', look, undefined));
  }

  /** Not loaded where metrics are off. */
  async #serveMetrics(): Promise<void> {
    const { options, ...parts } = this.#parts;
    const { platform, metricsPort: port } = options;
    if (port === 0) return;
    const { MetricsServer } = await import('./metricsServer.ts');
    const server = new MetricsServer({ ...parts, ...parts.helpers, platform, port, alert: this.#alert });
    this.#metrics = server;
    await server.start();
  }

  /** Only the end of stdin is the end of the owner: a write to stdout may fail before, which alone is no reason to end. */
  #serveOwner(): void {
    const session = this.#serve(process.stdin, process.stdout);
    const { external } = this.#parts.supervisor;
    this.#ownership = new Ownership(session, {
      onOwnerGone: (reason) => this.#ownerGone(reason),
      onAbandoned: (reason) => void this.#end(reason),
    });
    external.onEnded(() => {
      if (external.guarded.length === 0) this.#ownership?.nothingIsKept();
    });
  }

  /** A terminal goes on where only the extension host was ended: the next one takes it over. */
  #ownerGone(reason: string): number {
    const { supervisor, journal } = this.#parts;
    const { keepMillis, guarded } = supervisor.external;
    if (keepMillis === 0) return 0;
    journal.write({
      event: 'owner-gone',
      reason: `${reason}; ${guarded.length} processes of the editor wait ${keepMillis / 1000} s for the next one`,
    });
    void supervisor.external.stopUnkept(reason).catch(passUnreadable);
    void supervisor.stopOwn(reason, false).catch(passUnreadable);
    return keepMillis;
  }

  /** For as long as a client leases some; those that only look do not count. */
  #leaseModels(): void {
    const { models } = this.#parts;
    this.#modelLeases = new ModelLeases({
      declare: async ({ gateway, ...declared }) => {
        const kept = readServiceAddress();
        const info = await models.declare({ ...declared, gateway: { ...gateway, ...kept } });
        const port = Number(new URL(info.url).port);
        if (port !== kept?.port || info.token !== kept.token)
          await this.#parts.observers.run(
            'Writing the address of the models',
            () => writeServiceAddress({ port, token: info.token }),
            undefined,
          );
        return info;
      },
      onRefused: (lessee, refused) => lessee.tellRefused(refused),
      onUnused: () => void this.#end('no client leases a model any more'),
    });
  }

  /** Until the connection ends; its last messages are dealt with first. */
  #serve(input: Readable, output: Writable, admitted?: AdmittedSocket): ClientSession {
    const { connection, closed } = checkedConnection(input, output);
    const session = this.#accept(connection, admitted);
    input.on('close', () => this.#ownership?.closed(session));
    void closed.then(() => {
      session.dispose();
      this.#sessions.delete(session);
      this.#modelLeases?.end(session);
      this.#ownership?.lost(session);
    });
    return session;
  }

  /** Without an owner, it ends by itself when it guards nothing and no client is connected. */
  #endWhenIdle(): void {
    const isIdle = (): boolean => this.#sessions.size === 0 && this.#parts.supervisor.isIdle;
    let idleSince = performance.now();
    this.#idleCheck = setInterval(() => {
      if (!isIdle()) idleSince = performance.now();
      else if (performance.now() - idleSince >= idleTimeoutMillis) {
        // A client that comes while it ends would be refused all that it asks for: it is to start the next one.
        this.#socket?.close();
        void this.#end('all its trees have ended');
      }
    }, idleTimeoutMillis / 5);
  }

  #accept(connection: MessageConnection, admitted?: AdmittedSocket): ClientSession {
    const { supervisor, models, journal, deadMansSwitch, options } = this.#parts;
    const parts: ServerParts = {
      ...{ supervisor, models, journal },
      greeted: () => admitted?.greeted(),
      standsFor: (tree) => admitted?.standsFor(tree),
      welcome: () => this.#diagnostics.welcome(),
      inspect: () => this.#diagnostics.inspect(),
      selfCheck: () => this.#diagnostics.selfCheck().map(String),
      takeMissedAlerts: () => this.#alerts.takeMissed(),
      startHelper: async (helper) => await (helper === 'gateway' ? models.startGateway() : deadMansSwitch.startAgain()),
      shutdown: (reason, now) => this.#end(reason, now),
      releaseOwnership: (session, keepMillis) => this.#ownership?.release(session, keepMillis),
      takeOwnership: async (session) => {
        if (!this.#ownership) throw new RequestError('notPossible', 'This warden has no owner: its trees are detached.');
        await this.#ownership.take(session);
        journal.write({ event: 'taken-over', reason: options.workspace });
      },
      leaseModels: (lessee, lease) => {
        if (!this.#modelLeases) throw new RequestError('notPossible', 'This warden is not the model service.');
        const names = lease.models.map(({ name }) => name).join(', ') || 'nothing';
        journal.write({ event: 'models-leased', reason: `${lease.lessee}: ${names}` });
        return this.#modelLeases.take(lessee, lease);
      },
      renewLease: () => {
        if (!this.#lease) throw new RequestError('notPossible', 'This warden has no lease.');
        return this.#lease.renew();
      },
    };
    const session = new ClientSession(connection, parts);
    this.#sessions.add(session);
    return session;
  }

  readonly #alert = (message: Text, process?: string): void =>
    this.#alerts.raise({ ...alertOf(message), ...(process !== undefined && { process }) });

  #end(reason: string, now = false): Promise<void> {
    this.#ownership?.close();
    this.#lease?.dispose();
    return this.#shutdown.begin(reason, now);
  }
}
