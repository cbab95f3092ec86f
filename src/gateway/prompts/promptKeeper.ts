import type { LivingServer } from '../../protocol/gateway.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import { connectionsTo } from '../connections.ts';
import type { Launched, Launcher, LaunchListener } from '../launcher.ts';
import type { Answered } from '../modelStatistics.ts';
import { ensureFolder, fileName, removeFile, savedSlots, tidy } from './promptFiles.ts';
import { restoreSlot, saveSlot, slotsOf } from './slots.ts';

/** Begins the reason why a server is ended that makes room for one of another model. */
export const swapReason = 'unloaded for another model';
/** How long prompts of one server may take to be saved, or restored, in milliseconds. */
const longestMillis = 60_000;
/** Number of restored prompts in a row that were of no use, after which none are saved any more. */
const maxUseless = 2;

interface Kept {
  readonly folder: string;
  readonly instance: number;
  readonly port: number;
  isReady: boolean;
  /** Prompts were restored, and it has not answered since. */
  isFresh: boolean;
}

/**
 * Has servers save the prompts that they have worked on when they are unloaded for another model, and restore them at their next load. Whatever fails of that, the
 * server is ended, and loaded, as any other is.
 */
export class PromptKeeper implements Launcher {
  readonly #launcher: Launcher;
  readonly #kept = new Map<TreeId, Kept>();
  /** Times in a row that restored prompts were of no use, by their folder. */
  readonly #useless = new Map<string, number>();

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  async launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched> {
    return this.#follow(await this.#launcher.launch(model, instance, listener), instance, true);
  }

  takeOver(server: LivingServer, listener: LaunchListener): Launched {
    return this.#follow(this.#launcher.takeOver(server, listener), server.instance, false);
  }

  async end(launched: Pick<Launched, 'tree' | 'name'>, reason: string): Promise<void> {
    const kept = this.#kept.get(launched.tree);
    const saved = kept?.isReady && reason.startsWith(swapReason) ? await this.#save(kept) : '';
    await this.#launcher.end(launched, `${reason}${saved}`);
    this.#kept.delete(launched.tree);
  }

  /** The first answer after a load says whether what was restored was of use: most of its prompt was in the cache. A server that does not tell of its cache is not judged. */
  answered(tree: TreeId, { cachedTokens, inputTokens = 0 }: Pick<Answered, 'cachedTokens' | 'inputTokens'>): void {
    const kept = this.#kept.get(tree);
    if (!kept?.isFresh || cachedTokens === undefined) return;
    kept.isFresh = false;
    // What all chats begin with, the template of the model, is in the cache of any server that has answered once.
    const isOfUse = cachedTokens > 0 && cachedTokens * 2 >= inputTokens;
    this.#useless.set(kept.folder, isOfUse ? 0 : this.#uselessOf(kept.folder) + 1);
  }

  #follow(launched: Launched, instance: number, restores: boolean): Launched {
    const { promptFolder: folder } = launched;
    if (folder === undefined) return launched;
    const kept: Kept = { folder, instance, port: launched.port, isReady: false, isFresh: false };
    this.#kept.set(launched.tree, kept);
    const ready = launched.ready.then(async () => {
      if (restores) await this.#restore(kept);
      kept.isReady = true;
    });
    // It is heard by the caller, which may not be interested any more.
    ready.catch(() => undefined);
    return { ...launched, ready };
  }

  #uselessOf(folder: string): number {
    return this.#useless.get(folder) ?? 0;
  }

  /** What came of it, as the end of a clause; nothing where there was nothing to save. */
  async #save({ folder, instance, port }: Kept): Promise<string> {
    if (this.#uselessOf(folder) >= maxUseless)
      return `; its prompts are not saved any more: the last ${maxUseless} that were restored were of no use`;
    const signal = AbortSignal.timeout(longestMillis);
    const connections = connectionsTo(port);
    const saved: number[] = [];
    try {
      await ensureFolder(folder);
      for (const slot of await slotsOf(connections, signal)) {
        const tokens = await saveSlot(connections, slot, fileName(instance, slot), signal);
        if (tokens > 0) saved.push(tokens);
        else await removeFile(folder, instance, slot);
      }
      const at = Date.now();
      await tidy(folder, at);
    } catch {
      return '; its prompts could not be saved';
    } finally {
      await connections.destroy();
    }
    return saved.length === 0 ? '' : `; ${saved.reduce((sum, tokens) => sum + tokens, 0)} tokens of its prompts are saved`;
  }

  /** Each file serves once: what the server has worked on until its next end is saved then. */
  async #restore(kept: Kept): Promise<void> {
    const { folder, instance, port } = kept;
    const slots = await savedSlots(folder, instance);
    if (slots.length === 0) return;
    const signal = AbortSignal.timeout(longestMillis);
    const connections = connectionsTo(port);
    try {
      for (const slot of slots) {
        // A server of another version may not know what is in it, and go on without.
        const tokens = await restoreSlot(connections, slot, fileName(instance, slot), signal).catch(() => 0);
        if (tokens > 0) kept.isFresh = true;
        await removeFile(folder, instance, slot);
      }
    } finally {
      await connections.destroy();
    }
  }
}
