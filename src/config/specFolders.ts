/** Which folders the values of a process mean, where they come from other files than the workspace's own. */
import { settingKey } from './layers/settingKey.ts';

export interface SpecFolders {
  /** Of the process itself, absolute; absent: the workspace folder. */
  readonly own?: string;
  /** Of values that come from a file of another folder, by {@link settingKey}; null is the workspace folder. */
  readonly ofKeys?: Readonly<Record<string, string | null>>;
}

/** The folder that relative paths of a value mean, and its `${workspaceFolder}`. */
export function folderOfSetting({ own, ofKeys = {} }: SpecFolders, workspaceFolder: string, key: string, within?: string): string {
  const name = settingKey(key, within);
  const folder = Object.hasOwn(ofKeys, name) ? ofKeys[name] : own;
  return folder ?? workspaceFolder;
}
