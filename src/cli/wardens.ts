import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connectToWarden, type WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { readAllRecords, socketPath } from '../records/records.ts';
import { openRuntimeFolder, runtimeFolderPath } from '../records/runtimeFolder.ts';
import { CliError } from './exitCodes.ts';

/** The warden's program, beside this one. */
export const wardenScript = join(__dirname, 'warden.js');

export interface FoundTree {
  readonly warden: WardenClient;
  readonly tree: TreeSnapshot;
}

export interface FoundModel {
  readonly warden: WardenClient;
  readonly model: ModelSnapshot;
}

/** Connects to every warden of this user, and lets go of them all when disposed. */
export class Wardens implements Disposable {
  readonly clients: readonly WardenClient[];

  /** `known`: those that are connected already, by their folders; new ones are added, and those that have gone leave by themselves. */
  static async connect(client: string, known = new Map<string, WardenClient>()): Promise<Wardens> {
    const folder = runtimeFolderPath();
    if (!existsSync(folder)) return new Wardens([]);
    const { folders } = readAllRecords(openRuntimeFolder(folder));
    const attempts = folders.map(async ({ path, warden }) => {
      const already = known.get(path);
      if (already) return already;
      try {
        const connected = await connectToWarden(socketPath(path), client);
        known.set(path, connected);
        connected.onClose(() => known.delete(path));
        return connected;
      } catch (error) {
        const gone = ['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');
        if (!gone)
          process.stderr.write(
            `tree-warden: the warden of ${warden.workspace || 'a command line'} (pid ${warden.process.pid}) was left out: ${errorText(error)}\n`,
          );
        return undefined;
      }
    });
    return new Wardens((await Promise.all(attempts)).filter((found) => found !== undefined));
  }

  private constructor(clients: readonly WardenClient[]) {
    this.clients = clients;
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client.dispose();
  }

  async trees(): Promise<FoundTree[]> {
    const lists = await Promise.all(this.clients.map(async (warden) => (await warden.list()).map((tree) => ({ warden, tree }))));
    return lists.flat();
  }

  /**
   * The one tree that `wanted` names: its name, the beginning of its id, or the pid of a member. Living ones come before
   * those that have ended.
   * @throws CliError where there is none, or more than one.
   */
  async findOne(wanted: string, among: 'live' | 'all'): Promise<FoundTree> {
    return this.#choose(await this.trees(), wanted, among);
  }

  /**
   * Of each that is wanted, the running tree that it names, or all instances of the pool of one warden.
   * @throws CliError where there is none, or more than one.
   */
  async findLive(wanted: readonly string[]): Promise<FoundTree[]> {
    const trees = await this.trees();
    return wanted.flatMap((name) => {
      const pool = trees.filter(({ tree }) => (tree.pool ?? tree.name) === name && isLive(tree));
      const isOfOne = pool.some(({ tree }) => tree.pool === name) && pool.every(({ warden }) => warden === pool[0]?.warden);
      return isOfOne ? pool : [this.#choose(trees, name, 'live')];
    });
  }

  async models(): Promise<FoundModel[]> {
    const lists = await Promise.all(this.clients.map(async (warden) => (await warden.models()).map((model) => ({ warden, model }))));
    return lists.flat();
  }

  /**
   * The one model of this name, or alias.
   * @throws CliError where there is none, or more than one.
   */
  async findModel(wanted: string): Promise<FoundModel> {
    const all = await this.models();
    const [found, another] = all.filter(({ model }) => model.name === wanted || model.aliases.includes(wanted));
    if (!found) {
      const names =
        [...new Set(all.map(({ model }) => model.name))].join(', ') || 'none; tree-warden gateway, or a window, serves what is declared';
      throw new CliError(`There is no model '${wanted}'. There are: ${names}.`);
    }
    if (another) {
      const wardens = [found, another].map(({ warden }) => warden.welcome.workspace || 'a command line').join(' and ');
      throw new CliError(`'${wanted}' is a model of ${wardens}.`);
    }
    return found;
  }

  #choose(trees: readonly FoundTree[], wanted: string, among: 'live' | 'all'): FoundTree {
    const matching = trees.filter(({ tree }) => matches(tree, wanted));
    const live = matching.filter(({ tree }) => isLive(tree));
    const candidates = live.length > 0 || among === 'live' ? live : newest(matching);
    const [found, another] = candidates;
    if (!found) {
      const names = [...new Set(trees.filter(({ tree }) => isLive(tree)).map(({ tree }) => labelOf(tree)))];
      throw new CliError(
        `There is no running tree '${wanted}'. ${names.length > 0 ? `Running are: ${names.join(', ')}.` : 'Nothing is running.'}`,
      );
    }
    if (another) {
      const choices = candidates.map(
        ({ warden, tree }) => `  ${tree.id.slice(0, 8)}  ${tree.name}  (${warden.welcome.workspace || 'command line'})`,
      );
      throw new CliError(`'${wanted}' is the name of ${candidates.length} trees; name one by its id:\n${choices.join('\n')}`);
    }
    return found;
  }
}

function matches(tree: TreeSnapshot, wanted: string): boolean {
  if (tree.name === wanted || labelOf(tree) === wanted || (wanted.length >= 4 && tree.id.startsWith(wanted))) return true;
  return tree.endedAt === undefined && /^\d+$/.test(wanted) && tree.members.some((member) => member.pid === Number(wanted));
}

function newest(found: readonly FoundTree[]): FoundTree[] {
  return [...found].sort((a, b) => (b.tree.endedAt ?? 0) - (a.tree.endedAt ?? 0)).slice(0, 1);
}
