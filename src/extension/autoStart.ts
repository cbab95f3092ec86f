import * as vscode from 'vscode';
import { errorText } from '../protocol/errors.ts';
import type { Models } from './models/models.ts';
import type { Processes } from './processes.ts';
import { tellError, tellInfo } from './tell.ts';
import type { WorkspaceSpecs } from './workspaceSpecs.ts';

const answerKey = 'autoStart';

/** Starts processes with `autoStart`, and loads models with `preload`, when a trusted workspace opens and the user has agreed. */
export class AutoStart implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #models: Models;
  readonly #specs: WorkspaceSpecs;
  readonly #memory: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  readonly #subscription: vscode.Disposable;

  constructor(processes: Processes, models: Models, specs: WorkspaceSpecs, memory: vscode.Memento, log: vscode.LogOutputChannel) {
    this.#processes = processes;
    this.#models = models;
    this.#specs = specs;
    this.#memory = memory;
    this.#log = log;
    this.#subscription = vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#run());
    void this.#run();
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #run(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    await this.#specs.ready;
    const names = this.#specs.declared.filter(({ spec }) => spec.autoStart).map(({ name }) => name);
    const models = this.#specs.models.filter(({ spec }) => spec.preload).map(({ name }) => name);
    const all = [...names, ...models];
    if (all.length === 0 || !(await this.#isAllowed(all))) return;
    // A model may take minutes; nothing waits for it.
    for (const name of models) void this.#attempt(name, this.#models.load(name));
    for (const name of names) await this.#attempt(name, this.#startAll(name));
  }

  /** @throws Error with a sentence for each instance that could not be started. */
  async #startAll(name: string): Promise<void> {
    const { failures } = await this.#processes.startAll(name);
    if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('\n'));
  }

  async #attempt(name: string, starting: Promise<unknown>): Promise<void> {
    try {
      await starting;
    } catch (error) {
      this.#log.error(`autoStart of ${name}: ${errorText(error)}`);
      void tellError(errorText(error));
    }
  }

  async #isAllowed(names: readonly string[]): Promise<boolean> {
    const answered = this.#memory.get<boolean>(answerKey);
    if (answered !== undefined) return answered;
    const always = vscode.l10n.t('Always in This Workspace');
    const once = vscode.l10n.t('Just This Once');
    const never = vscode.l10n.t('Never');
    const answer = await tellInfo(
      vscode.l10n.t('This workspace declares processes that start automatically: {0}.', names.join(', ')),
      always,
      once,
      never,
    );
    if (answer === always || answer === never) await this.#memory.update(answerKey, answer === always);
    return answer === always || answer === once;
  }
}
