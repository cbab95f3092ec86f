import * as vscode from 'vscode';
import { viewId } from './processTree/processesView.ts';
import { withNotification } from './tell.ts';

/** Time in milliseconds after which a start or stop shows its progress. */
const progressDelayMillis = 700;

/** Shows progress in the view, and a notification only for work that takes noticeably long. */
export async function withProgress<T>(title: string, work: Promise<T>): Promise<T> {
  const settled = work.then(
    () => true,
    () => true,
  );
  await vscode.window.withProgress({ location: { viewId } }, async () => {
    const noticeable = new Promise<false>((resolve) => setTimeout(() => resolve(false), progressDelayMillis));
    if (await Promise.race([settled, noticeable])) return;
    await withNotification(title, settled);
  });
  return await work;
}
