import * as vscode from 'vscode';

/** After a session has ended, the time in milliseconds in which another one may take its place: a restart ends one and begins one. */
const restartMillis = 2000;

/** Follows the debug sessions of one configuration to the end of the last one. */
export class SessionWatch implements vscode.Disposable {
  /** Resolves when the last session has ended, or {@link giveUp} was called; never when it is disposed before. */
  readonly ended: Promise<void>;
  readonly #listeners: vscode.Disposable;
  #resolve: () => void = () => undefined;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ name, port }: { readonly name: string; readonly port: number }) {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // A session has others below it, one for each target.
    const isOurs = ({ configuration, parentSession }: vscode.DebugSession): boolean =>
      parentSession === undefined && configuration.name === name && configuration['port'] === port;
    this.#listeners = vscode.Disposable.from(
      vscode.debug.onDidStartDebugSession((session) => {
        if (!isOurs(session)) return;
        this.#running++;
        clearTimeout(this.#timer);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        if (!isOurs(session) || --this.#running > 0) return;
        this.#timer = setTimeout(() => this.giveUp(), restartMillis);
      }),
    );
  }

  /** There will be no session any more. */
  giveUp(): void {
    this.dispose();
    this.#resolve();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#listeners.dispose();
  }
}
