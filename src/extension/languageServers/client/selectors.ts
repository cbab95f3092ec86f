import * as vscode from 'vscode';
import type { DocumentSelector } from 'vscode-languageclient/node';
import type { WrittenFilter } from '../../../config/languageServerSchema.ts';
import { documentFilters } from './documentFilters.ts';

/** The documents of a server, as its client takes them. */
export function selectorFor(written: readonly WrittenFilter[], { uri }: vscode.WorkspaceFolder): DocumentSelector {
  return documentFilters(written, hasOneFolder()).map(({ language, scheme, pattern, inFolder }) => ({
    ...{ language, scheme },
    pattern: pattern !== undefined && inFolder ? { baseUri: uri.toString(), pattern } : pattern,
  })) as DocumentSelector;
}

/** Whether a document is one of those that the server is asked about. */
export function isSelected(document: vscode.TextDocument, written: readonly WrittenFilter[], folder: vscode.WorkspaceFolder): boolean {
  const selector = documentFilters(written, hasOneFolder()).map(
    ({ language, scheme, pattern, inFolder }): vscode.DocumentFilter => ({
      ...(language !== undefined && { language }),
      scheme,
      ...(pattern !== undefined && { pattern: inFolder ? new vscode.RelativePattern(folder, pattern) : pattern }),
    }),
  );
  return vscode.languages.match(selector, document) > 0;
}

function hasOneFolder(): boolean {
  return vscode.workspace.workspaceFolders?.length === 1;
}
