import * as vscode from 'vscode';
import type { LanguageServers } from './languageServers/languageServers.ts';
import { errorText } from './localized.ts';
import type { Models } from './models/models.ts';
import type { Processes } from './processes.ts';
import type { Profiles } from './profiles.ts';
import { StartFailure } from './running/failedStarts.ts';
import { tellProblem } from './running/tellProblem.ts';
import { tellInfo } from './tell.ts';
import type { WorkspaceSpecs } from './workspaceSpecs.ts';

const answerKey = 'autoStart';

export interface AutoStartParts {
  readonly processes: Pick<Processes, 'startAll'>;
  readonly models: Pick<Models, 'load'>;
  readonly languageServers: Pick<LanguageServers, 'find'>;
  readonly specs: WorkspaceSpecs;
  readonly profiles: Pick<Profiles, 'includes'>;
  readonly memory: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
}

/** Starts processes of active profiles and language servers with `autoStart`, and loads models with `preload`, when a trusted workspace opens and the user has agreed. */
export class AutoStart implements vscode.Disposable {
  readonly #parts: AutoStartParts;
  readonly #subscription: vscode.Disposable;

  constructor(parts: AutoStartParts) {
    this.#parts = parts;
    this.#subscription = vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#run());
    void this.#run();
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #run(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    const { specs, models, languageServers, profiles } = this.#parts;
    await specs.ready;
    const processes = specs.declared.filter((one) => one.spec.autoStart && profiles.includes(one)).map(({ name }) => name);
    const preloaded = specs.models.filter(({ spec }) => spec.preload).map(({ name }) => name);
    const servers = specs.languageServers.filter(({ spec }) => spec.autoStart === true).map(({ name }) => name);
    const all = [...processes, ...servers, ...preloaded];
    if (all.length === 0 || !(await this.#isAllowed(all))) return;
    // A model may take minutes; nothing waits for it.
    for (const name of preloaded) void this.#attempt(name, models.load(name));
    for (const name of servers)
      void this.#attempt(
        name,
        languageServers.find(name).then((server) => server.isFresh && server.start()),
      );
    // Nor for one that asks for something.
    for (const name of processes) void this.#attempt(name, this.#startAll(name));
  }

  /** @throws Error with a sentence for each instance that could not be started. */
  async #startAll(name: string): Promise<void> {
    const { failures } = await this.#parts.processes.startAll(name, { schedule: 'arm' });
    if (failures.length > 0) throw new StartFailure(failures);
  }

  async #attempt(name: string, starting: Promise<unknown>): Promise<void> {
    try {
      await starting;
    } catch (error) {
      this.#parts.log.error(`autoStart of ${name}: ${errorText(error)}`);
      void tellProblem(error, this.#parts.specs);
    }
  }

  async #isAllowed(names: readonly string[]): Promise<boolean> {
    const answered = this.#parts.memory.get<boolean>(answerKey);
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
    if (answer === always || answer === never) await this.#parts.memory.update(answerKey, answer === always);
    return answer === always || answer === once;
  }
}
