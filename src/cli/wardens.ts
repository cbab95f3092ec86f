import { join } from 'node:path';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenGoneError } from '../client/wardenGone.ts';
import {
  type FoundWardens,
  type RegisteredWarden,
  recordedWardens,
  type UnreachableWarden,
  WardenRegistry,
} from '../client/wardenRegistry.ts';
import type { NameStatus } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { normalName } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import type { TreeRecord } from '../records/records.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain } from './say.ts';

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

/** The trees on record, of all wardens of this user; nothing is asked, so some may have ended. */
export function recordedTrees(): readonly TreeRecord[] {
  return recordedWardens().flatMap(({ trees }) => trees);
}

/** The wardens that a command acts on: all of this user, or those that it chooses. */
export class Wardens implements Disposable {
  readonly clients: readonly WardenClient[];
  readonly #registry: WardenRegistry;
  /** Of wardens on this machine that live for a client elsewhere. */
  readonly #leases: ReadonlyMap<WardenClient, string>;
  #incomplete: boolean;

  /** `registry`: where connections are kept for further commands; default: one that ends with this. `holding`: only wardens that have a tree of this name on record. */
  static async connect(
    client: string,
    { registry = new WardenRegistry(client), holding }: { readonly registry?: WardenRegistry; readonly holding?: string } = {},
  ): Promise<Wardens> {
    const { wardens, unreachable, unreadable } = await registry.connect(
      ({ trees }) => holding === undefined || trees.some(({ name }) => name === holding),
    );
    for (const sentence of leftOut({ unreachable, unreadable })) complain(sentence);
    return new Wardens(registry, wardens, unreachable.length + unreadable.length > 0);
  }

  private constructor(registry: WardenRegistry, wardens: readonly RegisteredWarden[], incomplete: boolean) {
    this.#registry = registry;
    this.clients = wardens.map(({ client }) => client);
    this.#leases = new Map(wardens.flatMap(({ client, lease }) => (lease === undefined ? [] : [[client, lease]])));
    this.#incomplete = incomplete;
  }

  /** Whether a warden was left out, because it did not answer or its record is invalid; stderr says so. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  [Symbol.dispose](): void {
    this.#registry[Symbol.dispose]();
  }

  /** A tree whose node is this very machine is listed once: as that of the warden that has asked for it. */
  async trees(): Promise<FoundTree[]> {
    const all = await this.ofAll(async (warden) => (await warden.list()).map((tree) => ({ warden, tree })));
    const listed = new Set(all.map(({ tree }) => tree.remote?.lease));
    return all.filter(({ warden }) => !this.#leases.has(warden) || !listed.has(this.#leases.get(warden)));
  }

  /**
   * Of each that is wanted, the running tree that it names by its name, the beginning of its id or the pid of a member, or all running instances of the pool of one warden; with `all`, where none runs, the
   * one that ended last.
   * @throws CliError where there is none, or more than one.
   */
  async findEach(wanted: readonly string[], among: 'live' | 'all'): Promise<FoundTree[]> {
    const trees = await this.trees();
    return wanted.map(normalName).flatMap((name) => {
      const pool = trees.filter(({ tree }) => (tree.pool ?? tree.name) === name && isLive(tree));
      const isOfOne = pool.some(({ tree }) => tree.pool === name) && pool.every(({ warden }) => warden === pool[0]?.warden);
      return isOfOne ? pool : [this.#choose(trees, name, among)];
    });
  }

  async models(): Promise<FoundModel[]> {
    const all = await this.ofAll(async (warden) => (await warden.models()).map((model) => ({ warden, model })));
    // What wardens share is listed once: as the model service's own.
    return all.filter(({ model }) => !model.isShared);
  }

  /** Of every warden that answers: one that ends meanwhile has nothing any more, and any other problem goes to stderr. */
  async ofAll<T>(ask: (warden: WardenClient) => Promise<T[]>): Promise<T[]> {
    const answers = this.clients.map(async (warden) => {
      try {
        return await answerInTime(ask(warden));
      } catch (error) {
        if (error instanceof WardenGoneError) return [];
        complain(unreachableText({ ...warden.welcome, error }));
        this.#incomplete = true;
        return [];
      }
    });
    return (await Promise.all(answers)).flat();
  }

  /**
   * The one model of this name, or alias.
   * @throws CliError where there is none, or more than one.
   */
  async findModel(written: string): Promise<FoundModel> {
    const wanted = normalName(written);
    const all = await this.models();
    const [found, another] = all.filter(({ model }) => model.name === wanted || model.aliases.includes(wanted));
    if (!found) {
      const names = [...new Set(all.map(({ model }) => model.name))].join(', ');
      const none = this.#incomplete
        ? 'A warden was left out; its models are not known.'
        : 'No models are served; start a window or tree-warden gateway where they are declared.';
      throw new CliError(`There is no model '${wanted}'. ${names === '' ? none : `There are: ${names}.`}`);
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
      const none = this.#incomplete ? 'A warden was left out; its trees are not known.' : 'Nothing is running.';
      throw new CliError(`There is no running tree '${wanted}'. ${names.length > 0 ? `Running are: ${names.join(', ')}.` : none}`);
    }
    if (another) {
      const choices = candidates.map(
        ({ warden, tree }) => `  ${tree.id.slice(0, 8)}  ${labelOf(tree)}  (${warden.welcome.workspace || 'command line'})`,
      );
      throw new CliError(`'${wanted}' is the name of ${candidates.length} trees; name one by its id:`, exitCodes.failed, choices);
    }
    return found;
  }
}

/** How long a warden may take to answer what all are asked, in milliseconds. */
const answerMillis = 10_000;

async function answerInTime<T>(answer: Promise<T>): Promise<T> {
  let deadline: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error('it does not answer')), answerMillis);
  });
  return await Promise.race([answer, silence]).finally(() => clearTimeout(deadline));
}

/** What is not known because a warden does not answer, or its record is invalid: a sentence each. */
export function leftOut({ unreachable, unreadable }: Pick<FoundWardens, 'unreachable' | 'unreadable'>): string[] {
  return [
    ...unreachable.map(unreachableText),
    ...unreadable.map(({ path, problem }) => `a warden was left out, because its record in ${path} cannot be trusted: ${problem}`),
  ];
}

function unreachableText({ workspace, pid, error }: Pick<UnreachableWarden, 'workspace' | 'pid' | 'error'>): string {
  return `the warden of ${workspace || 'a command line'} (pid ${pid}) was left out: ${errorText(error)}`;
}

/** What a warden says of its names; nothing where it is one of another version, which knows none. */
export async function namesOf(warden: WardenClient): Promise<readonly NameStatus[]> {
  return warden.hasOnlyCore ? [] : await warden.names.list();
}

/** Whether this is what the tree may be called: its name, the beginning of its id, or the pid of a member. */
export function matches(tree: TreeSnapshot, wanted: string): boolean {
  if (tree.name === wanted || labelOf(tree) === wanted || (wanted.length >= 4 && tree.id.startsWith(wanted))) return true;
  return tree.endedAt === undefined && /^\d+$/.test(wanted) && tree.members.some((member) => member.pid === Number(wanted));
}

function newest(found: readonly FoundTree[]): FoundTree[] {
  return [...found].sort((a, b) => (b.tree.endedAt ?? 0) - (a.tree.endedAt ?? 0)).slice(0, 1);
}
