import * as vscode from 'vscode';
import { OutputFollower } from '../client/outputFollower.ts';
import { formatBytes } from '../protocol/format.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import { errorText } from './localized.ts';
import { rowOf } from './processTree/row.ts';
import { tellInfo } from './tell.ts';
import type { WardenLink } from './wardenLink.ts';

/**
 * Milliseconds before more is written to a terminal. The editor does not report when it has drawn, and keeps what it has not in the
 * extension host; 64 KiB in this time is more than a person reads, and the editor keeps up with it.
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
  /** What was written last ends its line. */
  #atLineStart = true;
  readonly #output = new OutputFollower();

  constructor(link: WardenLink) {
    this.#link = link;
  }

  /** Resolves when all output of the tree has been written, or none will come any more. */
  get drained(): Promise<void> {
    return this.#output.ended;
  }

  get dimensions(): vscode.TerminalDimensions | undefined {
    return this.#dimensions;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.#opened = true;
    this.#dimensions = dimensions;
    if (this.#waiting) this.#follow(this.#waiting);
  }

  /** Shows this tree from now on; another one before it stays above, with a line between them. */
  show(tree: TreeSnapshot): void {
    if (this.#tree?.id === tree.id) return;
    if (this.#opened) this.#follow(tree);
    else this.#waiting = tree;
  }

  close(): void {
    this.#output[Symbol.dispose]();
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
    const before = this.#atLineStart ? '' : '\r\n';
    this.#write.fire(`${before}\u001b[2m${visible(text)}\u001b[0m\r\n`);
    this.#atLineStart = true;
  }

  /** Ends the terminal with an exit code, which is a task's. */
  end(code: number): void {
    this.#close.fire(code);
  }

  #follow(tree: TreeSnapshot): void {
    if (this.#tree) this.say(vscode.l10n.t('— {0} was restarted —', labelOf(tree)));
    this.#tree = tree;
    const decoder = new TextDecoder();
    const cooked = tree.stdio === 'pty';
    const dimensions = this.#dimensions;
    const connecting = this.#link.clientOf(tree.id).then((client) => {
      if (dimensions) client.resize(tree.id, dimensions);
      return client;
    });
    this.#output.follow(
      connecting,
      { tree: tree.id, from: 0, whenBehind: 'skip', follow: true },
      {
        onChunk: async (chunk, skipped) => {
          if (skipped > 0) this.say(vscode.l10n.t('— {0} of output skipped; the log has all of it —', formatBytes(skipped)));
          const text = decoder.decode(chunk, { stream: true });
          if (text !== '') this.#atLineStart = text.endsWith('\n');
          this.#write.fire(cooked ? text : text.replaceAll(/\r?\n/g, '\r\n'));
          await new Promise((resolve) => setTimeout(resolve, drawingMillis));
        },
        onEnd: (end) => {
          if (end.how === 'failed') this.say(errorText(end.error));
        },
      },
    );
  }

  async #withTree(work: (id: TreeId) => Promise<void>): Promise<void> {
    const live = this.#link.trees.find((tree) => tree.id === this.#tree?.id && tree.endedAt === undefined);
    if (live) await work(live.id).catch(() => undefined);
  }
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
        for (const [name, { terminal }] of this.#open) {
          if (terminal !== closed) continue;
          this.#open.delete(name);
          if (closed.exitStatus?.reason === vscode.TerminalExitReason.User) void this.#tellOfRest(name);
        }
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
      name: visible(labelOf(tree)),
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

  /** Somewhere else, killing a terminal ends what runs in it. */
  async #tellOfRest(name: string): Promise<void> {
    const tree = this.#link.trees.find((one) => one.name === name && isLive(one));
    if (!tree) return;
    const [stop, again] = [vscode.l10n.t('Stop'), vscode.l10n.t('Show Output')];
    const chosen = await tellInfo(vscode.l10n.t('“{0}” runs on without its terminal.', labelOf(tree)), stop, again);
    if (chosen === stop) await vscode.commands.executeCommand('tree-warden.stop', rowOf(name));
    if (chosen === again) await vscode.commands.executeCommand('tree-warden.showOutput', rowOf(name));
  }

  /** An open terminal goes on with the next tree of its name, and says how the last one ended. */
  #follow(): void {
    for (const tree of this.#link.trees) {
      const known = this.#open.get(tree.name);
      if (!known) continue;
      if (tree.endedAt === undefined) known.content.show(tree);
      else if (!this.#announced.has(tree.id)) {
        this.#announced.add(tree.id);
        void known.content.drained.then(() => known.content.say(vscode.l10n.t('— {0}: {1} —', labelOf(tree), tree.reason)));
      }
    }
  }
}
