import type { MessageConnection } from 'vscode-jsonrpc';
import { asError } from '../protocol/errors.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import type { OutputChunk, OutputRequest } from '../protocol/output.ts';
import * as outputs from '../protocol/output.ts';
import { WardenGoneError } from './wardenGone.ts';

/** How the reading of a tree's output has ended. */
export type OutputEnd =
  /** All of it was delivered. */
  | { readonly how: 'complete' }
  | { readonly how: 'cancelled' }
  /** It was refused, the connection has closed ({@link WardenGoneError}), or the listener has failed. */
  | { readonly how: 'failed'; readonly error: Error };

export interface OutputListener {
  /** Resolve, or return, when the chunk is dealt with: no more than a window's worth comes before that. Never called after the end. */
  onChunk(chunk: Buffer, skipped: number): void | Promise<void>;
  /** Called once, however it ends. */
  onEnd?(end: OutputEnd): void;
}

/** The reading of one tree's output: it ends once, by itself, by {@link cancel}, or with its connection. */
export class OutputSubscription implements Disposable {
  readonly #listener: OutputListener;
  readonly #unsubscribe: () => void;
  readonly #dealing = new Set<Promise<void>>();
  #isOver = false;
  #finish: (end: OutputEnd) => void = () => undefined;
  /** How it has ended; never rejects. */
  readonly ended: Promise<OutputEnd>;

  /** `unsubscribe` tells the warden, where it knows of it. */
  constructor(listener: OutputListener, unsubscribe: () => void) {
    this.#listener = listener;
    this.#unsubscribe = unsubscribe;
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when everything was delivered, or it was cancelled. @throws Error where it has failed. */
  async complete(): Promise<void> {
    const end = await this.ended;
    if (end.how === 'failed') throw end.error;
  }

  /** No chunk is delivered from this call on, whether or not the warden knows of the subscription yet. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end({ how: 'cancelled' });
    this.#unsubscribe();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** Resolves when the listener has dealt with it; false where no listener is left. */
  async deliver(chunk: Buffer, skipped: number): Promise<boolean> {
    if (this.#isOver) return false;
    const dealing = this.#hand(chunk, skipped);
    this.#dealing.add(dealing);
    await dealing;
    this.#dealing.delete(dealing);
    return !this.#isOver;
  }

  /** The warden has nothing more to deliver. */
  async completed(): Promise<void> {
    await Promise.all(this.#dealing);
    this.#end({ how: 'complete' });
  }

  fail(error: Error): void {
    this.#end({ how: 'failed', error });
  }

  async #hand(chunk: Buffer, skipped: number): Promise<void> {
    try {
      await this.#listener.onChunk(chunk, skipped);
    } catch (error) {
      this.fail(asError(error));
      this.#unsubscribe();
    }
  }

  #end(end: OutputEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#finish(end);
    this.#listener.onEnd?.(end);
  }
}

/** The subscriptions of one connection. */
export class OutputSubscriptions {
  readonly #connection: MessageConnection;
  readonly #subscribe: (request: OutputRequest) => Promise<number>;
  /** Those that the warden knows, by its numbers. What comes for another number was under way when that was cancelled. */
  readonly #known = new Map<number, OutputSubscription>();
  readonly #all = new Set<OutputSubscription>();

  /** `subscribe` asks the warden, and resolves with its number of the subscription. */
  constructor(connection: MessageConnection, subscribe: (request: OutputRequest) => Promise<number>) {
    this.#connection = connection;
    this.#subscribe = subscribe;
    connection.onNotification(outputs.output, (chunk) => void this.#deliver(chunk));
    connection.onNotification(outputs.outputEnd, ({ subscription }) => {
      void this.#known.get(subscription)?.completed();
      this.#known.delete(subscription);
    });
  }

  open(request: OutputRequest, listener: OutputListener): OutputSubscription {
    let number: number | undefined;
    const subscription = new OutputSubscription(listener, () => {
      if (number !== undefined) this.#unsubscribe(number);
    });
    this.#all.add(subscription);
    void subscription.ended.then(() => this.#all.delete(subscription));
    const subscribe = async (): Promise<void> => {
      try {
        number = await this.#subscribe(request);
        if (subscription.isOver) this.#unsubscribe(number);
        else this.#known.set(number, subscription);
      } catch (error) {
        subscription.fail(asError(error));
      }
    };
    void subscribe();
    return subscription;
  }

  /** The connection has closed. */
  close(): void {
    this.#known.clear();
    for (const subscription of this.#all) subscription.fail(new WardenGoneError());
  }

  #unsubscribe(subscription: number): void {
    this.#known.delete(subscription);
    void ifConnected(() => this.#connection.sendNotification(outputs.unsubscribeOutput, { subscription }));
  }

  async #deliver({ subscription, end, skipped, base64 }: OutputChunk): Promise<void> {
    const isRead = await this.#known.get(subscription)?.deliver(Buffer.from(base64, 'base64'), skipped);
    if (isRead) await ifConnected(() => this.#connection.sendNotification(outputs.acknowledgeOutput, { subscription, end }));
  }
}
