import { Changes } from '../../client/changes.ts';
import { typeLines } from '../../client/keyboard.ts';
import { failureSentences, targetsOf } from '../../client/nameVerbs.ts';
import type { OutputEnd } from '../../client/outputSubscriptions.ts';
import type { WardenFeed } from '../../client/wardenFeed.ts';
import { WardenGoneError } from '../../client/wardenGone.ts';
import type { NameAnswer } from '../../protocol/declare.ts';
import { neededIn } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { asReason, localizable } from '../../protocol/texts.ts';
import { FollowedWardens } from '../followedWardens.ts';
import { workingDirectory } from '../workingDirectory.ts';
import type { TopRow, TopSource, TopVerb } from './topModel.ts';
import { topRows } from './topRows.ts';

/** Interval of the figures, in milliseconds. */
const figuresMillis = 1000;

const done: Readonly<Record<TopVerb, string>> = { start: 'started', stop: 'stopped', restart: 'restarted', kill: 'killed' };

/** All wardens of this user, as `ps` lists them: that of this folder first. None is started, and none is owned. */
export class WardensOfTop implements TopSource, Disposable {
  readonly #wardens: FollowedWardens;
  readonly #known = new Set<WardenFeed>();
  #onChange: () => void = () => undefined;
  #onNotice: (sentence: string) => void = () => undefined;
  #rows: readonly TopRow[] | undefined;

  constructor() {
    const changes = new Changes();
    this.#wardens = new FollowedWardens('tree-warden top', changes, { figuresMillis, complain: (sentence) => this.#onNotice(sentence) });
    void changes.until(() => this.#changed(), Number.POSITIVE_INFINITY);
  }

  /** Resolves when the wardens that run now are known. */
  async begin(): Promise<void> {
    await this.#wardens.look();
    this.#changed();
    this.#wardens.follow();
  }

  get rows(): readonly TopRow[] {
    this.#rows ??= this.#makeRows();
    return this.#rows;
  }

  listen(onChange: () => void, onNotice: (sentence: string) => void): void {
    this.#onChange = onChange;
    this.#onNotice = onNotice;
  }

  async act(verb: TopVerb, row: TopRow): Promise<string> {
    const { feed, tree } = this.#find(row);
    const answer = await (tree === undefined ? this.#actOnName(verb, row, feed) : this.#actOnTree(verb, feed, tree)).catch(
      (error: unknown) => {
        if (neededIn(error) === undefined) throw error;
        throw new Error(`${row.name}: its start asks for values, which tree-warden up and the editor can do.`);
      },
    );
    const failures = failureSentences(answer);
    if (failures.length > 0) throw new Error(failures.join(' '));
    return `${row.name}: ${answer.armed ? 'waits for its time' : done[verb]}`;
  }

  async type(row: TopRow, text: string): Promise<void> {
    const { feed, tree } = this.#find(row);
    if (tree === undefined) throw new Error(`${row.name} does not run.`);
    await typeLines({ client: feed.client, tree }, text);
  }

  follow(row: TopRow, onChunk: (chunk: Buffer) => Promise<void>, onEnd: (problem: string | undefined) => void): Disposable {
    const feed = this.#feedOf(row);
    // The end of its warden is told by itself, and is not to be hidden by this.
    if (feed === undefined || row.tree === undefined) return { [Symbol.dispose]: () => undefined };
    return feed.client.readOutput(
      { tree: row.tree, from: 0, whenBehind: 'skip', follow: true },
      { onChunk, onEnd: (end) => onEnd(problemOf(end)) },
    );
  }

  [Symbol.dispose](): void {
    this.#wardens[Symbol.dispose]();
  }

  async #actOnName(verb: TopVerb, { name }: TopRow, { client }: WardenFeed): Promise<NameAnswer> {
    if (verb === 'start') return await client.names.start({ name });
    if (verb === 'restart') return await client.names.restart({ name, ...reasonOf(verb) });
    return await client.names.stop({ name, now: verb === 'kill', ...reasonOf(verb) });
  }

  async #actOnTree(verb: TopVerb, { client, names }: WardenFeed, tree: TreeSnapshot): Promise<NameAnswer> {
    const now = verb === 'kill';
    const isDeclared = names.some(({ name }) => name === (tree.pool ?? tree.name));
    if (verb === 'start' && tree.endedAt === undefined) throw new Error(`${tree.name} is running already.`);
    const [target] = await targetsOf([{ client, tree }]);
    const name = target?.name ?? (isDeclared ? tree.name : undefined);
    if (verb === 'stop' || verb === 'kill')
      return name === undefined || tree.endedAt === undefined
        ? { trees: [await client.stop({ tree: tree.id, now, ...reasonOf(verb) })], failures: [] }
        : await client.names.stop({ name, now, ...reasonOf(verb) });
    if (name === undefined) return { trees: [await client.restart({ tree: tree.id, now, ...reasonOf(verb) })], failures: [] };
    return verb === 'start' ? await client.names.start({ name }) : await client.names.restart({ name, ...reasonOf(verb) });
  }

  /** @throws Error where its warden has ended. */
  #find(row: TopRow): { readonly feed: WardenFeed; readonly tree: TreeSnapshot | undefined } {
    const feed = this.#feedOf(row);
    if (feed === undefined) throw new Error(`The warden of ${row.name} has ended.`);
    return { feed, tree: feed.trees.find(({ id }) => id === row.tree) };
  }

  #feedOf({ warden }: TopRow): WardenFeed | undefined {
    return this.#wardens.feeds.find(({ client }) => client.welcome.warden === warden);
  }

  /** Never resolves the waiting: it is told of each change. */
  #changed(): undefined {
    this.#rows = undefined;
    for (const feed of this.#wardens.feeds) this.#known.add(feed);
    for (const feed of this.#known) {
      if (!feed.isClosed) continue;
      this.#known.delete(feed);
      const { workspace, pid, lifetime } = feed.client.welcome;
      const after = lifetime === 'detached' ? 'its processes are listed again when another one has them' : 'and its processes with it';
      this.#onNotice(`A warden (pid ${pid}) has ended, ${after}: ${workspace || 'command line'}`);
    }
    this.#onChange();
    return undefined;
  }

  #makeRows(): readonly TopRow[] {
    const here = workingDirectory();
    const { feeds } = this.#wardens;
    const ordered = feeds.toSorted((a, b) => Number(b.client.welcome.workspace === here) - Number(a.client.welcome.workspace === here));
    return topRows(
      ordered.map(({ client, names, trees }) => ({
        id: client.welcome.warden,
        place: feeds.length > 1 ? client.welcome.workspace || 'command line' : '',
        names,
        trees,
      })),
    );
  }
}

/** The end of its warden is told by itself. */
function problemOf(end: OutputEnd): string | undefined {
  return end.how === 'failed' && !(end.error instanceof WardenGoneError) ? errorText(end.error) : undefined;
}

function reasonOf(verb: TopVerb): ReturnType<typeof asReason> {
  return asReason(verb === 'restart' ? localizable('restartedBy', 'tree-warden top') : localizable('stoppedBy', 'tree-warden top'));
}
