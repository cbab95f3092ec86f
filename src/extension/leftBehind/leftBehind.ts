import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import type { LeftBehindFinder, LeftBehindParts } from './finder.ts';

/** Time after the activation, in milliseconds: an editor that opens a window has enough to do, and what a reload has ended is gone by then. */
const delayMillis = 10_000;

/** Looks once for processes that were left behind, some time after the window was opened; and when the user asks. */
export class LeftBehindProcesses implements vscode.Disposable {
  readonly #parts: LeftBehindParts;
  readonly #timer: NodeJS.Timeout;
  #finder: Promise<LeftBehindFinder> | undefined;

  constructor(parts: LeftBehindParts) {
    this.#parts = parts;
    this.#timer = setTimeout(() => void this.#lookOnce(), delayMillis);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  /** Lists what is found, and does with it what the user chooses. @throws Error where it cannot be seen. */
  async show(): Promise<void> {
    await (await this.#open()).show();
  }

  async #lookOnce(): Promise<void> {
    const isWanted = vscode.workspace.getConfiguration('treeWarden').get('findLeftBehind') === 'onStart';
    if (!isWanted || !vscode.workspace.isTrusted) return;
    try {
      await (await this.#open()).tellOnce();
    } catch (error) {
      this.#parts.log.warn(`Processes left behind: ${errorText(error)}`);
    }
  }

  #open(): Promise<LeftBehindFinder> {
    this.#finder ??= import('./finder.ts').then((module) => new module.LeftBehindFinder(this.#parts));
    return this.#finder;
  }
}
