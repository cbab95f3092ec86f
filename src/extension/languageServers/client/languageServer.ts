import * as vscode from 'vscode';
import { formatBytes, formatDuration } from '../../../protocol/format.ts';
import { RestartBudget, restartBudget } from '../../../protocol/restartBudget.ts';
import { LongTimer } from '../../../protocol/timers.ts';
import { tellError, tellInfo, tellWarning } from '../../tell.ts';
import type { DeclaredLanguageServer } from '../../workspaceSpecs.ts';
import { type CrashBudget, nextPhase, restartDelayMillis, type ServerEvent, type ServerPhase } from '../serverPhase.ts';
import type { ServerStatus, TraceLevel } from '../serverStatus.ts';
import { MemoryBound } from './memoryBound.ts';
import { type RunEnd, type RunParts, ServerRun } from './serverRun.ts';

export interface ServerParts extends RunParts {
  /** Its status is another one. */
  changed(): void;
}

/** A declared language server: what is wanted of it, and its runs. */
export class LanguageServer implements vscode.Disposable {
  readonly name: string;
  readonly #parts: ServerParts;
  #declared: DeclaredLanguageServer;
  #isUndeclared = false;
  #phase: ServerPhase = { at: 'idle' };
  #run: ServerRun | undefined;
  #output: vscode.LogOutputChannel | undefined;
  #trace: TraceLevel;
  #timer: LongTimer | undefined;
  #restarts = 0;
  /** When it has crashed, by performance.now(). */
  #crashes: readonly number[] = [];
  #memory: MemoryBound | undefined;
  readonly #memoryRestarts = new RestartBudget();
  #isClosing = false;

  constructor(declared: DeclaredLanguageServer, parts: ServerParts) {
    this.name = declared.name;
    this.#declared = declared;
    this.#parts = parts;
    this.#trace = declared.spec.trace ?? 'off';
  }

  get declared(): DeclaredLanguageServer {
    return this.#declared;
  }

