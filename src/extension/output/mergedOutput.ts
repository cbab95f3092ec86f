import * as vscode from 'vscode';
import { lastLines } from '../../client/logs/lastLines.ts';
import { linePrefixes } from '../../client/logs/linePrefixes.ts';
import { type LogLevel, logLevels } from '../../client/logs/logLevel.ts';
import type { LogLine } from '../../client/logs/logLines.ts';
import { LiveLog } from '../../client/logs/logSource.ts';
import { mergedLines } from '../../client/logs/mergedLines.ts';
import { exactDateAndTime } from '../../protocol/format.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf } from '../../protocol/trees.ts';
import { visible } from '../../protocol/visible.ts';
import { errorText } from '../localized.ts';
import type { WardenLink } from '../wardenLink.ts';
import { TerminalText } from './terminalText.ts';

/** Number of lines of the past that are shown, of all processes together: about what a terminal keeps. */
const pastLines = 1000;
/** How much of each log is read for them, in bytes, where no line is left out: all of it would occupy the extension host for seconds. */
const pastBytes = 2 ** 20;
/** Clears the screen and what was scrolled away. */
const clear = '\u001b[2J\u001b[3J\u001b[H';
const dim = (text: string): string => `\u001b[2m${text}\u001b[0m`;
/** The beginning of the time is the same for most of what is on the screen. */
const dateLength = '2026-01-31 '.length;

/** Levels that can be chosen, one after the other. */
const choices: readonly (LogLevel | undefined)[] = [undefined, ...logLevels.filter((level) => level !== 'trace' && level !== 'fatal')];

export type MergedLink = Pick<WardenLink, 'trees' | 'clientOf' | 'onDidChangeTrees'>;

/**
 * The output of several processes in one terminal: the past in the order in which it was printed, then what comes. Keys: `t` shows the times, `l` filters by level,
 * `q` closes.
 */
export class MergedOutput implements vscode.Pseudoterminal {
  readonly #link: MergedLink;
  /** Whether a tree belongs here. */
  readonly #contains: (tree: TreeSnapshot) => boolean;
  readonly #close = new vscode.EventEmitter<void>();
  readonly #text = new TerminalText();
  readonly #subscription: vscode.Disposable;
  readonly onDidWrite = this.#text.onDidWrite;
  readonly onDidClose = this.#close.event;
  readonly #followed = new Set<TreeId>();
  readonly #labels: string[] = [];
  /** By the number of the label. */
  #prefixes: readonly string[] = [];
  #hasTimes = false;
  #level: LogLevel | undefined;
  /** What is drawn ends with its signal, when it is drawn anew or closed. */
  #drawing = new AbortController();

  constructor(link: MergedLink, contains: (tree: TreeSnapshot) => boolean) {
    this.#link = link;
    this.#contains = contains;
    this.#subscription = link.onDidChangeTrees(() => this.#followNew());
  }

  open(): void {
    void this.#draw();
  }

  close(): void {
    this.#drawing.abort();
    this.#subscription.dispose();
  }

  handleInput(data: string): void {
    if (data === 't') this.#hasTimes = !this.#hasTimes;
    else if (data === 'l') this.#level = choices[(choices.indexOf(this.#level) + 1) % choices.length];
    else if (data === 'q' || data === '\u0003') this.#close.fire();
    if (data === 't' || data === 'l') void this.#draw();
  }

  async #draw(): Promise<void> {
    this.#drawing.abort();
    this.#drawing = new AbortController();
    const { signal } = this.#drawing;
    const trees = this.#link.trees.filter((tree) => this.#isShown(tree));
    this.#followed.clear();
    for (const tree of trees) this.#note(tree);
    this.#text.restart(`${clear}${dim(this.#heading())}\r\n`);
    const followed = trees.map((tree) => ({ tree, log: this.#logOf(tree, signal) }));
    const past = mergedLines(followed.map(({ log }) => this.#past(log)));
    const { lines } = await lastLines(past, pastLines);
    for (const { index, ...line } of lines) this.#print(trees[index], line, signal);
    await Promise.all(followed.map(({ tree, log }) => this.#follow(log, tree, signal)));
  }

  /** A log that cannot be read hides no other one. */
  async *#past(log: Promise<LiveLog>): AsyncGenerator<LogLine, void, void> {
    try {
      yield* (await log).past(this.#filter);
    } catch {
      // It fails again, and is told of, where what comes is asked for.
    }
  }

  /** What is started while this is open, a restart among it. */
  #followNew(): void {
    const { signal } = this.#drawing;
    for (const tree of this.#link.trees) {
      if (!this.#isShown(tree) || this.#followed.has(tree.id)) continue;
      this.#note(tree);
      void this.#follow(this.#logOf(tree, signal), tree, signal);
    }
  }

  async #follow(log: Promise<LiveLog>, tree: TreeSnapshot, signal: AbortSignal): Promise<void> {
    try {
      for await (const line of (await log).future(this.#filter)) {
        if (signal.aborted) return;
        this.#print(tree, line, signal);
        await this.#text.room();
      }
    } catch (error) {
      this.#tell(tree, errorText(error), signal);
    }
  }

  async #logOf(tree: TreeSnapshot, signal: AbortSignal): Promise<LiveLog> {
    const client = await this.#link.clientOf(tree.id);
    // No process is held up for what is only looked at.
    const options = { whenBehind: 'skip', signal, pastBytes: this.#level === undefined ? pastBytes : undefined } as const;
    return new LiveLog(client, tree.id, (sentence) => this.#tell(tree, sentence, signal), options);
  }

  #tell(tree: TreeSnapshot, sentence: string, signal: AbortSignal): void {
    if (!signal.aborted) this.#text.add(`${dim(visible(`${labelOf(tree)}: ${sentence}`))}\r\n`);
  }

  #print(tree: TreeSnapshot | undefined, { data, at }: LogLine, signal: AbortSignal): void {
    if (tree === undefined || signal.aborted) return;
    const prefix = this.#prefixes[this.#labels.indexOf(labelOf(tree))] ?? '';
    const time = this.#hasTimes ? dim(at === undefined ? '- ' : `${exactDateAndTime(at).slice(dateLength)} `) : '';
    // A line that was not ended, or moved the cursor, does not reach into the next one.
    this.#text.add(`${prefix}${time}${data.toString()}\u001b[0m\r\n`);
  }

  #note(tree: TreeSnapshot): void {
    this.#followed.add(tree.id);
    const label = labelOf(tree);
    if (this.#labels.includes(label)) return;
    this.#labels.push(label);
    this.#prefixes = linePrefixes(this.#labels, true);
  }

  /** The output of a process that inherits its streams, and of strays, is not at hand. */
  #isShown(tree: TreeSnapshot): boolean {
    return isLive(tree) && tree.stdio !== 'inherit' && this.#contains(tree);
  }

  get #filter(): { readonly level?: LogLevel } {
    return this.#level === undefined ? {} : { level: this.#level };
  }

  #heading(): string {
    const level = this.#level ?? vscode.l10n.t('all');
    const times = this.#hasTimes ? vscode.l10n.t('on') : vscode.l10n.t('off');
    return vscode.l10n.t('Press t for times ({0}), l for the level ({1}), q to close.', times, level);
  }
}
