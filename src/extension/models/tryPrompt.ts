import * as vscode from 'vscode';
import { streamChat } from '../../client/chatStream.ts';
import { errorText } from '../localized.ts';
import { asMessage } from '../shownText.ts';
import { tellError } from '../tell.ts';

/** A quick look at what a model answers: a document that fills as the answer comes. */
export class PromptPanel {
  readonly #gateway: { readonly url: string; readonly token: string };
  readonly #model: string;

  constructor(gateway: { readonly url: string; readonly token: string }, model: string) {
    this.#gateway = gateway;
    this.#model = model;
  }

  async ask(prompt: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: `# ${this.#model}\n\n> ${prompt}\n\n` });
    await vscode.window.showTextDocument(document, { preview: false });
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: asMessage(vscode.l10n.t('Waiting for the answer of {0}…', this.#model)),
        cancellable: true,
      },
      async (_progress, token) => {
        const leaving = new AbortController();
        token.onCancellationRequested(() => leaving.abort());
        // One edit after the other: each is a message to the editor.
        let writing = Promise.resolve();
        const write = (text: string): void => {
          writing = writing.then(async () => {
            const edit = new vscode.WorkspaceEdit();
            edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, text);
            await vscode.workspace.applyEdit(edit);
          });
        };
        try {
          await streamChat(
            { ...this.#gateway, client: 'tree-warden-prompt' },
            { model: this.#model, messages: [{ role: 'user', content: prompt }] },
            { onText: write },
            leaving.signal,
          );
        } catch (error) {
          if (!leaving.signal.aborted) void tellError(errorText(error));
        }
        await writing;
      },
    );
  }
}
