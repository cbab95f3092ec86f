import type { Node } from 'jsonc-parser';
import type { Places } from '../places.ts';

/** A file that declares processes, as it was read. */
export interface Source {
  /** Absolute; undefined for the workspace's own processes.json. */
  readonly path?: string;
  /** What relative paths of it, and its `${workspaceFolder}`, mean; undefined for those of the workspace. */
  readonly folder?: string;
  readonly tree: Node;
  readonly places: Places;
  /** It is the text from before a mistake was made: what is wrong with it was reported then. */
  readonly isOld?: true;
}
