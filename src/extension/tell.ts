/** The one place from which notifications, questions and picks leave: what they name is made safe on the way. */
import * as vscode from 'vscode';
import { visible } from '../protocol/visible.ts';
import { asLabel, asMessage } from './shownText.ts';

/** Resolves with the chosen button. */
export async function tellError(message: string, ...buttons: string[]): Promise<string | undefined> {
  return await vscode.window.showErrorMessage(asMessage(message), ...buttons);
}

export async function tellWarning(message: string, ...buttons: string[]): Promise<string | undefined> {
  return await vscode.window.showWarningMessage(asMessage(message), ...buttons);
}

export async function tellInfo(message: string, ...buttons: string[]): Promise<string | undefined> {
  return await vscode.window.showInformationMessage(asMessage(message), ...buttons);
}

/** A question that waits for its answer; resolves with the chosen button, undefined where none was. */
export async function ask(question: string, detail: string, ...buttons: string[]): Promise<string | undefined> {
  const shown = detail === '' ? {} : { detail: asMessage(detail) };
  return await vscode.window.showWarningMessage(asMessage(question), { modal: true, ...shown }, ...buttons);
}

/** The same texts as they can be drawn; what was chosen is one of the given items. */
export async function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions & { readonly canPickMany?: false },
): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(items.map(drawn), shownOptions(options));
  return chosen?.item;
}

export async function pickMany<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T[] | undefined> {
  const chosen = await vscode.window.showQuickPick(items.map(drawn), { ...shownOptions(options), canPickMany: true });
  return chosen?.map(({ item }) => item);
}

/**
 * As {@link pickMany}; Enter without a check mark takes the focused item, or the only one that is left by what was typed: most of the time, one is
 * meant.
 */
export async function pickSeveral<T extends vscode.QuickPickItem>(
  items: readonly T[],
  { placeHolder = '' }: { readonly placeHolder?: string },
): Promise<readonly T[] | undefined> {
  const list = vscode.window.createQuickPick<ReturnType<typeof drawn<T>>>();
  const shown = items.map(drawn);
  list.items = shown;
  list.canSelectMany = true;
  list.ignoreFocusOut = true;
  list.matchOnDescription = true;
  list.placeholder = visible(placeHolder);
  const chosen = await new Promise<readonly T[] | undefined>((resolve) => {
    list.onDidAccept(() => {
      const words = list.value.trim().toLowerCase();
      const left = shown.filter(({ label }) => label.toLowerCase().includes(words));
      const focused = list.activeItems.length > 0 ? list.activeItems : left.length === 1 ? left : [];
      const taken = list.selectedItems.length > 0 ? list.selectedItems : focused;
      if (taken.length > 0) resolve(taken.map(({ item }) => item));
    });
    list.onDidHide(() => resolve(undefined));
    list.show();
  });
  list.dispose();
  return chosen;
}

function shownOptions(options: vscode.QuickPickOptions): vscode.QuickPickOptions {
  const { placeHolder } = options;
  return { ...options, ...(placeHolder !== undefined && { placeHolder: visible(placeHolder) }) };
}

/** A line of text from the user. */
export async function askText(options: vscode.InputBoxOptions): Promise<string | undefined> {
  const { title, prompt } = options;
  const shown = { ...(title !== undefined && { title: visible(title) }), ...(prompt !== undefined && { prompt: asMessage(prompt) }) };
  return await vscode.window.showInputBox({ ...options, ...shown });
}

/** How long the message stays in the status bar, in milliseconds. */
export function tellBriefly(message: string, millis: number): void {
  vscode.window.setStatusBarMessage(asLabel(message), millis);
}

function drawn<T extends vscode.QuickPickItem>(item: T): vscode.QuickPickItem & { readonly item: T } {
  const { label, description, detail, picked, iconPath, kind } = item;
  return {
    label: asLabel(label),
    ...(description !== undefined && { description: asLabel(description) }),
    ...(detail !== undefined && { detail: asLabel(detail) }),
    ...(picked !== undefined && { picked }),
    ...(iconPath !== undefined && { iconPath }),
    ...(kind !== undefined && { kind }),
    item,
  };
}

/** Shown with its progress until it is settled. */
export async function withNotification(title: string, work: Thenable<unknown>): Promise<void> {
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: asMessage(title) }, () => work);
}

/** Shown with its progress until it is settled; the user can abort the signal. */
export async function withCancellation(title: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const options = { location: vscode.ProgressLocation.Notification, title: asMessage(title), cancellable: true };
  await vscode.window.withProgress(options, async (_progress, token) => {
    const controller = new AbortController();
    const listener = token.onCancellationRequested(() => controller.abort());
    await work(controller.signal).finally(() => listener.dispose());
  });
}
