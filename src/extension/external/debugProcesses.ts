import * as vscode from 'vscode';
import { debuggeeOf, pidOfTarget } from './debuggee.ts';

/** The process of each debug session, as its debug adapter tells of it. */
export class DebugProcesses implements vscode.Disposable {
  readonly #started = new vscode.EventEmitter<{ readonly pid: number; readonly name: string }>();
  readonly onDidStart = this.#started.event;
  readonly #ended = new vscode.EventEmitter<number>();
  readonly onDidEnd = this.#ended.event;
  readonly #pids = new Map<string, number>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor() {
    const see = (session: vscode.DebugSession, message: unknown): void => this.#saw(session, debuggeeOf(message));
    this.#subscriptions = [
      vscode.debug.registerDebugAdapterTrackerFactory('*', {
        createDebugAdapterTracker: (session) => {
          // What runs already when it is attached to is not the session's.
          if (session.configuration.request === 'attach') return undefined;
          this.#saw(session, targetOf(session));
          return { onDidSendMessage: (message) => see(session, message), onWillReceiveMessage: (message) => see(session, message) };
        },
      }),
      vscode.debug.onDidTerminateDebugSession(({ id }) => {
        const pid = this.#pids.get(id);
        this.#pids.delete(id);
        if (pid !== undefined) this.#ended.fire(pid);
      }),
    ];
  }

  #saw(session: vscode.DebugSession, pid: number | undefined): void {
    if (pid === undefined || this.#pids.get(session.id) === pid) return;
    this.#pids.set(session.id, pid);
    this.#started.fire({ pid, name: (session.parentSession ?? session).name });
  }

  dispose(): void {
    for (const subscription of [...this.#subscriptions, this.#started, this.#ended]) subscription.dispose();
  }
}

/** Of the program itself: what it starts is part of its tree, whether or not it is debugged too. */
function targetOf({ type, configuration, parentSession }: vscode.DebugSession): number | undefined {
  return pidOfTarget({
    type,
    name: configuration.name,
    isTarget: parentSession !== undefined && parentSession.parentSession === undefined,
  });
}
