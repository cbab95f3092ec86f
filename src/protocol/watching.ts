/** What the warden sends by itself. */
import { NotificationType, RequestType } from 'vscode-jsonrpc';
import type { HelperName } from './helpers.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { TextData } from './texts.ts';
import type { TreesChange } from './treeChanges.ts';

/**
 * Answers with all trees, and from then on sends {@link treesChanged} at this interval in milliseconds (with figures of that moment) and
 * at every transition; 0: at transitions only. The last call counts. `external`: with external trees that are only looked at.
 */
export const watch = new RequestType<{ readonly intervalMillis: number; readonly external?: boolean }, readonly TreeSnapshot[], void>(
  'watch',
);
/** What has changed since the answer to {@link watch}, or since the last of these. */
export const treesChanged = new NotificationType<TreesChange>('trees/changed');
/** A message for the user. */
export interface Alert {
  /** Sentences for people. */
  readonly message: string;
  readonly messageData?: TextData;
  /** The helper that is not restarted automatically: it is by `helpers/start`, which a client offers as a button. */
  readonly helper?: HelperName;
  /** The name of the process that it is about, where that has ended and is not restarted any more. */
  readonly process?: string;
}

/** To be shown at once; also in the journal. */
export const alert = new NotificationType<Alert>('alert');
