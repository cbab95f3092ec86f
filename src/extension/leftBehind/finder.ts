import * as vscode from 'vscode';
import { endLeftBehind, findLeftBehind, type LeftBehindRequest } from '../../client/leftBehindCommands.ts';
import { fixedPorts } from '../../config/fixedPorts.ts';
import { isCertain, type LeftBehind, type LeftBehindReport } from '../../protocol/leftBehind.ts';
import { pickMany, pickOne, tellBriefly, tellError, tellInfo, tellWarning, withNotification } from '../tell.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import { Decisions } from './decisions.ts';
import { describeOne, detailOf, labelOf } from './texts.ts';

export interface LeftBehindParts {
  /** The program that looks at the processes of the machine. */
  readonly script: string;
  readonly specs: WorkspaceSpecs;
  /** What the user has said of processes of this workspace. */
  readonly memory: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
}

/** Maximum number of processes that a notification names. */
const named = 3;

/** What is found, what the user has not decided about yet, and what is done with it. */
export class LeftBehindFinder {
  readonly #parts: LeftBehindParts;
  readonly #decisions: Decisions;

  constructor(parts: LeftBehindParts) {
    this.#parts = parts;
    this.#decisions = new Decisions(parts.memory);
  }

  /** One notification where there are processes of which it is certain, and which the user does not know yet. */
  async tellOnce(): Promise<void> {
    const certain = (await this.#look()).found.filter((one) => isCertain(one) && !this.#decisions.isKept(one));
    const [only, ...others] = certain;
    if (only === undefined) return;
    const [show, kill, keep] = [vscode.l10n.t('Show…'), vscode.l10n.t('Kill'), vscode.l10n.t('Keep')];
    const shown = certain.slice(0, named).map(labelOf).join(', ');
    const more = certain.length > named ? vscode.l10n.t('{0} and {1} more', shown, certain.length - named) : shown;
    const message =
      others.length === 0
        ? vscode.l10n.t('A process of this workspace was left behind: {0}.', describeOne(only))
        : vscode.l10n.t('{0} processes of this workspace were left behind: {1}.', certain.length, more);
    const choice = others.length === 0 ? await tellInfo(message, kill, keep, show) : await tellInfo(message, show, keep);
    if (choice === kill) await this.#kill(certain);
    if (choice === keep) await this.#decisions.keep(certain);
    if (choice === show) await this.show();
  }

  async show(): Promise<void> {
    const { found, supported } = await this.#look();
    if (!supported) {
      void tellWarning(vscode.l10n.t('This platform does not tell where processes come from, so none can be found.'));
      return;
    }
    if (found.length === 0) {
      void tellInfo(vscode.l10n.t('No process of this workspace was left behind.'));
      return;
    }
    const items = found.map((one) => ({
      label: labelOf(one),
      description: this.#decisions.isKept(one) ? vscode.l10n.t('kept') : '',
      detail: detailOf(one),
      picked: isCertain(one) && !this.#decisions.isKept(one),
      one,
    }));
    const chosen = await pickMany(items, {
      placeHolder: vscode.l10n.t('Processes that belong to no window and no terminal any more'),
      ignoreFocusOut: true,
      matchOnDetail: true,
    });
    if (chosen !== undefined && chosen.length > 0) await this.#decide(chosen.map(({ one }) => one));
  }

  async #decide(chosen: readonly LeftBehind[]): Promise<void> {
    const names = [...new Set(chosen.map(({ program }) => program))].join(', ');
    const actions = [
      { label: vscode.l10n.t('Kill'), detail: vscode.l10n.t('End them with all that they have started.'), act: () => this.#kill(chosen) },
      { label: vscode.l10n.t('Keep'), detail: vscode.l10n.t('Do not report them again.'), act: () => this.#decisions.keep(chosen) },
      {
        label: vscode.l10n.t('Ignore'),
        detail: vscode.l10n.t('Add {0} to the setting treeWarden.ignoreLeftBehind of this workspace.', names),
        act: () => this.#decisions.ignore(chosen),
      },
    ];
    const action = await pickOne(actions, { placeHolder: chosen.map(labelOf).join(', '), ignoreFocusOut: true });
    await action?.act();
  }

  async #kill(chosen: readonly LeftBehind[]): Promise<void> {
    const names = chosen.map(labelOf).join(', ');
    const ending = endLeftBehind(this.#parts.script, this.#request(), chosen);
    await withNotification(vscode.l10n.t('Ending {0}…', names), ending);
    const problems = (await ending).flatMap(({ process, problem }) => {
      const one = chosen.find(({ pid, startTime }) => process === `${pid}:${startTime}`);
      return problem !== undefined && one ? [vscode.l10n.t('{0} (pid {1}) was not ended: {2}.', one.program, one.pid, problem)] : [];
    });
    if (problems.length > 0) void tellError(problems.join('\n'));
    else tellBriefly(vscode.l10n.t('Ended: {0}', names), 3000);
  }

  async #look(): Promise<Pick<LeftBehindReport, 'found' | 'supported'>> {
    await this.#parts.specs.ready;
    const request = this.#request();
    if (request.folders.length === 0) return { found: [], supported: true };
    const { found, boot, supported } = await findLeftBehind(this.#parts.script, request);
    this.#decisions.setBoot(boot);
    return { found: found.filter((one) => !this.#decisions.isIgnored(one)), supported };
  }

  #request(): LeftBehindRequest {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
    const ports = this.#parts.specs.declared.flatMap(({ spec }) => fixedPorts(spec));
    return { folders, ports: [...new Set(ports)] };
  }
}
