/** A warden, as those who use one see it: the extension and the command line. */
import { connect, type Socket } from 'node:net';
import { createMessageConnection, type MessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { ifConnected } from '../protocol/ifConnected.ts';
import * as protocol from '../protocol/messages.ts';
import * as models from '../protocol/models.ts';
import { version } from '../protocol/version.ts';

export interface OutputListener {
  /** Resolve, or return, when the chunk is dealt with: no more than a window's worth comes before that. */
  onChunk(chunk: Buffer, skipped: number): void | Promise<void>;
  onEnd(): void;
}

export interface OutputSubscription {
  cancel(): void;
}

export class WardenClient {
  readonly welcome: protocol.Welcome;
  readonly #connection: MessageConnection;
  readonly #hangUp: () => void;
  readonly #outputs = new Map<number, OutputListener>();
  readonly #missedAlerts: string[] = [];
  #alertListener: (message: string) => void = (message) => void this.#missedAlerts.push(message);
  /** Chunks that came before the answer that names their subscription. */
  readonly #early = new Map<number, (() => void)[]>();

  /**
   * Greets the warden. `hangUp` ends the connection, where nobody else does.
   * @throws Error where it speaks another protocol, or ends first.
   */
  static async greet(connection: MessageConnection, client: string, hangUp: () => void = () => undefined): Promise<WardenClient> {
    connection.onError(() => undefined);
    connection.listen();
    const welcome = await connection.sendRequest(protocol.hello, { protocol: protocol.protocolVersion, version, client });
    return new WardenClient(connection, welcome, hangUp);
  }

  private constructor(connection: MessageConnection, welcome: protocol.Welcome, hangUp: () => void) {
    this.#connection = connection;
    this.#hangUp = hangUp;
    this.welcome = welcome;
    connection.onNotification(protocol.alert, ({ message }) => this.#alertListener(message));
    connection.onNotification(protocol.output, (chunk) => this.#whenKnown(chunk.subscription, () => void this.#deliver(chunk)));
    connection.onNotification(protocol.outputEnd, ({ subscription }) => this.#whenKnown(subscription, () => this.#finish(subscription)));
  }

  onClose(listener: () => void): void {
    this.#connection.onClose(listener);
  }

  onTrees(listener: (trees: readonly protocol.TreeSnapshot[]) => void): void {
    this.#connection.onNotification(protocol.trees, listener);
  }

  /** Hears of earlier ones too. */
  onAlert(listener: (message: string) => void): void {
    this.#alertListener = listener;
    for (const message of this.#missedAlerts.splice(0)) listener(message);
  }

  async start(request: protocol.StartRequest): Promise<protocol.TreeSnapshot> {
    return await this.#connection.sendRequest(protocol.start, request);
  }

  async stop(request: protocol.StopRequest): Promise<protocol.TreeSnapshot> {
    return await this.#connection.sendRequest(protocol.stop, request);
  }

  async restart(request: protocol.StopRequest): Promise<protocol.TreeSnapshot> {
    return await this.#connection.sendRequest(protocol.restart, request);
  }

  async signal(request: protocol.SignalRequest): Promise<void> {
    return await this.#connection.sendRequest(protocol.signal, request);
  }

  async list(): Promise<readonly protocol.TreeSnapshot[]> {
    return await this.#connection.sendRequest(protocol.list);
  }

  /** Of one member, or of the tree as a whole. */
  async details(tree: protocol.TreeId, pid?: number): Promise<protocol.Details> {
    return await this.#connection.sendRequest(protocol.details, { tree, ...(pid !== undefined && { pid }) });
  }

  async history(tree: protocol.TreeId): Promise<protocol.History> {
    return await this.#connection.sendRequest(protocol.history, { tree });
  }

  async declareModels(declared: models.ModelRequest[], gateway: models.GatewayOptions): Promise<models.GatewayInfo> {
    return await this.#connection.sendRequest(models.declareModels, { models: declared, gateway });
  }

  /** Null where no models are declared. */
  async gateway(): Promise<models.GatewayInfo | null> {
    return await this.#connection.sendRequest(models.gateway);
  }

  async models(): Promise<readonly models.ModelSnapshot[]> {
    return await this.#connection.sendRequest(models.listModels);
  }

  /** Resolves when it is ready; with another number of instances where one is given. */
  async loadModel(model: string, instances?: number): Promise<models.ModelSnapshot> {
    return await this.#connection.sendRequest(models.loadModel, { model, ...(instances !== undefined && { instances }) });
  }

  /** Resolves when its processes are gone. */
  async unloadModel(model: string, now = false): Promise<models.ModelSnapshot> {
    return await this.#connection.sendRequest(models.unloadModel, { model, now });
  }

  /** Of those who {@link watch}. */
  onModels(listener: (models: readonly models.ModelSnapshot[]) => void): void {
    this.#connection.onNotification(models.models, listener);
  }

  async inspect(): Promise<protocol.Inspection> {
    return await this.#connection.sendRequest(protocol.inspect);
  }

  async selfCheck(): Promise<readonly string[]> {
    return await this.#connection.sendRequest(protocol.selfCheck);
  }

  /** Milliseconds between two looks; 0 for news of transitions only. */
  async watch(intervalMillis: number): Promise<readonly protocol.TreeSnapshot[]> {
    return await this.#connection.sendRequest(protocol.watch, { intervalMillis });
  }

  /** Resolves when nobody is left. */
  async shutdown(reason: string, now = false): Promise<void> {
    return await this.#connection.sendRequest(protocol.shutdown, { reason, now });
  }

  /** The owner's goodbye, without waiting: the warden ends everything, or keeps it for so long for somebody who claims it. */
  async leave(keepMillis = 0): Promise<void> {
    await this.#connection.sendNotification(protocol.leave, { keepMillis });
  }

  /**
   * Makes us the owner of a warden whose owner has left.
   * @throws Error where it has one.
   */
  async claim(): Promise<void> {
    await this.#connection.sendRequest(protocol.claim);
  }

  input(tree: protocol.TreeId, data: Buffer): void {
    void ifConnected(() => this.#connection.sendNotification(protocol.input, { tree, base64: data.toString('base64') }));
  }

  resize(tree: protocol.TreeId, dimensions: protocol.Dimensions): void {
    void ifConnected(() => this.#connection.sendNotification(protocol.resize, { tree, ...dimensions }));
  }

  async readOutput(request: protocol.OutputRequest, listener: OutputListener): Promise<OutputSubscription> {
    const subscription = await this.#connection.sendRequest(protocol.subscribeOutput, request);
    this.#outputs.set(subscription, listener);
    const early = this.#early.get(subscription) ?? [];
    this.#early.delete(subscription);
    for (const deliver of early) deliver();
    return {
      cancel: () => {
        this.#outputs.delete(subscription);
        void ifConnected(() => this.#connection.sendNotification(protocol.unsubscribeOutput, { subscription }));
      },
    };
  }

  dispose(): void {
    this.#connection.dispose();
    this.#hangUp();
  }

  #whenKnown(subscription: number, action: () => void): void {
    const waiting = this.#early.get(subscription);
    if (this.#outputs.has(subscription)) action();
    else if (waiting) waiting.push(action);
    else this.#early.set(subscription, [action]);
  }

  async #deliver({ subscription, end, skipped, base64 }: protocol.OutputChunk): Promise<void> {
    await this.#outputs.get(subscription)?.onChunk(Buffer.from(base64, 'base64'), skipped);
    await ifConnected(() => this.#connection.sendNotification(protocol.acknowledgeOutput, { subscription, end }));
  }

  #finish(subscription: number): void {
    const listener = this.#outputs.get(subscription);
    this.#outputs.delete(subscription);
    listener?.onEnd();
  }
}

/** How long a warden may take to answer on its socket, in milliseconds. */
const connectPatience = 3000;

/**
 * Speaks to a warden that somebody else owns.
 * @throws Error where nobody answers at the socket in time.
 */
export async function connectToWarden(socketPath: string, client: string): Promise<WardenClient> {
  const socket = connect(socketPath);
  const deadline = setTimeout(() => socket.destroy(new Error('it does not answer')), connectPatience);
  try {
    await connected(socket);
    const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
    const failed = new Promise<never>((_, reject) => socket.once('close', () => reject(new Error('it does not answer'))));
    return await Promise.race([WardenClient.greet(connection, client, () => socket.destroy()), failed]);
  } finally {
    clearTimeout(deadline);
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.on('error', () => undefined);
      resolve();
    });
    socket.once('error', reject);
  });
}
