import * as vscode from 'vscode';

/** Maximum length of a traced message in characters: with contents, it has whole documents in it. */
const maxTraced = 20_000;

/** Where a client writes its trace: into the server's output, whatever its log level is. The level of the trace is set by itself. */
export class TraceChannel implements vscode.LogOutputChannel {
  readonly #output: vscode.LogOutputChannel;
  readonly name: string;
  readonly logLevel = vscode.LogLevel.Info;
  readonly onDidChangeLogLevel: vscode.Event<vscode.LogLevel> = () => new vscode.Disposable(() => undefined);

  constructor(output: vscode.LogOutputChannel) {
    this.#output = output;
    this.name = output.name;
  }

  trace(message: string): void {
    this.#output.info(message.length <= maxTraced ? message : `${message.slice(0, maxTraced)}…`);
  }

  debug = this.trace;
  info = this.trace;
  append = this.trace;
  appendLine = this.trace;
  warn = this.trace;

  error(error: string | Error): void {
    this.trace(String(error));
  }

  replace(): void {}

  clear(): void {}

  show(): void {
    this.#output.show(true);
  }

  hide(): void {
    this.#output.hide();
  }

  dispose(): void {}
}
