import * as vscode from 'vscode';

const scheme = 'tree-warden';
/** Number of documents whose text is kept: of the others, an editor that is still open is empty when it is drawn again. */
const maxKept = 20;

/** Texts of Tree Warden as documents that can be read and copied, and not be changed or saved by mistake. */
export class ReadOnlyDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #registration: vscode.Disposable;
  /** By path, the one that was shown last at the end. */
  readonly #texts = new Map<string, string>();

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.#texts.get(path) ?? '';
  }

  /** `title`: of the editor, which shows one that has it already again, with this text. `line`: the one to begin at, from 0. */
  async show(title: string, text: string, line?: number): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${title.replaceAll('/', '∕')}` });
    this.#texts.delete(uri.path);
    this.#texts.set(uri.path, text);
    for (const path of [...this.#texts.keys()].slice(0, -maxKept)) this.#texts.delete(path);
    this.#changed.fire(uri);
    const selection = line === undefined ? {} : { selection: new vscode.Range(line, 0, line, 0) };
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), selection);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
