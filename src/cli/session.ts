import { WardenGoneError } from '../client/wardenGone.ts';
import { WardenProcess } from '../client/wardenProcess.ts';
import type { NameStatus } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isSpawned } from '../protocol/trees.ts';
import { linesOf } from '../protocol/visible.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { tellMistypedVariables } from './mistypedVariables.ts';
import { onEndSignal } from './onEndSignal.ts';
import { complain } from './say.ts';
import { SharedAnswer } from './sharedAnswer.ts';
import { wardenScript } from './wardens.ts';
import { workingDirectory } from './workingDirectory.ts';

/** A warden of this command's own, with the ends of its trees to wait for. */
export class CliSession {
  readonly warden: WardenProcess;
  readonly #waiting = new Map<TreeId, (tree: TreeSnapshot) => void>();
  /** Those that are still waited for may not be listed any more. */
  readonly #ended = new Map<TreeId, TreeSnapshot>();
  readonly #successors = new Map<TreeId, TreeId>();
  readonly #looking = new Set<() => void>();
  readonly #names = new SharedAnswer(() => this.warden.client.names.list());
  #trees: readonly TreeSnapshot[] = [];
  #closing = false;
  #received: NodeJS.Signals | undefined;

  static async start(client: string, lent: readonly number[] = []): Promise<CliSession> {
    tellMistypedVariables();
    try {
      const warden = await WardenProcess.start({
        script: wardenScript,
        client,
        workspace: workingDirectory(),
        logFolder: stateLogFolder(),
        lent,
      });
      const session = new CliSession(warden);
      await warden.client.watch(0);
      return session;
    } catch (error) {
      throw error instanceof CliError ? error : new CliError(errorText(error), exitCodes.wardenFailed);
    }
  }

  private constructor(warden: WardenProcess) {
    this.warden = warden;
    warden.client.onTrees((trees) => {
      for (const tree of trees) if (tree.endedAt !== undefined) this.#noticeEnd(tree);
      this.#trees = trees;
      for (const look of this.#looking) look();
    });
    warden.client.onAlert(({ message }) => complain(...linesOf(message)));
    for (const shortcoming of warden.client.welcome.shortcomings) complain(shortcoming);
  }

  /** Resolves with the tree's last snapshot when none of its processes is left; rejects when the warden ends first. */
  async endOf(tree: TreeId): Promise<TreeSnapshot> {
    return await Promise.race([
      this.#lost(),
      new Promise<TreeSnapshot>((resolve) => {
        const already = this.#ended.get(tree);
        if (already) resolve(already);
        else this.#waiting.set(tree, resolve);
      }),
    ]);
  }

  /** Resolves with the warden's answer; rejects as {@link endOf} does when the warden ends before that. */
  async answerTo<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      throw await this.#causeOf(error);
    }
  }

  /**
   * Resolves with the tree that has taken the place of this one, or undefined where none is to come, or the session is closed. Rejects when the warden ends
   * first by itself.
   */
  async successorOf(ended: TreeSnapshot): Promise<TreeSnapshot | undefined> {
    if (!ended.restarting) return undefined;
    return await this.#untilClosed(
      new Promise((resolve) => {
        const look = (): void => {
          const last = this.#trees.find((tree) => tree.id === ended.id);
          // By now, that may have ended as well, and be listed no more.
          const successor = this.#successors.get(ended.id);
          const next =
            this.#trees.find((tree) => tree.id === successor) ?? (successor === undefined ? undefined : this.#ended.get(successor));
          if (next ? !isSpawned(next) : last?.restarting) return;
          this.#looking.delete(look);
          resolve(next);
        };
        this.#looking.add(look);
        look();
      }),
    );
  }

  /**
   * Resolves with the next tree of this name, or undefined where none is to come, or the session is closed; `isOver` is asked at each news. Rejects when the
   * warden ends first by itself.
   */
  async nextOf(ended: Pick<TreeSnapshot, 'id' | 'name' | 'startedAt'>, isOver: () => Promise<boolean>): Promise<TreeSnapshot | undefined> {
    return await this.#untilClosed(
      new Promise((resolve) => {
        const settle = (next: TreeSnapshot | undefined): void => {
          this.#looking.delete(look);
          subscription.dispose();
          resolve(next);
        };
        const look = (): void => {
          const isNext = (tree: TreeSnapshot): boolean =>
            tree.name === ended.name && tree.id !== ended.id && tree.startedAt >= ended.startedAt && isSpawned(tree);
          const next = this.#trees.find(isNext);
          if (next) settle(next);
          // Where that cannot be asked any more, the end of the warden says so.
          else
            void isOver().then(
              (over) => over && settle(undefined),
              () => undefined,
            );
        };
        this.#looking.add(look);
        const subscription = this.warden.client.names.onChange(look);
        look();
      }),
    );
  }

  /** What is desired of each name by now: nothing where this session ends; rejects where the warden has ended first. */
  async names(): Promise<readonly NameStatus[]> {
    try {
      return await this.#names.get();
    } catch (error) {
      if (this.#closing) return [];
      // What is not known is not over.
      throw await this.#causeOf(error);
    }
  }

  /** The first signal that has stopped it. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** Trees of which not even a SIGKILL has ended all processes. */
  get unkillable(): readonly TreeSnapshot[] {
    return this.#trees.filter(({ state }) => state === 'unkillable');
  }

  /** A second signal skips every escalation. */
  stopOnSignals(): void {
    onEndSignal((signal) => {
      void this.close(`tree-warden received ${signal}`, this.#received !== undefined);
      this.#received ??= signal;
    });
  }

  /** Stops what is left and waits for the warden's end. */
  async close(reason: string, now = false): Promise<void> {
    this.#closing = true;
    await this.warden.client.shutdown(reason, now).catch(() => undefined);
    await this.warden.ended;
  }

  async #untilClosed<T>(coming: Promise<T | undefined>): Promise<T | undefined> {
    return await Promise.race([coming, this.warden.ended.then(() => (this.#closing ? undefined : this.#lost()))]);
  }

  async #causeOf(error: unknown): Promise<unknown> {
    return error instanceof WardenGoneError ? await this.#lost() : error;
  }

  async #lost(): Promise<never> {
    await this.warden.ended;
    throw new CliError(
      this.#closing ? 'The warden has ended.' : 'The warden was killed; every process it guarded has been ended.',
      exitCodes.wardenFailed,
    );
  }

  #noticeEnd(tree: TreeSnapshot): void {
    this.#ended.set(tree.id, tree);
    if (tree.successor !== undefined) this.#successors.set(tree.id, tree.successor);
    this.#waiting.get(tree.id)?.(tree);
    this.#waiting.delete(tree.id);
  }
}
