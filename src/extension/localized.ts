/** What wardens say, in the language of the editor. */
import * as vscode from 'vscode';
import { textOfError } from '../protocol/errorReasons.ts';
import { localizedTree } from '../protocol/localizedTree.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { rendered, type Text, textFrom } from '../protocol/texts.ts';

/** A text that is known as data, translated; any other as it is: English, where an older or a newer warden has sent it. */
export function localized(text: Text): string {
  return typeof text === 'string' ? text : rendered(text, (template, values) => vscode.l10n.t(template, ...values));
}

/** What a caught value says; see `errorText` of the protocol. */
export function errorText(error: unknown): string {
  return localized(textOfError(error));
}

/** A message of a warden's, with its data where it has sent any. */
export function messageText({ message, messageData }: { readonly message: string; readonly messageData?: unknown }): string {
  return localized(textFrom(message, messageData));
}

/** Trees with translated texts; where the editor speaks English, the very same. */
export function localizedTrees(trees: readonly TreeSnapshot[]): readonly TreeSnapshot[] {
  return vscode.l10n.bundle === undefined ? trees : trees.map((tree) => localizedTree(tree, localized));
}
