import * as vscode from 'vscode';
import type { OutputSubscription } from '../client/wardenClient.ts';
import { formatBytes } from '../protocol/format.ts';
import type { TreeId, TreeSnapshot } from '../protocol/messages.ts';
import type { WardenLink } from './wardenLink.ts';

/**
 * Milliseconds before more is written to a terminal. The editor tells nobody when it has drawn, and keeps what it has not in the
 * extension host; 64 KiB in this time is more than anybody reads, and it was seen to keep up with.
 */
const drawingMillis = 25;

/** A tree's output as a terminal of the editor: what was printed before is replayed, keys and size go to the tree. */
export class TreeTerminal implements vscode.Pseudoterminal {
  readonly #link: WardenLink;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number>();
  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;
  #dimensions: vscode.TerminalDimensions | undefined;
  #opened = false;
  #waiting: TreeSnapshot | undefined;
  #tree: TreeSnapshot | undefined;
  #subscription: OutputSubscription | undefined;
  #drained: Promise<void> = Promise.resolve();

  constructor(link: WardenLink) {
    this.#link = link;
  }

  /** Resolves when all output of the tree has been written. */
  get drained(): Promise<void> {
    return this.#drained;
  }

  get dimensions(): vscode.TerminalDimensions | undefined {
    return this.#dimensions;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.#opened = true;
    this.#dimensions = dimensions;
    if (this.#waiting) void this.#follow(this.#waiting);
  }

  /** Shows this tree from now on; another one before it stays above, with a line between them. */
  show(tree: TreeSnapshot): void {
    if (this.#tree?.id === tree.id) return;
    if (this.#opened) void this.#follow(tree);
    else this.#waiting = tree;
  }

  close(): void {
    this.#subscription?.cancel();
    this.#subscription = undefined;
  }

  handleInput(data: string): void {
    void this.#withTree((id) => this.#link.clientOf(id).then((client) => client.input(id, Buffer.from(data))));
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    this.#dimensions = dimensions;
    void this.#withTree((id) => this.#link.clientOf(id).then((client) => client.resize(id, dimensions)));
  }

  /** Writes a line of our own, set apart from the tree's. */
  say(text: string): void {
    this.#write.fire(`\u001b[2m${text}\u001b[0m\r\n`);
  }

  /** Ends the terminal with an exit code, which is a task's. */
  end(code: number): void {
    this.#close.fire(code);
  }

  async #follow(tree: TreeSnapshot): Promise<void> {
    this.#subscription?.cancel();
    if (this.#tree) this.say(vscode.l10n.t('— {0}, started again —', tree.name));
    this.#tree = tree;
    const client = await this.#link.clientOf(tree.id);
    if (this.#dimensions) client.resize(tree.id, this.#dimensions);
    const decoder = new TextDecoder();
    const cooked = tree.stdio === 'pty';
    const { done, finish } = ending();
    this.#drained = done;
    this.#subscription = await client.readOutput(
      { tree: tree.id, from: 0, whenBehind: 'skip', follow: true },
      {
        onChunk: async (chunk, skipped) => {
          if (skipped > 0) this.say(vscode.l10n.t('— {0} left out; the log has them —', formatBytes(skipped)));
          const text = decoder.decode(chunk, { stream: true });
          this.#write.fire(cooked ? text : text.replaceAll(/\r?\n/g, '\r\n'));
          await new Promise((resolve) => setTimeout(resolve, drawingMillis));
        },
        onEnd: finish,
      },
    );
  }

  async #withTree(work: (id: TreeId) => Promise<void>): Promise<void> {
    const live = this.#link.trees.find((tree) => tree.id === this.#tree?.id && tree.endedAt === undefined);
    if (live) await work(live.id).catch(() => undefined);
  }
}

function ending(): { readonly done: Promise<void>; readonly finish: () => void } {
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}

/** One terminal a process name, opened when asked for. Closing it leaves the tree alone. */
export class Terminals implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #open = new Map<string, { readonly terminal: vscode.Terminal; readonly content: TreeTerminal }>();
  readonly #subscriptions: vscode.Disposable[];
  readonly #announced = new Set<TreeId>();

  constructor(link: WardenLink) {
    this.#link = link;
    this.#subscriptions = [
      vscode.window.onDidCloseTerminal((closed) => {
        for (const [name, { terminal }] of this.#open) if (terminal === closed) this.#open.delete(name);
      }),
      link.onDidChangeTrees(() => this.#follow()),
    ];
  }

  show(tree: TreeSnapshot): void {
    const known = this.#open.get(tree.name);
    if (known) {
      known.content.show(tree);
      known.terminal.show(true);
      return;
    }
    const content = new TreeTerminal(this.#link);
    const terminal = vscode.window.createTerminal({
      name: tree.name,
      pty: content,
      iconPath: new vscode.ThemeIcon('pulse'),
      isTransient: true,
    });
    this.#open.set(tree.name, { terminal, content });
    content.show(tree);
    terminal.show(true);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const { terminal } of this.#open.values()) terminal.dispose();
  }

  /** An open terminal goes on with the next tree of its name, and says how the last one ended. */
  #follow(): void {
    for (const tree of this.#link.trees) {
      const known = this.#open.get(tree.name);
      if (!known) continue;
      if (tree.endedAt === undefined) known.content.show(tree);
      else if (!this.#announced.has(tree.id)) {
        this.#announced.add(tree.id);
        void known.content.drained.then(() => known.content.say(`— ${tree.name}: ${tree.reason} —`));
      }
    }
  }
}
