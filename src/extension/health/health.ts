import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import { parseBytes, parseCores, parseDuration } from '../../protocol/quantities.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf } from '../../protocol/trees.ts';
import { rowOf } from '../processTree/row.ts';
import { tellError, tellWarning } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';
import { type Alert, HealthWatch, type Thresholds } from './healthWatch.ts';
import { problemTexts } from './problemTexts.ts';

const section = 'tree-warden.alerts';
/** Minimum time between two samples in milliseconds: updates of states come in between. */
const sampleMillis = 400;
/** Time in milliseconds within which problems are collected into one notification. */
const gatherMillis = 2000;

/** Watches the figures of the trees, and reports each problem once. */
export class Health implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #log: vscode.LogOutputChannel;
  readonly #watch = new HealthWatch(problemTexts);
  readonly #subscriptions: vscode.Disposable[];
  /** Names of trees whose problems are no longer reported. */
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

  /** The descriptions of a tree's current problems. */
  problemsOf(tree: TreeSnapshot): readonly string[] {
    return this.#watch.problemsOf(tree.id);
  }

  dispose(): void {
    clearTimeout(this.#telling);
    clearTimeout(this.#later);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #check(): void {
    const now = performance.now();
    clearTimeout(this.#later);
    if (now - this.#checkedAt < sampleMillis) {
      // This may be the last update for a long time.
      this.#later = setTimeout(() => this.#check(), sampleMillis);
      return;
    }
    this.#checkedAt = now;
    for (const alert of this.#watch.check(Date.now(), this.#link.trees, this.#thresholds)) {
      this.#log.warn(`${labelOf(alert.tree)}: ${alert.what}.`);
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
    const message = alerts.map(({ tree, what }) => vscode.l10n.t('{0}: {1}.', labelOf(tree), what)).join(' ');
    const [dashboard, stop, mute] = [vscode.l10n.t('Open Dashboard'), vscode.l10n.t('Stop'), vscode.l10n.t('Mute')];
    // What has ended, and is not restarted, has nothing to stop.
    const [only] = names.length === 1 && alerts.some(({ tree }) => isLive(tree)) ? names : [];
    const choice = await tellWarning(message, dashboard, ...(only === undefined ? [] : [stop]), mute);
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
        void tellError(`${section}.${key}: ${errorText(error)}`);
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
