import type { Changes } from '../client/changes.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenFeed } from '../client/wardenFeed.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import { complain } from './say.ts';
import { leftOut } from './wardens.ts';

/** Pause between two looks for wardens that have been started meanwhile, in milliseconds. */
const lookMillis = 500;

/** All wardens of this user, also those that come, with what they say of their trees and names. */
export class FollowedWardens implements Disposable {
  readonly #registry: WardenRegistry;
  readonly #changes: Changes;
  readonly #figuresMillis: number;
  readonly #say: (sentence: string) => void;
  readonly #feeds = new Map<WardenClient, WardenFeed>();
  readonly #complaints = new Set<string>();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `client`: name of this command, for the journals. Every change is told to `changes`. `figuresMillis`: interval of figures; 0: only transitions are told.
   * `complain` is told what is left out; default: stderr.
   */
  constructor(
    client: string,
    changes: Changes,
    options: { readonly figuresMillis?: number; readonly complain?: (sentence: string) => void } = {},
  ) {
    this.#registry = new WardenRegistry(client);
    this.#changes = changes;
    this.#figuresMillis = options.figuresMillis ?? 0;
    this.#say = options.complain ?? complain;
  }

  /** Of the wardens that live. */
  get feeds(): readonly WardenFeed[] {
    return [...this.#feeds.values()].filter(({ isClosed }) => !isClosed);
  }

  /** Looks again and again. */
  follow(): void {
    this.#timer ??= setInterval(() => void this.look().then(this.#changes.notify, () => undefined), lookMillis);
  }

  /** Resolves when what the wardens on record say is known. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#registry[Symbol.dispose]();
  }

  async #look(): Promise<void> {
    // Of a command that runs for days, many have come and gone.
    for (const [client, { isClosed }] of this.#feeds) if (isClosed) this.#feeds.delete(client);
    const { wardens, unreachable, unreadable } = await this.#registry.connect();
    for (const sentence of leftOut({ unreachable, unreadable })) this.#complain(sentence);
    await Promise.all(
      wardens.map(async ({ client }) => {
        if (this.#feeds.has(client)) return;
        // One that ends meanwhile has nothing any more.
        const feed = await WardenFeed.open(client, this.#changes.notify, this.#figuresMillis).catch(() => undefined);
        if (feed) this.#feeds.set(client, feed);
      }),
    );
  }

  /** Once. */
  #complain(sentence: string): void {
    if (this.#complaints.has(sentence)) return;
    this.#complaints.add(sentence);
    this.#say(sentence);
  }
}