  get status(): ServerStatus {
    const run = this.#run;
    return {
      name: this.name,
      phase: this.#phase,
      version: run?.version,
      requestsPerMinute: run?.requests.perMinute ?? 0,
      restarts: this.#restarts,
      trace: this.#trace,
      tree: run?.tree,
      changed: run !== undefined && this.hasProcesses && startedWith(run.server) !== startedWith(this.#declared),
      undeclared: this.#isUndeclared,
    };
  }

  get hasProcesses(): boolean {
    return ['starting', 'running', 'stopping'].includes(this.#phase.at);
  }

  /** It is not to be forgotten, although no file may declare it. */
  get isInUse(): boolean {
    return this.hasProcesses || this.#phase.at === 'restarting';
  }

  /** Whether nothing has been asked of it yet. */
  get isFresh(): boolean {
    return this.#phase.at === 'idle';
  }

  /** What the file says now; undefined where it says nothing of it any more. */
  declare(declared: DeclaredLanguageServer | undefined): void {
    this.#isUndeclared = declared === undefined;
    if (declared === undefined) return;
    const before = this.#declared;
    this.#declared = declared;
    if (startedWith(declared) !== startedWith(before)) this.#apply({ type: 'declared' });
    if (declared.spec.trace !== before.spec.trace) void this.setTrace(declared.spec.trace ?? 'off');
  }

  start(): void {
    // A user wants it started: what was before counts no more.
    this.#crashes = [];
    this.#memoryRestarts.reset();
    this.#apply({ type: 'startRequested' });
  }

  /** Resolves when no process is left. */
  async stop(): Promise<void> {
    const run = this.#run;
    this.#apply({ type: 'stopRequested', again: false }, vscode.l10n.t('stopped by the user'));
    await run?.ended;
  }

  restart(): void {
    this.#crashes = [];
    this.#memoryRestarts.reset();
    this.#apply({ type: 'stopRequested', again: true }, vscode.l10n.t('restarted by the user'));
  }

  async setTrace(level: TraceLevel): Promise<void> {
    this.#trace = level;
    this.#parts.changed();
    await this.#run?.setTrace(level);
  }

  showOutput(): void {
    this.#channel.show(true);
  }

  /** Looks at the memory that its processes use. */
  sample(): void {
    const run = this.#run;
    if (this.#phase.at !== 'running' || this.#memory === undefined || run?.tree === undefined) return;
    const { memoryBytes = 0 } = this.#parts.snapshotOf(run.tree) ?? {};
    const { outstanding, quietMillis } = run.requests;
    if (this.#memory.isTimeToRestart({ memoryBytes, outstanding, quietMillis })) this.#restartForMemory(memoryBytes);
  }

  /** The window closes: its processes end, and nothing is started any more. */
  release(): void {
    this.#isClosing = true;
    this.#timer?.cancel();
    void this.#run?.end(vscode.l10n.t('the window was closed'));
  }

  dispose(): void {
    this.release();
    this.#output?.dispose();
  }

  /** @param stopReason Why its processes are stopped, where that follows. */
  #apply(event: ServerEvent, stopReason = ''): void {
    const before = this.#phase;
    const next = nextPhase(before, event);
    if (next === before || this.#isClosing) return;
    this.#phase = next;
    this.#timer?.cancel();
    if (next.at === 'starting') this.#begin();
    else if (next.at === 'stopping' && before.at !== 'stopping') void this.#run?.stop(stopReason);
    this.#parts.changed();
  }

  #begin(): void {
    const { spec } = this.#declared;
    const { aboveMemory } = policyOf(spec.restart);
    this.#memory = aboveMemory === undefined ? undefined : new MemoryBound(aboveMemory);
    const run = new ServerRun(this.#declared, this.#parts, this.#channel, this.#trace);
    this.#run = run;
    void run.initialized.then(() => this.#apply({ type: 'initialized' }));
    void run.ended.then((end) => this.#take(end));
  }

  #take(end: RunEnd): void {
    if (this.#isClosing) return;
    if (end.type === 'startFailed') {
      const wasStarting = this.#phase.at === 'starting';
      this.#apply(end);
      if (wasStarting)
        void this.#tell(vscode.l10n.t('The language server “{0}” could not be started: {1}', this.name, sentence(end.reason)));
      return;
    }
    const delay = end.byItself ? this.#delayAfterCrash() : undefined;
    this.#apply({ ...end, mayRestart: delay !== undefined });
    if (this.#phase.at === 'crashed') void this.#offerStart(end.reason);
    if (this.#phase.at !== 'restarting' || delay === undefined) return;
    this.#restarts++;
    this.#timer = new LongTimer(() => this.#apply({ type: 'startRequested' }), delay);
  }

  #delayAfterCrash(): number | undefined {
    const now = performance.now();
    const budget = this.#budget;
    this.#crashes = [...this.#crashes, now].slice(-budget.maxCrashes);
    return this.#declared.spec.restart === false ? undefined : restartDelayMillis(this.#crashes, now, budget);
  }

  get #budget(): CrashBudget {
    const { maxCrashes = restartBudget.starts, window = restartBudget.withinMillis } = policyOf(this.#declared.spec.restart);
    return { maxCrashes, windowMillis: window };
  }

  get #channel(): vscode.LogOutputChannel {
    this.#output ??= vscode.window.createOutputChannel(vscode.l10n.t('Language server {0}', this.name), { log: true });
    return this.#output;
  }

  #restartForMemory(memoryBytes: number): void {
    const [used, bound] = [memoryBytes, policyOf(this.#declared.spec.restart).aboveMemory ?? 0].map(formatBytes);
    if (this.#memoryRestarts.take()) {
      this.#restarts++;
      this.#apply({ type: 'stopRequested', again: true }, vscode.l10n.t('restarted, because it used too much memory'));
      void tellInfo(
        vscode.l10n.t('The language server “{0}” used {1}, more than {2}, and was restarted.', this.name, used ?? '', bound ?? ''),
      );
      return;
    }
    // It needs that much.
    this.#memory = undefined;
    void tellWarning(
      vscode.l10n.t(
        'The language server “{0}” uses {1} again and again, more than {2}. It is not restarted any more; raise “aboveMemory” in processes.json.',
        ...[this.name, used ?? '', bound ?? ''],
      ),
    );
  }

  async #offerStart(reason: string): Promise<void> {
    const { maxCrashes, windowMillis } = this.#budget;
    const message =
      this.#declared.spec.restart === false || maxCrashes === 1
        ? vscode.l10n.t('The language server “{0}” crashed: {1}', this.name, sentence(reason))
        : vscode.l10n.t(
            'The language server “{0}” crashed {1} times in {2} and is not restarted automatically. The last time: {3}',
            ...[this.name, maxCrashes, formatDuration(windowMillis), sentence(reason)],
          );
    await this.#tell(message);
  }

  async #tell(message: string): Promise<void> {
    const [show, again] = [vscode.l10n.t('Show Output'), vscode.l10n.t('Start Again')];
    const chosen = await tellError(message, show, again);
    if (chosen === show) this.showOutput();
    if (chosen === again) this.start();
  }
}

function policyOf(restart: DeclaredLanguageServer['spec']['restart']): Exclude<NonNullable<typeof restart>, false> {
  return restart === false || restart === undefined ? {} : restart;
}

/** What counts for a run; its trace is set while it runs. */
function startedWith({ spec: { trace: _, autoStart: __, ...spec } }: DeclaredLanguageServer): string {
  return JSON.stringify(spec);
}

/** A clause, or a sentence already. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
