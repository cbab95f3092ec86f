import * as vscode from 'vscode';
import type { ExternalKind } from '../../protocol/external.ts';
import { DebugProcesses } from './debugProcesses.ts';
import { isGuardedTerminal } from './guardedTerminal.ts';

/** A process that the editor has started. */
export interface ExternalProcess {
  readonly pid: number;
  readonly kind: Exclude<ExternalKind, 'extension'>;
  readonly name: string;
  /** Of the profile whose shells wait until they are guarded. */
  readonly waiting?: vscode.Terminal;
}

/** What the editor tells of the processes that it starts: terminals, its own tasks and debug sessions. */
export class ExternalSources implements vscode.Disposable {
  readonly #started = new vscode.EventEmitter<ExternalProcess>();
  readonly onDidStart = this.#started.event;
  readonly #ended = new vscode.EventEmitter<{ readonly pid: number }>();
  /** The editor has ended it, or has seen its end. */
  readonly onDidEnd = this.#ended.event;
  readonly #running = new Map<number, ExternalProcess>();
  readonly #pidOfTerminal = new Map<vscode.Terminal, number>();
  readonly #pidOfTask = new Map<vscode.TaskExecution, number>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor() {
    const debugging = new DebugProcesses();
    this.#subscriptions = [
      vscode.window.onDidOpenTerminal((terminal) => void this.#opened(terminal)),
      vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal)),
      vscode.tasks.onDidStartTaskProcess(({ processId, execution }) => this.#taskStarted(processId, execution)),
      vscode.tasks.onDidEndTaskProcess(({ execution }) => this.#taskEnded(execution)),
      debugging,
      debugging.onDidStart(({ pid, name }) => this.#start(pid, 'debug', name)),
      debugging.onDidEnd((pid) => this.#end(pid)),
    ];
    for (const terminal of vscode.window.terminals) void this.#opened(terminal);
  }

  /** The terminal in which it runs; undefined where it has none, or it was closed. */
  terminalOf(pid: number): vscode.Terminal | undefined {
    return [...this.#pidOfTerminal].find(([, one]) => one === pid)?.[0];
  }

  isRunning(pid: number): boolean {
    return this.#running.has(pid);
  }

  get running(): readonly ExternalProcess[] {
    return [...this.#running.values()];
  }

  dispose(): void {
    for (const subscription of [...this.#subscriptions, this.#started, this.#ended]) subscription.dispose();
  }

  /** A terminal that is drawn by an extension has no process. */
  async #opened(terminal: vscode.Terminal): Promise<void> {
    const pid = await terminal.processId;
    if (pid === undefined || terminal.exitStatus !== undefined) return;
    this.#pidOfTerminal.set(terminal, pid);
    if (!this.#running.has(pid)) this.#start(pid, 'terminal', terminal.name, isGuardedTerminal(terminal) ? terminal : undefined);
  }

  /**
   * The editor ends its process, and the warden sees that. It is not told: a terminal that is detached or moved to another window is closed here as well,
   * and one of a window that is reloaded is there again afterwards; their processes live on.
   */
  #closed(terminal: vscode.Terminal): void {
    const pid = this.#pidOfTerminal.get(terminal);
    this.#pidOfTerminal.delete(terminal);
    if (pid !== undefined) this.#running.delete(pid);
  }

  #taskStarted(pid: number, execution: vscode.TaskExecution): void {
    this.#pidOfTask.set(execution, pid);
    this.#start(pid, 'task', execution.task.name);
  }

  /** Its terminal may stay open and be used by the next task. */
  #taskEnded(execution: vscode.TaskExecution): void {
    const pid = this.#pidOfTask.get(execution);
    this.#pidOfTask.delete(execution);
    if (pid !== undefined) this.#end(pid);
  }

  /** A task's terminal has the same process: the task is what it is called by. A terminal in which something is debugged stays one. */
  #start(pid: number, kind: ExternalProcess['kind'], name: string, waiting?: vscode.Terminal): void {
    if (!Number.isInteger(pid) || pid <= 1 || (kind === 'debug' && this.#running.has(pid))) return;
    const process = { pid, kind, name };
    this.#running.set(pid, process);
    this.#started.fire({ ...process, ...(waiting && { waiting }) });
  }

  #end(pid: number): void {
    if (this.#running.delete(pid)) this.#ended.fire({ pid });
  }
}
