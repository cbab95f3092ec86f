import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import type { TreeSnapshot } from '../../protocol/messages.ts';
import { parseBytes, parseCores, parseDuration } from '../../protocol/quantities.ts';
import { rowOf } from '../processTree/row.ts';
import type { WardenLink } from '../wardenLink.ts';
import { type Alert, HealthWatch, type Thresholds } from './healthWatch.ts';

const section = 'tree-warden.alerts';
/** News of states come in between; they are no samples. In milliseconds. */
const sampleMillis = 400;
/** What is found within this many milliseconds is told in one notification. */
const gatherMillis = 2000;

/** Watches over the trees' figures, and tells once what needs attention. */
export class Health implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #log: vscode.LogOutputChannel;
  readonly #watch = new HealthWatch();
  readonly #subscriptions: vscode.Disposable[];
  /** Names of trees that nothing is to be told of any more. */
  readonly #muted = new Set<string>();
  #thresholds: Thresholds;
  #checkedAt = 0;
  #gathered: Alert[] = [];
  #telling: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(link: WardenLink, log: vscode.LogOutputChannel) {
    this.#link = link;
    this.#log = log;
    this.#thresholds = this.#readThresholds();
    this.#subscriptions = [
      link.onDidChangeTrees(() => this.#check()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(section)) this.#thresholds = this.#readThresholds();
      }),
    ];
  }

  /** What is wrong with a tree now, as clauses; also what is told by its state alone. */
  illsOf(tree: TreeSnapshot): readonly string[] {
    return this.#watch.illsOf(tree.id);
  }

  dispose(): void {
    clearTimeout(this.#telling);
    clearTimeout(this.#later);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #check(): void {
    const now = Date.now();
    clearTimeout(this.#later);
    if (now - this.#checkedAt < sampleMillis) {
      // It may be the last news for long.
      this.#later = setTimeout(() => this.#check(), sampleMillis);
      return;
    }
    this.#checkedAt = now;
    for (const alert of this.#watch.check(now, this.#link.trees, this.#thresholds)) {
      this.#log.warn(`${alert.tree.name}: ${alert.what}.`);
      if (!this.#muted.has(alert.tree.name)) this.#gathered.push(alert);
    }
    if (this.#gathered.length > 0) this.#telling ??= setTimeout(() => void this.#tell(), gatherMillis);
  }

  async #tell(): Promise<void> {
    const alerts = this.#gathered;
    this.#gathered = [];
    this.#telling = undefined;
    if (!vscode.workspace.getConfiguration(section).get('notify', true)) return;
    const names = [...new Set(alerts.map(({ tree }) => tree.name))];
    const message = alerts.map(({ tree, what }) => `${tree.name}: ${what}`).join('; ');
    const [dashboard, stop, mute] = [vscode.l10n.t('Open Dashboard'), vscode.l10n.t('Stop'), vscode.l10n.t('Mute')];
    const [only] = names.length === 1 ? names : [];
    const choice = await vscode.window.showWarningMessage(`${message}.`, dashboard, ...(only === undefined ? [] : [stop]), mute);
    if (choice === dashboard) await vscode.commands.executeCommand('tree-warden.openDashboard');
    if (choice === stop && only !== undefined) await vscode.commands.executeCommand('tree-warden.stop', rowOf(only));
    if (choice === mute) for (const name of names) this.#muted.add(name);
  }

  #readThresholds(): Thresholds {
    const settings = vscode.workspace.getConfiguration(section);
    const read = (key: string, parse: (text: string) => number): number => {
      const text = settings.get(key, '').trim();
      if (text === '') return 0;
      try {
        return parse(text);
      } catch (error) {
        void vscode.window.showErrorMessage(`${section}.${key}: ${errorText(error)}`);
        return 0;
      }
    };
    return {
      cpuPercent: read('cpu', parseCores) * 100,
      memoryBytes: read('memory', parseBytes),
      timeMillis: read('time', parseDuration),
      processes: settings.get('processes', 0),
      samples: settings.get('samples', 10),
      growth: settings.get('growth', true),
    };
  }
}
