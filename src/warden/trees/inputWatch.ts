import { performance } from 'node:perf_hooks';
import type { ProcessStat } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { Observers } from '../observers.ts';
import { promptIn, quietMillis } from './inputPrompt.ts';
import type { Tree } from './tree.ts';

/** Interval of the looks, in milliseconds. */
const lookMillis = 1000;
/** Milliseconds without output after which one look in {@link seldom} is taken: what is no prompt by then is a shell. */
const longQuietMillis = 20_000;
const seldom = 10;
/** Bytes of the output in which its last line is looked for. */
const tailBytes = 4096;

export interface InputWatchParts {
  readonly observers: Pick<Observers, 'runNow'>;
  running(): readonly Tree[];
  /** As they were seen last. */
  membersOf(tree: TreeId): readonly ProcessStat[];
  /** The prompt of this tree is another one, or there is none any more. */
  onChange(tree: Tree): void;
}

interface Quiet {
  /** Position behind the newest output. */
  readonly end: number;
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
}

/** Looks once a second, while there are terminals, whether what runs in them waits for an answer. */
export class InputWatch implements Disposable {
  readonly #parts: InputWatchParts;
  readonly #quiet = new WeakMap<Tree, Quiet>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(parts: InputWatchParts) {
    this.#parts = parts;
  }

  /** A tree was spawned. */
  spawned(): void {
    if (this.#trees.length > 0) this.#timer ??= setInterval(() => this.#look(), lookMillis);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get #trees(): readonly Tree[] {
    return this.#parts.running().filter(({ request }) => request.stdio === 'pty');
  }

  #look(): void {
    const trees = this.#trees;
    this.#looks++;
    if (trees.length === 0) this[Symbol.dispose]();
    for (const tree of trees) this.#parts.observers.runNow('Looking for prompts', () => this.#tell(tree, this.#promptOf(tree)), undefined);
  }

  #tell(tree: Tree, prompt: string | undefined): void {
    if (tree.prompt === prompt) return;
    tree.prompt = prompt;
    this.#parts.onChange(tree);
  }

  #promptOf(tree: Tree): string | undefined {
    const { end } = tree.output;
    const known = this.#quiet.get(tree);
    if (known?.end !== end) {
      this.#quiet.set(tree, { end, since: performance.now() });
      return undefined;
    }
    const quietFor = performance.now() - known.since;
    if (quietFor < quietMillis) return undefined;
    if (quietFor > longQuietMillis && this.#looks % seldom !== 0) return tree.prompt;
    const tail = tree.output.tail(tailBytes);
    // Most have ended their last line, and cost nothing more.
    if (tail === '' || tail.endsWith('\n')) return undefined;
    return promptIn({ wait: tree.link?.inputWait?.(this.#parts.membersOf(tree.id)), tail, quietFor });
  }
}
