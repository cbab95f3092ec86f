import type { Disposable } from 'vscode-jsonrpc';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { LongTimer } from '../protocol/timers.ts';

/** Shortest pause between two lists, in milliseconds. */
const shortestMillis = 100;
/** Pause where the client asked for transitions only, in milliseconds. */
const transitionsMillis = 2000;

/**
 * Watches the trees of a warden of another version, which answers lists and sends nothing by itself. Ends when it is disposed, or
 * when a list fails: the connection has ended then.
 */
export function watchByListing(
  list: () => Promise<readonly TreeSnapshot[]>,
  intervalMillis: number,
  onTrees: (trees: readonly TreeSnapshot[]) => void,
): Disposable {
  let isDisposed = false;
  let timer: LongTimer | undefined;
  const pauseMillis = intervalMillis > 0 ? Math.max(intervalMillis, shortestMillis) : transitionsMillis;
  const next = (): void => {
    timer = new LongTimer(() => void look().catch(() => undefined), pauseMillis);
  };
  const look = async (): Promise<void> => {
    const trees = await list();
    if (isDisposed) return;
    onTrees(trees);
    next();
  };
  next();
  return {
    dispose: () => {
      isDisposed = true;
      timer?.cancel();
    },
  };
}
