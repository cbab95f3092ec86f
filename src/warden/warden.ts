import { createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { descriptorLimit } from '../platform/descriptorLimit.ts';
import { errorText } from '../protocol/errors.ts';
import { socketPath } from '../records/records.ts';
import { Alerts } from './alerts.ts';
import { ClientSessions } from './clientSessions.ts';
import { ClientSockets } from './clientSockets.ts';
import { Diagnostics } from './diagnostics.ts';
import { Shutdown } from './ending/shutdown.ts';
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
  #server: Server | undefined;
  #metrics: { close(): void } | undefined;
  #idleCheck: NodeJS.Timeout | undefined;
  #ownership: Ownership | undefined;

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
        this.#server?.close();
        this.#metrics?.close();
      },
    });
    this.#parts.journal.write({ event: 'warden-started', pid: process.pid, reason: options.workspace });
    for (const signal of options.platform.endSignals) process.on(signal, () => void this.#end(`the warden received ${signal}`));
    process.on('uncaughtException', (error) => void this.#shutdown.crash(error));
    process.on('unhandledRejection', (error) => void this.#shutdown.crash(error));
  }

  async #listen(): Promise<void> {
    const { options, records, observers } = this.#parts;
    const alert = this.#alert;
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    if (options.lifetime === 'managed') this.#serveOwner();
    else this.#endWhenIdle();
    const clients = new ClientSockets(descriptorLimit());
    const server = createServer((socket: Socket) => {
      const greeted = clients.admit(socket);
      if (!greeted) return;
      this.#serve(socket, socket, greeted);
    });
    server.on('error', (error) => alert(`The socket for the command line cannot be opened: ${errorText(error)}.`));
    // The folder around it is 0700, so there is no moment at which others could connect.
    const path = socketPath(records.folder);
    server.listen(path, () => this.#protect(path));
    this.#server = server;
    this.#diagnostics.checkRegularly();
    await observers.run('Serving metrics', () => this.#serveMetrics(), undefined);
    await observers.run('Looking for what other wardens left', () => sweepOthers(this.#parts, alert), undefined);
  }

  /** Not loaded where metrics are off. */
  async #serveMetrics(): Promise<void> {
    const { supervisor, models, journal, options } = this.#parts;
    if (options.metricsPort === 0) return;
    const { Metrics } = await import('./metrics.ts');
    this.#metrics = new Metrics({ supervisor, models, journal }, options.metricsPort, this.#alert);
  }

  #protect(path: string): void {
    try {
      this.#parts.options.platform.protectSocket(path);
    } catch (error) {
      this.#alert(`The socket for the command line could not be kept to this user, and is closed: ${errorText(error)}.`);
      this.#server?.close();
    }
  }

  /** Only the end of stdin is the end of the owner: a write to stdout may fail before, which alone is no reason to end. */
  #serveOwner(): void {
    const session = this.#serve(process.stdin, process.stdout);
    this.#ownership = new Ownership(session, (reason) => void this.#end(reason));
  }

  /** Until the connection ends; its last messages are dealt with first. */
  #serve(input: Readable, output: Writable, greeted?: () => void): ClientSession {
    const { connection, closed } = checkedConnection(input, output);
    const session = this.#accept(connection, greeted);
    input.on('close', () => this.#ownership?.closed(session));
    void closed.then(() => {
      session.dispose();
      this.#sessions.delete(session);
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
      else if (performance.now() - idleSince >= idleTimeoutMillis) void this.#end('all its trees have ended');
    }, idleTimeoutMillis / 5);
  }

  #accept(connection: MessageConnection, greeted: () => void = () => undefined): ClientSession {
    const { supervisor, models, journal, deadMansSwitch, options } = this.#parts;
    const parts: ServerParts = {
      ...{ greeted, supervisor, models, journal },
      welcome: () => this.#diagnostics.welcome(),
      inspect: () => this.#diagnostics.inspect(),
      selfCheck: () => this.#diagnostics.selfCheck(),
      takeMissedAlerts: () => this.#alerts.takeMissed(),
      startHelper: async (helper) => await (helper === 'gateway' ? models.startGateway() : deadMansSwitch.startAgain()),
      shutdown: (reason, now) => this.#end(reason, now),
      releaseOwnership: (session, keepMillis) => this.#ownership?.release(session, keepMillis),
      takeOwnership: async (session) => {
        if (!this.#ownership) throw new RequestError('notPossible', 'This warden has no owner: its trees are detached.');
        await this.#ownership.take(session);
        journal.write({ event: 'taken-over', reason: options.workspace });
      },
    };
    const session = new ClientSession(connection, parts);
    this.#sessions.add(session);
    return session;
  }

  readonly #alert = (message: string): void => this.#alerts.raise({ message });

  #end(reason: string, now = false): Promise<void> {
    this.#ownership?.close();
    return this.#shutdown.begin(reason, now);
  }
}
