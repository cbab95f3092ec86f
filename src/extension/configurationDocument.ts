import * as vscode from 'vscode';
import { visible } from '../protocol/visible.ts';
import type { DeclaredNames } from './declaredNames.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

const scheme = 'tree-warden-configuration';

/** What a process resolves to, with the place of each value: a document for each process that can be read and copied, and follows the files. */
export class ConfigurationDocument implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #specs: WorkspaceSpecs;
  readonly #names: DeclaredNames;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(specs: WorkspaceSpecs, names: DeclaredNames) {
    this.#specs = specs;
    this.#names = names;
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      specs.onDidChange(() => {
        for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === scheme) this.#changed.fire(uri);
      }),
    ];
  }

  async provideTextDocumentContent({ query }: vscode.Uri): Promise<string> {
    const declared = this.#specs.find(query);
    if (declared === undefined) return `// ${vscode.l10n.t('No file declares “{0}” any more.', visible(query))}\n`;
    const { configText } = await import('../config/layers/configText.ts');
    const notes = this.#names.toolchainsOf(declared.name).map(({ name, place }) => `${name}: ${place}`);
    const lines = configText(declared.name, this.#specs.settingsOf(declared), declared.folder.uri.fsPath, notes);
    return `${lines.map(visible).join('\n')}\n`;
  }

  async show({ name }: Pick<DeclaredProcess, 'name'>): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${name.replaceAll('/', '∕')}.jsonc`, query: name });
    const document = await vscode.languages.setTextDocumentLanguage(await vscode.workspace.openTextDocument(uri), 'jsonc');
    await vscode.window.showTextDocument(document);
  }

  dispose(): void {
    for (const one of [...this.#subscriptions, this.#changed]) one.dispose();
  }
}
