/** Between the warden and the process that watches files, over that one's stdin and stdout. */
import { NotificationType, RequestType } from 'vscode-jsonrpc';
import type { FileWatch, GitActivity } from './fileWatch.ts';
import type { TextData } from './texts.ts';

export interface FileWatchRequest extends Pick<FileWatch, 'folder' | 'patterns' | 'debounceMillis'> {
  /** Of the process. */
  readonly name: string;
  /** Absolute paths of folders in which nothing counts. */
  readonly excluded: readonly string[];
  /** A file that changed after this moment has changed, also before it was watched; in milliseconds since 1970. */
  readonly since: number;
}

export interface FilesChanged {
  readonly name: string;
  /** From the workspace folder, in the order of their changes; not all of them. */
  readonly files: readonly string[];
  /** Number of files. */
  readonly count: number;
}

/** All that is to be watched: what is not in it is watched no longer. */
export const watchFiles = new RequestType<{ readonly watches: readonly FileWatchRequest[] }, null, void>('fileWatch/watch');
/** The changes count now: they have settled, and no operation of git is under way. */
export const filesChanged = new NotificationType<FilesChanged>('fileWatch/changed');
/** Changes are held back; `activity` is absent when they no longer are. */
export const changesWait = new NotificationType<{ readonly name: string; readonly activity?: GitActivity }>('fileWatch/waits');
/** The name is watched no longer. `isLoop`: because it changes the same file each time that changes are acted on. */
export const watchEnded = new NotificationType<{
  readonly name: string;
  readonly isLoop: boolean;
  /** As a sentence. */
  readonly problem: string;
  readonly problemData?: TextData;
}>('fileWatch/ended');
