import * as vscode from 'vscode';
import type { ProcessSpec } from '../../config/processSchema.ts';
import { availableMemory } from '../../platform/availableMemory.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { instanceOf } from '../../protocol/names.ts';
import { defaultRestarts } from '../../protocol/policies.ts';
import { parseBytes, parseCores, parseDuration } from '../../protocol/quantities.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf } from '../../protocol/trees.ts';
import { errorText } from '../localized.ts';
import { rowOf } from '../processTree/row.ts';
import { tellError, tellWarning } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import { type Alert, HealthWatch, type Thresholds } from './healthWatch.ts';
import { PastRuns } from './pastRuns.ts';
import { problemTexts } from './problemTexts.ts';

const section = 'treeWarden.alerts';
/** Minimum time between two samples in milliseconds: updates of states come in between. */
const sampleMillis = 400;
/** Time in milliseconds within which problems are collected into one notification. */
const gatherMillis = 2000;

/** Watches the figures of the trees, and reports each problem once. */
export class Health implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #isRestarted: (tree: TreeId) => boolean;
  readonly #log: vscode.LogOutputChannel;
  readonly #watch: HealthWatch;
  readonly #past = new PastRuns();
  readonly #subscriptions: vscode.Disposable[];
  /** Names of trees whose problems are no longer reported. */
  readonly #muted = new Set<string>();
  #thresholds: Thresholds;
  #checkedAt = 0;
  #gathered: Alert[] = [];
  #telling: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;

  /** @param isRestarted Whether a tree that has ended is restarted by another part of the extension, which also tells that it ends again and again. */
  constructor(link: WardenLink, specs: WorkspaceSpecs, isRestarted: (tree: TreeId) => boolean, log: vscode.LogOutputChannel) {
    this.#link = link;
    this.#watch = new HealthWatch(problemTexts, (name) => maxRestartsOf(specs.find(instanceOf(name).spec)?.spec.restart), {
      availableBytes: availableMemory,
      runsBefore: (tree) => this.#past.of(tree),
    });
    this.#isRestarted = isRestarted;
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
    const trees = this.#link.trees.filter((tree) => isLive(tree) || !this.#isRestarted(tree.id));
    for (const alert of this.#watch.check(Date.now(), trees, this.#thresholds)) {
      this.#log.warn(`${labelOf(alert.tree)}: ${alert.what}.`);
      if (!this.#muted.has(alert.tree.name)) this.#gathered.push(alert);
    }
    this.#past.retain(trees);
    if (this.#gathered.length > 0) this.#telling ??= setTimeout(() => void this.#tell(), gatherMillis);
  }

  async #tell(): Promise<void> {
    const alerts = this.#gathered;
    this.#gathered = [];
    this.#telling = undefined;
    if (!vscode.workspace.getConfiguration(section).get('notify', true)) return;
    const names = [...new Set(alerts.map(({ tree }) => tree.name))];
    const message = alerts.map(({ tree, what }) => vscode.l10n.t('{0}: {1}.', labelOf(tree), what)).join(' ');
    const mute = vscode.l10n.t('Mute');
    const [only] = names.length === 1 ? names : [];
    const rows = only === undefined ? [] : [rowOf(only)];
    const actions = actionsOn(alerts.some(({ tree }) => isLive(tree))).filter(({ isOfOne }) => !isOfOne || only !== undefined);
    const choice = await tellWarning(message, ...actions.map(({ title }) => title), mute);
    const action = actions.find(({ title }) => title === choice);
    if (action) await vscode.commands.executeCommand(`tree-warden.${action.command}`, ...rows);
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
      unusual: settings.get('unusual', true),
    };
  }
}

function maxRestartsOf(restart: ProcessSpec['restart']): number {
  if (restart === undefined || restart === 'never') return 0;
  const { when, maxRestarts = defaultRestarts.maxRestarts } = typeof restart === 'string' ? { when: restart } : restart;
  return when === 'never' ? 0 : maxRestarts;
}

/** What can be done: what has ended, and is not restarted, has nothing to stop. */
function actionsOn(isRunning: boolean): readonly { readonly title: string; readonly command: string; readonly isOfOne: boolean }[] {
  const dashboard = { title: vscode.l10n.t('Open Dashboard'), command: 'openDashboard', isOfOne: false };
  if (isRunning) return [dashboard, { title: vscode.l10n.t('Stop'), command: 'stop', isOfOne: true }];
  return [
    { title: vscode.l10n.t('Show Output'), command: 'showOutput', isOfOne: true },
    { title: vscode.l10n.t('Start Again'), command: 'start', isOfOne: true },
  ];
}
