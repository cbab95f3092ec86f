import * as vscode from 'vscode';
import { isInProfiles, profilesOf } from '../config/profiles.ts';
import { visible } from '../protocol/visible.ts';
import { pickMany, tellInfo } from './tell.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

const activeKey = 'activeProfiles';

/** The profiles that are active in this workspace, for this user, with an item of the status bar where the files have any. */
export class Profiles implements vscode.Disposable {
  readonly #specs: WorkspaceSpecs;
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #item = vscode.window.createStatusBarItem('tree-warden.profiles', vscode.StatusBarAlignment.Left, 9);
  readonly #subscription: vscode.Disposable;

  constructor(specs: WorkspaceSpecs, memory: vscode.Memento) {
    this.#specs = specs;
    this.#memory = memory;
    this.#item.name = vscode.l10n.t('Tree Warden: Profiles');
    this.#item.command = 'tree-warden.selectProfiles';
    this.#subscription = specs.onDidChange(() => this.#show());
    this.#show();
  }

  /** All that the files of the workspace have. */
  get known(): readonly string[] {
    return profilesOf(this.#specs.declared.map(({ spec }) => spec));
  }

  get active(): ReadonlySet<string> {
    return new Set(this.#memory.get<readonly string[]>(activeKey, []));
  }

  /** Whether a process is started with all others. */
  includes({ spec }: Pick<DeclaredProcess, 'spec'>): boolean {
    return isInProfiles(spec, this.active);
  }

  /** Asks which are to be active. What runs goes on, and nothing is started. */
  async select(): Promise<void> {
    const { known, active } = this;
    if (known.length === 0) {
      void tellInfo(vscode.l10n.t('No process has a profile.'));
      return;
    }
    const chosen = await pickMany(
      known.map((label) => ({ label, description: this.#membersOf(label), picked: active.has(label) })),
      { placeHolder: vscode.l10n.t('Select the profiles whose processes start with all others') },
    );
    if (chosen === undefined) return;
    // Those of files that are not there at the moment stay.
    const others = [...active].filter((name) => !known.includes(name));
    await this.#memory.update(activeKey, [...others, ...chosen.map(({ label }) => label)]);
    this.#show();
    this.#changed.fire();
  }

  dispose(): void {
    for (const one of [this.#subscription, this.#item, this.#changed]) one.dispose();
  }

  #membersOf(profile: string): string {
    const members = this.#specs.declared.filter(({ spec }) => spec.profiles?.includes(profile));
    return members.map(({ name }) => name).join(', ');
  }

  #show(): void {
    const { known, active } = this;
    const names = known.filter((name) => active.has(name));
    this.#item.text = `$(layers) ${names.length === 0 ? vscode.l10n.t('no profile') : visible(names.join(', '))}`;
    this.#item.tooltip = vscode.l10n.t('Select the profiles whose processes start with all others');
    if (known.length > 0) this.#item.show();
    else this.#item.hide();
  }
}
