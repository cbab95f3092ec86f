import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { Containers } from '../platform/container.ts';
import type { Platform } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import { type Inspection, type Lifetime, protocolVersion, type WardenId, type Welcome } from '../protocol/messages.ts';
import { version } from '../protocol/version.ts';
import { type RecordFolder, Records, socketPath } from '../records/records.ts';
import { DeadMansSwitch, noSwitch, type Switch } from './ending/deadMansSwitch.ts';
import { removeHomes } from './ending/leftovers.ts';
import { reapTree, startDetachedWarden, sweep } from './ending/reaper.ts';
import { LazyModels } from './gateway/lazyModels.ts';
import type { Models } from './gateway/models.ts';
import { Journal } from './journal.ts';
import { Ownership } from './ownership.ts';
import { RequestError } from './requestError.ts';
import { selfCheck } from './selfCheck.ts';
import { ClientSession, type ServerParts } from './server.ts';
import { Supervisor } from './supervisor.ts';
import type { WindowLimits } from './trees/limitKeeper.ts';
import { Membership } from './trees/membership.ts';

export interface WardenOptions {
  readonly platform: Platform;
  readonly workspace: string;
  /** Identifies the window over its reloads. */
  readonly window: string;
  /** `detached`: it belongs to nobody, and ends when its last tree has ended. */
  readonly lifetime: Lifetime;
  readonly logFolder: string;
  readonly runtimeFolder: string;
  readonly windowLimits: WindowLimits;
  /** Where on 127.0.0.1 metrics are served; 0: nowhere. */
  readonly metricsPort: number;
  readonly keepHistory: boolean;
}

const selfCheckMillis = 60_000;
/** For the time of an adoption: a crash in between leaves a folder that the next one finds. */
const adoptedSuffix = '-adopted';
/** So many messages that came before an end are still heard. */
const lastMessages = 100;
/** How long a warden that nobody owns waits for something to guard, in milliseconds. */
const idlePatience = 5000;

/** Builds the parts and ties them together; ends the process when its work is done. */
export class Warden {
  readonly #options: WardenOptions;
  readonly #id = randomBytes(4).toString('hex') as WardenId;
  readonly #startedAt = Date.now();
  readonly #journal: Journal;
  readonly #records: Records;
  readonly #switch: Switch;
  readonly #containers: Containers;
  readonly #supervisor: Supervisor;
  readonly #models = new LazyModels(() => this.#openModels());
  readonly #sessions = new Set<ClientSession>();
  readonly #missedAlerts: string[] = [];
  #server: Server | undefined;
  #metrics: { close(): void } | undefined;
  #checking: NodeJS.Timeout | undefined;
  #idleCheck: NodeJS.Timeout | undefined;
  #ownership: Ownership | undefined;
  #ending: Promise<void> | undefined;

  static async serve(options: WardenOptions): Promise<void> {
    const warden = new Warden(options);
    await warden.#listen();
  }

