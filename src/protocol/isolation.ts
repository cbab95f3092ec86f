/** What an isolated process may reach. */
export interface Isolation {
  /** Whether it may use the network; otherwise it has a loopback of its own, and nothing else. */
  readonly network: boolean;
  /** Folders that it may write to, absolute; all others are read-only. */
  readonly write: readonly string[];
  /** `private`: /tmp and /var/tmp are its own, empty at its start, in memory, and gone with it; `shared`: those of the machine, writable. */
  readonly tmp: 'private' | 'shared';
  /** Whether the files in which programs usually keep keys and tokens can be read. */
  readonly secrets: 'hidden' | 'readable';
  /** The workspace, absolute: it can be read wherever it lies, and relative folders of `write` are in it. */
  readonly folder: string;
}

/** Maximum number of folders that an isolated process may write to. */
export const maxWritable = 100;
