import * as vscode from 'vscode';
import type { LeftBehind } from '../../protocol/leftBehind.ts';

const keptKey = 'leftBehind.kept';
/** Maximum number of processes that are remembered; the oldest are forgotten first. */
const maxKept = 200;
const ignoreSetting = 'ignoreLeftBehind';

type Named = Pick<LeftBehind, 'program' | 'commandLine'>;

/** What the user has decided about processes that were left behind. */
export class Decisions {
  readonly #memory: vscode.Memento;
  #boot = '';

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** The boot in which the start times of processes mean something. */
  setBoot(boot: string): void {
    this.#boot = boot;
  }

  /** Not to be reported again: this very process. */
  isKept(one: LeftBehind): boolean {
    return this.#kept.includes(this.#keyOf(one));
  }

  async keep(these: readonly LeftBehind[]): Promise<void> {
    const kept = new Set([...this.#kept.filter((key) => key.startsWith(`${this.#boot} `)), ...these.map((one) => this.#keyOf(one))]);
    await this.#memory.update(keptKey, [...kept].slice(-maxKept));
  }

  isIgnored(one: Named): boolean {
    return isNamedBy(one, vscode.workspace.getConfiguration('treeWarden').get<readonly string[]>(ignoreSetting, []));
  }

  async ignore(these: readonly Named[]): Promise<void> {
    const settings = vscode.workspace.getConfiguration('treeWarden');
    const already = settings.inspect<readonly string[]>(ignoreSetting)?.workspaceValue ?? [];
    const names = [...new Set([...already, ...these.map(({ program }) => program)])];
    await settings.update(ignoreSetting, names, vscode.ConfigurationTarget.Workspace);
  }

  get #kept(): readonly string[] {
    return this.#memory.get<readonly string[]>(keptKey, []);
  }

  #keyOf({ pid, startTime }: LeftBehind): string {
    return `${this.#boot} ${pid}:${startTime}`;
  }
}

/** Whether one of these is the name of its program, or is in its command line. */
function isNamedBy({ program, commandLine }: Named, texts: readonly string[]): boolean {
  return texts.some((text) => text !== '' && (program === text || commandLine.includes(text)));
}
