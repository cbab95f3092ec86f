import { WardenProcess } from '../client/wardenProcess.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { linesOf } from '../protocol/visible.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain } from './say.ts';
import { wardenScript } from './wardens.ts';

/** A warden of this command's own, with the ends of its trees to wait for. */
export class CliSession {
  readonly warden: WardenProcess;
  readonly #waiting = new Map<TreeId, (tree: TreeSnapshot) => void>();
  readonly #ended = new Map<TreeId, TreeSnapshot>();
  readonly #looking = new Set<() => void>();
  #trees: readonly TreeSnapshot[] = [];
  #closing = false;

  static async start(client: string, lent: readonly number[] = []): Promise<CliSession> {
    try {
      const warden = await WardenProcess.start({
        script: wardenScript,
        client,
        workspace: process.cwd(),
        logFolder: stateLogFolder(),
        lent,
      });
      const session = new CliSession(warden);
      await warden.client.watch(0);
      return session;
    } catch (error) {
      throw new CliError(error instanceof Error ? error.message : String(error), exitCodes.wardenFailed);
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
    const lost = this.warden.ended.then((): never => {
      throw new CliError(
        this.#closing ? 'The warden has ended.' : 'The warden was killed; every process it guarded has been ended.',
        exitCodes.wardenFailed,
      );
    });
    return await Promise.race([
      lost,
      new Promise<TreeSnapshot>((resolve) => {
        const already = this.#ended.get(tree);
        if (already) resolve(already);
        else this.#waiting.set(tree, resolve);
      }),
    ]);
  }

  /** Resolves with the tree that has taken the place of this one, or undefined where none is to come. */
  async successorOf(ended: TreeSnapshot): Promise<TreeSnapshot | undefined> {
    if (!ended.restarting) return undefined;
    return await new Promise((resolve) => {
      const look = (): void => {
        const last = this.#trees.find((tree) => tree.id === ended.id);
        const next = this.#trees.find((tree) => tree.id === last?.successor);
        if (!next && last?.restarting) return;
        this.#looking.delete(look);
        resolve(next);
      };
      this.#looking.add(look);
      look();
    });
  }

  /** A second signal skips every escalation. */
  stopOnSignals(): void {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        void this.close(`tree-warden received ${signal}`, asked);
        asked = true;
      });
    }
  }

  /** Stops what is left and waits for the warden's end. */
  async close(reason: string, now = false): Promise<void> {
    this.#closing = true;
    await this.warden.client.shutdown(reason, now).catch(() => undefined);
    await this.warden.ended;
  }

  #noticeEnd(tree: TreeSnapshot): void {
    this.#ended.set(tree.id, tree);
    this.#waiting.get(tree.id)?.(tree);
    this.#waiting.delete(tree.id);
  }
}
