import * as vscode from 'vscode';
import { visible } from '../../protocol/visible.ts';
import { isRunning, type Process, type Processes } from '../processes.ts';
import { rowOf, rowOfPool } from '../processTree/row.ts';
import type { WardenLink } from '../wardenLink.ts';
import { localPattern, processesPattern } from '../workspaceSpecs.ts';
import type { FoundProcesses } from './foundProcesses.ts';
import { lensText } from './lensTexts.ts';

const setting = 'treeWarden.codeLens';
const selector: vscode.DocumentSelector = [processesPattern, localPattern, 'package.json', 'Procfile', 'Procfile.dev'].map((name) => ({
  scheme: 'file',
  pattern: `**/${name}`,
}));
/** Interval in milliseconds at which the times in the lenses are looked at, while any are seen and something runs. */
const tickMillis = 1000;
/** Sampling interval in milliseconds for the ports in the lenses. */
const sampleMillis = 2000;

/** One line of a document that stands for a process. */
interface LensPlace {
  readonly line: number;
  /** All instances of it. */
  readonly processes: readonly Process[];
  /** The name for the commands. */
  readonly name: string;
  readonly isDeclared: boolean;
}

/** Start, Stop and what runs, above the lines of processes.json, package.json and a Procfile. */
export class ProcessLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #processes: Processes;
  readonly #found: FoundProcesses;
  readonly #link: WardenLink;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];
  /** What was provided last, by document. */
  readonly #places = new Map<string, readonly LensPlace[]>();
  #texts = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(processes: Processes, found: FoundProcesses, link: WardenLink) {
    this.#processes = processes;
    this.#found = found;
    this.#link = link;
    const refresh = (): void => this.#changed.fire();
    const look = (): void => this.#look();
    this.#subscriptions = [
      vscode.languages.registerCodeLensProvider(selector, this),
      processes.onDidChangeSpecs(refresh),
      found.onDidChange(refresh),
      link.onDidChangeTrees(look),
      vscode.window.onDidChangeVisibleTextEditors(look),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#places.delete(uri.toString())),
      vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration(setting) && refresh()),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!vscode.workspace.getConfiguration().get(setting, true)) return [];
    const isOurs = [processesPattern, localPattern].some((name) => document.uri.path.endsWith(`/${name}`));
    const places = isOurs ? await this.#declaredIn(document) : await this.#foundIn(document);
    this.#places.set(document.uri.toString(), places);
    this.#texts = this.#textsNow();
    this.#follow();
    return places.flatMap((place) => lensesOf(place));
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const subscription of [...this.#subscriptions, this.#changed]) subscription.dispose();
  }

  /** The lines of the text as it is now, saved or not. */
  async #declaredIn(document: vscode.TextDocument): Promise<LensPlace[]> {
    const { jsonEntries } = await import('../../config/import/jsonEntries.ts');
    const all = this.#processes.all.filter(({ declared }) => declared?.file.toString() === document.uri.toString());
    return jsonEntries(document.getText(), 'processes').flatMap(({ name: written, line }) => {
      const processes = all.filter(({ declared }) => declared?.written === written);
      const name = processes[0]?.declared?.name;
      return name === undefined ? [] : [{ line, processes, name, isDeclared: true }];
    });
  }

  async #foundIn(document: vscode.TextDocument): Promise<LensPlace[]> {
    const entries = await this.#found.inDocument(document, document.getText());
    return entries.map(({ entry: { name, declaredAs }, line }) => ({
      line,
      processes: this.#processes.pool(declaredAs ?? name),
      name: declaredAs ?? name,
      isDeclared: declaredAs !== undefined,
    }));
  }

  /** Has the lenses provided again where one of them says something else now. */
  #look(): void {
    this.#follow();
    const texts = this.#textsNow();
    if (texts === this.#texts) return;
    this.#texts = texts;
    this.#changed.fire();
  }

  #textsNow(): string {
    const at = Date.now();
    const texts = this.#visibleProcesses.map((processes) => lensText(treesOf(processes), at) ?? '');
    return texts.join('\n');
  }

  /** All instances of what has a lens in an editor that is seen, as they are now. */
  get #visibleProcesses(): readonly (readonly Process[])[] {
    const places = vscode.window.visibleTextEditors.flatMap(({ document }) => this.#places.get(document.uri.toString()) ?? []);
    if (places.length === 0) return [];
    const { all } = this.#processes;
    return places.map((place) => all.filter(({ pool, name }) => (pool ?? name) === place.name));
  }

  /** Only while a lens is seen whose process runs. */
  #follow(): void {
    const isLive = this.#visibleProcesses.some((processes) => processes.some(isRunning));
    this.#link.wantFigures('lenses', isLive ? sampleMillis : 0);
    if (isLive) this.#timer ??= setInterval(() => this.#look(), tickMillis);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

function treesOf(processes: readonly Process[]): NonNullable<Process['tree']>[] {
  return processes.flatMap(({ tree }) => tree ?? []);
}

function lensesOf({ line, name, processes, isDeclared }: LensPlace): vscode.CodeLens[] {
  const range = new vscode.Range(line, 0, line, 0);
  const row = processes.length > 1 ? rowOfPool(name) : rowOf(name);
  const lens = (title: string, command: string): vscode.CodeLens =>
    new vscode.CodeLens(range, { title, command: `tree-warden.${command}`, arguments: [row] });
  const live = processes.filter(isRunning);
  const at = Date.now();
  const text = lensText(treesOf(processes), at);
  const shown = text === undefined ? [] : [lens(visible(text), 'showOutput')];
  if (live.length === 0) return [lens(vscode.l10n.t('▶ Start'), isDeclared ? 'start' : 'runFound'), ...shown];
  return [lens(vscode.l10n.t('■ Stop'), 'stop'), lens(vscode.l10n.t('↻ Restart'), 'restart'), ...shown];
}
