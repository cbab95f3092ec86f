import { type MessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { errorText } from '../protocol/errors.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import * as protocol from '../protocol/messages.ts';
import * as models from '../protocol/models.ts';
import type { LazyModels } from './gateway/lazyModels.ts';
import type { Journal } from './journal.ts';
import { RequestError } from './requestError.ts';
import type { Supervisor } from './supervisor.ts';

export interface ServerParts {
  readonly supervisor: Supervisor;
  readonly models: LazyModels;
  readonly journal: Journal;
  welcome(): protocol.Welcome;
  inspect(): protocol.Inspection;
  selfCheck(): string[];
  /** What should have been told when nobody was there to hear it. */
  takeMissedAlerts(): string[];
  /** Ends the warden once every tree is gone. */
  shutdown(reason: string, now: boolean): Promise<void>;
  leave(session: ClientSession, keepMillis: number): void;
  claim(session: ClientSession): Promise<void>;
}

/** A look no oftener than this many times a second, whatever a client asks for. */
const shortestInterval = 100;
/** News of models are told so many milliseconds after the first. */
const gatherMillis = 100;

/** One client, from its hello to its end. Every client may do everything: whoever can open the socket is this user. */
export class ClientSession {
  readonly #connection: MessageConnection;
  readonly #parts: ServerParts;
  readonly #outputs = new Map<number, { acknowledge(end: number): void; cancel(): void }>();
  readonly #unlisten: readonly (() => void)[];
  #client: string | undefined;
  #watching = false;
  #timer: NodeJS.Timeout | undefined;
  #pushDue: NodeJS.Immediate | undefined;
  #modelsDue: NodeJS.Timeout | undefined;
  #lastSubscription = 0;

  constructor(connection: MessageConnection, parts: ServerParts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#unlisten = [parts.supervisor.onChange(() => this.#pushSoon()), parts.models.onChange(() => this.#pushModelsSoon())];
    this.#handleRequests();
    this.#handleModels();
    this.#handleOutput();
    connection.onError(() => undefined);
    connection.listen();
  }

  /** False where nobody has greeted yet. */
  alert(message: string): boolean {
    if (this.#client === undefined) return false;
    void ifConnected(() => this.#connection.sendNotification(protocol.alert, { message }));
    return true;
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    clearTimeout(this.#modelsDue);
    clearInterval(this.#timer);
    clearImmediate(this.#pushDue);
    for (const subscription of this.#outputs.values()) subscription.cancel();
    this.#outputs.clear();
    if (this.#client !== undefined) this.#parts.journal.write({ event: 'client-left', reason: this.#client });
    this.#connection.dispose();
  }

  #handleRequests(): void {
    const connection = this.#connection;
    const { supervisor } = this.#parts;
    connection.onRequest(protocol.hello, (hello) => this.#greet(hello));
    connection.onRequest(protocol.start, (request) => this.#answer(() => supervisor.start(request)));
    connection.onRequest(protocol.stop, (request) => this.#answer(() => supervisor.stop(request)));
    connection.onRequest(protocol.restart, (request) =>
      this.#answer(async () => (await this.#parts.models.restart(request.tree)) ?? (await supervisor.restart(request))),
    );
    connection.onRequest(protocol.signal, (request) => this.#answer(() => supervisor.signal(request)));
    connection.onRequest(protocol.list, () => this.#answer(() => this.#freshSnapshots()));
    connection.onRequest(protocol.details, ({ tree, pid }) => this.#answer(() => supervisor.find(tree).details(pid)));
    connection.onRequest(protocol.history, ({ tree }) => this.#answer(() => supervisor.find(tree).course.history.series));
    connection.onRequest(protocol.inspect, () => this.#answer(() => this.#parts.inspect()));
    connection.onRequest(protocol.selfCheck, () => this.#answer(() => this.#parts.selfCheck()));
    connection.onRequest(protocol.watch, ({ intervalMillis }) => this.#answer(() => this.#watch(intervalMillis)));
    connection.onRequest(protocol.shutdown, ({ reason, now }) => this.#answer(() => this.#parts.shutdown(reason, now)));
    connection.onNotification(protocol.leave, ({ keepMillis }) => this.#parts.leave(this, keepMillis));
    connection.onRequest(protocol.claim, () => this.#answer(() => this.#parts.claim(this)));
  }

  #handleModels(): void {
    const connection = this.#connection;
    const pools = this.#parts.models;
    connection.onRequest(models.declareModels, (declared) => this.#answer(() => pools.declare(declared)));
    connection.onRequest(models.gateway, () => this.#answer(() => pools.info()));
    connection.onRequest(models.listModels, () => this.#answer(() => pools.snapshots()));
    connection.onRequest(models.loadModel, ({ model, instances }) => this.#answer(() => pools.load(model, instances)));
    connection.onRequest(models.unloadModel, ({ model, now }) => this.#answer(() => pools.unload(model, now)));
  }

  #handleOutput(): void {
    const connection = this.#connection;
    const { supervisor } = this.#parts;
    connection.onRequest(protocol.subscribeOutput, (request) => this.#answer(() => this.#subscribe(request)));
    connection.onNotification(protocol.acknowledgeOutput, ({ subscription, end }) => this.#outputs.get(subscription)?.acknowledge(end));
    connection.onNotification(protocol.unsubscribeOutput, ({ subscription }) => {
      this.#outputs.get(subscription)?.cancel();
      this.#outputs.delete(subscription);
    });
    // A key pressed in a terminal whose tree has just ended is no error.
    connection.onNotification(protocol.input, ({ tree, base64 }) =>
      ignoringMissingTree(() => supervisor.find(tree).write(Buffer.from(base64, 'base64'))),
    );
    connection.onNotification(protocol.resize, ({ tree, ...dimensions }) =>
      ignoringMissingTree(() => supervisor.find(tree).resize(dimensions)),
    );
  }

  #greet({ protocol: theirs, version, client }: protocol.Hello): protocol.Welcome {
    const welcome = this.#parts.welcome();
    if (theirs !== protocol.protocolVersion) {
      throw new RequestError(
        'versionMismatch',
        `${client} ${version} speaks protocol ${theirs}, this warden (${welcome.version}) speaks ${protocol.protocolVersion}. Update the older one, or reload the window that started this warden.`,
      );
    }
    this.#client = client;
    this.#parts.journal.write({ event: 'client-connected', reason: client });
    // Behind the answer: before it, nobody listens yet.
    setImmediate(() => this.#parts.takeMissedAlerts().forEach((message) => void this.alert(message)));
    return welcome;
  }

  /** Nothing is done for a side that has not shown that it speaks the same protocol. */
  async #answer<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#client === undefined) throw new RequestError('versionMismatch', 'The first request must be hello.');
    try {
      return await work();
    } catch (error) {
      throw error instanceof ResponseError ? error : new RequestError('notPossible', errorText(error));
    }
  }

  async #freshSnapshots(): Promise<protocol.TreeSnapshot[]> {
    await this.#parts.supervisor.sample();
    return this.#parts.supervisor.snapshots();
  }

  async #watch(intervalMillis: number): Promise<protocol.TreeSnapshot[]> {
    clearInterval(this.#timer);
    this.#watching = true;
    if (intervalMillis > 0) {
      this.#timer = setInterval(
        () => void this.#parts.supervisor.sample().then(() => this.#push()),
        Math.max(intervalMillis, shortestInterval),
      );
    }
    return await this.#freshSnapshots();
  }

  #pushSoon(): void {
    if (this.#watching) this.#pushDue ??= setImmediate(() => this.#push());
  }

  /** Each request changes something: what comes close together is told at once. */
  #pushModelsSoon(): void {
    if (!this.#watching) return;
    this.#modelsDue ??= setTimeout(() => {
      this.#modelsDue = undefined;
      void ifConnected(() => this.#connection.sendNotification(models.models, this.#parts.models.snapshots()));
    }, gatherMillis);
  }

  #push(): void {
    clearImmediate(this.#pushDue);
    this.#pushDue = undefined;
    void ifConnected(() => this.#connection.sendNotification(protocol.trees, this.#parts.supervisor.snapshots()));
  }

  #subscribe({ tree, from, whenBehind, follow }: protocol.OutputRequest): number {
    const subscription = ++this.#lastSubscription;
    const reader = {
      whenBehind,
      deliver: (chunk: Buffer, end: number, skipped: number) =>
        void ifConnected(() =>
          this.#connection.sendNotification(protocol.output, { subscription, end, skipped, base64: chunk.toString('base64') }),
        ),
      finish: () => {
        this.#outputs.delete(subscription);
        void ifConnected(() => this.#connection.sendNotification(protocol.outputEnd, { subscription }));
      },
    };
    this.#outputs.set(subscription, this.#parts.supervisor.find(tree).output.subscribe(reader, from, follow));
    return subscription;
  }
}

function ignoringMissingTree(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
  }
}