  private constructor(options: WardenOptions) {
    this.#options = options;
    const { platform, logFolder, runtimeFolder, workspace, window, lifetime } = options;
    const alert = (message: string): void => this.#alert(message);
    platform.adoptOrphans();
    this.#journal = new Journal(join(logFolder, 'journal.jsonl'), this.#id, (error) => {
      alert(`The journal ${join(logFolder, 'journal.jsonl')} cannot be written: ${errorText(error)}. Processes are guarded all the same.`);
    });
    const self = platform.stat(process.pid);
    if (self === undefined) throw new Error('this process cannot see itself in the process table');
    const membership = new Membership(platform, self);
    this.#containers = platform.containersFor(this.#id);
    this.#records = new Records(runtimeFolder, {
      warden: this.#id,
      bootId: platform.bootId,
      process: { pid: self.pid, startTime: self.startTime },
      version,
      workspace,
      window,
      lifetime,
      startedAt: this.#startedAt,
      homes: this.#containers.homes,
    });
    const reaper = [process.execPath, process.argv[1] ?? '', 'reap', this.#records.folder];
    const switchLost = (pid: number): void => {
      membership.forgetSpawned(pid);
      if (!this.#ending) this.#journal.write({ event: 'switch-lost', pid, reason: 'it was ended by somebody else; a new one takes over' });
    };
    this.#switch = platform.killsAtDeath ? noSwitch : new DeadMansSwitch(reaper, (pid) => membership.addServant(pid), switchLost);
    this.#supervisor = new Supervisor({
      platform,
      containers: this.#containers,
      windowLimits: options.windowLimits,
      lifetime,
      membership,
      records: this.#records,
      journal: this.#journal,
      deadMansSwitch: this.#switch,
      logFolder,
      keepHistory: options.keepHistory,
      alert,
    });
    this.#journal.write({ event: 'warden-started', pid: process.pid, reason: workspace });
    for (const signal of platform.endSignals) process.on(signal, () => void this.#shutdown(`the warden received ${signal}`, false));
    process.on('uncaughtException', (error) => void this.#crash(error));
    process.on('unhandledRejection', (error) => void this.#crash(error));
  }

  async #listen(): Promise<void> {
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    if (this.#options.lifetime === 'managed') this.#serveOwner();
    else this.#endWhenIdle();
    const server = createServer((socket: Socket) => {
      const session = this.#accept(createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket)));
      socket.on('error', () => undefined);
      socket.on('close', () => void this.#dismiss(session));
    });
    server.on('error', (error) => this.#alert(`The socket for the command line cannot be opened: ${errorText(error)}.`));
    // The folder around it is 0700, so there is no moment at which others could connect.
    const path = socketPath(this.#records.folder);
    server.listen(path, () => this.#protect(path));
    this.#server = server;
    this.#checkRegularly();
    await this.#serveMetrics();
    await this.#sweepOthers();
  }

  /** Not loaded where nobody wants them. */
  async #serveMetrics(): Promise<void> {
    const { metricsPort } = this.#options;
    if (metricsPort === 0) return;
    const { Metrics } = await import('./metrics.ts');
    const sources = { supervisor: this.#supervisor, models: this.#models, journal: this.#journal };
    this.#metrics = new Metrics(sources, metricsPort, (problem) => this.#alert(problem));
  }

  /** Not loaded before somebody declares a model. */
  async #openModels(): Promise<Models> {
    const [{ Models }, { TreeLauncher }] = await Promise.all([import('./gateway/models.ts'), import('./gateway/launcher.ts')]);
    return new Models({
      launcher: new TreeLauncher(this.#supervisor, this.#options.platform),
      snapshotOf: (tree) => this.#supervisor.find(tree).snapshot(),
      alert: (message) => this.#alert(message),
    });
  }

  #protect(path: string): void {
    try {
      this.#options.platform.protectSocket(path);
    } catch (error) {
      this.#alert(`The socket for the command line could not be kept to this user, and is closed: ${errorText(error)}.`);
      this.#server?.close();
    }
  }

  /** The owner's end, however it came about. A write to it may fail first; that alone is no reason. */
  #serveOwner(): void {
    const session = this.#accept(createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout)));
    this.#ownership = new Ownership(session, (reason) => void this.#shutdown(reason, false));
    process.stdin.on('close', () => void this.#dismiss(session));
  }

  /** What the other side has said last is heard first: messages are dealt with one a turn, and its end overtakes them. */
  async #dismiss(session: ClientSession): Promise<void> {
    for (let turn = 0; turn < lastMessages; turn++) await new Promise((resolve) => setImmediate(resolve));
    session.dispose();
    this.#sessions.delete(session);
    this.#ownership?.lost(session);
  }

  /** Nobody owns it: it ends by itself when it guards nothing and nobody listens. */
  #endWhenIdle(): void {
    const isIdle = (): boolean => this.#sessions.size === 0 && this.#supervisor.isIdle;
    let idleSince = Date.now();
    this.#idleCheck = setInterval(() => {
      if (!isIdle()) idleSince = Date.now();
      else if (Date.now() - idleSince >= idlePatience) void this.#shutdown('all its trees have ended', false);
    }, idlePatience / 5);
  }

  #accept(connection: ReturnType<typeof createMessageConnection>): ClientSession {
    const parts: ServerParts = {
      supervisor: this.#supervisor,
      models: this.#models,
      journal: this.#journal,
      welcome: () => this.#welcome(),
      inspect: () => this.#inspect(),
      selfCheck: () => this.#selfCheck(),
      takeMissedAlerts: () => this.#missedAlerts.splice(0),
      shutdown: (reason, now) => this.#shutdown(reason, now),
      leave: (who, keepMillis) => this.#ownership?.leave(who, keepMillis),
      claim: async (who) => {
        if (!this.#ownership) throw new RequestError('notPossible', 'This warden belongs to nobody: its trees are detached.');
        await this.#ownership.claim(who);
        this.#journal.write({ event: 'taken-over', reason: this.#options.workspace });
      },
    };
    const session = new ClientSession(connection, parts);
    this.#sessions.add(session);
    return session;
  }

  /** What earlier wardens left because everything was killed at once. */
  async #sweepOthers(): Promise<void> {
    const { platform, runtimeFolder, lifetime } = this.#options;
    const { swept, unreadable, detached } = await sweep(platform, runtimeFolder);
    for (const { workspace, trees } of swept) {
      for (const { name, killed, problem } of trees) {
        this.#journal.write({
          event: problem ? 'cleanup-failed' : 'swept',
          spec: name,
          reason: problem || `${killed} processes of ${workspace || 'a command line'} had outlived their warden`,
        });
        if (problem) this.#alert(`'${name}', left by a crash, could not be ended: ${problem}.`);
      }
    }
    for (const reason of unreadable) this.#journal.write({ event: 'record-set-aside', reason });
    for (const folder of detached) {
      if (lifetime === 'detached') await this.#adopt(folder);
      else startDetachedWarden(folder);
    }
  }

  /** Takes over the detached trees of a dead warden. Whoever renames its folder first is the one to do so. */
  async #adopt({ path, trees, warden }: RecordFolder): Promise<void> {
    const taken = `${this.#records.folder}${adoptedSuffix}`;
    try {
      renameSync(path, taken);
    } catch {
      return;
    }
    this.#records.inheritHomes(warden.homes);
    for (const record of trees) {
      if (record.detached !== null) this.#supervisor.adopt(record);
      // Strays were nobody's even then.
      else await reapTree(this.#options.platform, record);
    }
    rmSync(taken, { recursive: true, force: true });
  }

  #welcome(): Welcome {
    return {
      protocol: protocolVersion,
      version,
      warden: this.#id,
      pid: process.pid,
      shortcomings: this.#options.platform.shortcomings,
      journalFile: this.#journal.path,
      workspace: this.#options.workspace,
      lifetime: this.#options.lifetime,
      folder: this.#records.folder,
    };
  }

  #inspect(): Inspection {
    return {
      ...this.#welcome(),
      startedAt: this.#startedAt,
      platform: this.#options.platform.name,
      adoptsOrphans: this.#options.platform.adoptsOrphans,
      switchPid: this.#switch.pid,
      trees: this.#supervisor.snapshots(),
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  #selfCheck(): string[] {
    const { platform } = this.#options;
    const self = platform.stat(process.pid);
    if (self === undefined) return ['The process table cannot be read.'];
    return selfCheck({ platform, self, recordFolder: this.#records.folder, switchPid: this.#switch.pid, ...this.#supervisor.survey() });
  }

  /** Journals and tells what is wrong, each thing once for as long as it lasts. */
  #checkRegularly(): void {
    let before = new Set<string>();
    this.#checking = setInterval(() => {
      const findings = this.#selfCheck();
      for (const finding of findings) {
        if (before.has(finding)) continue;
        this.#journal.write({ event: 'self-check', reason: finding });
        this.#alert(finding);
      }
      before = new Set(findings);
    }, selfCheckMillis);
    this.#checking.unref();
  }

  #alert(message: string): void {
    const heard = [...this.#sessions].filter((session) => session.alert(message));
    if (heard.length === 0) this.#missedAlerts.push(message);
  }

  #shutdown(reason: string, now: boolean): Promise<void> {
    this.#ending ??= this.#end(reason);
    if (now) void this.#supervisor.shutdown(reason, true);
    return this.#ending;
  }

  async #end(reason: string): Promise<void> {
    this.#models.close();
    await this.#supervisor.shutdown(reason, false);
    clearInterval(this.#checking);
    clearInterval(this.#idleCheck);
    this.#supervisor.dispose();
    this.#switch.release();
    // Before the records: they are what says where these are.
    const isClean = await removeHomes(this.#options.platform, this.#records.homes);
    // Whoever could not be killed stays on record: the next start tries again.
    if (isClean && this.#supervisor.snapshots().every((tree) => tree.state !== 'unkillable')) this.#records.removeAll();
    this.#journal.write({ event: 'warden-ended', pid: process.pid, reason });
    this.#server?.close();
    this.#metrics?.close();
    await this.#supervisor.close();
    await this.#journal.close();
    // In a later turn, so that the answer to whoever asked is written first.
    setTimeout(() => process.exit(0), 20);
  }

  /** A defect of ours: the trees must not pay for it with being orphaned, so die in a way that the switch sees. */
  async #crash(error: unknown): Promise<void> {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#journal.write({ event: 'cleanup-failed', reason: `the warden failed: ${text}` });
    process.stderr.write(`tree-warden: the warden failed: ${text}\n`);
    await this.#journal.close();
    process.exit(70);
  }
}
