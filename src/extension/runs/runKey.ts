import type { RunKey } from '../../protocol/runKey.ts';
import type { Process } from '../processes.ts';

/** Under what the runs of a process are kept; undefined where they are not. */
export function runKeyOf({ declared, tree }: Pick<Process, 'declared' | 'tree'>): RunKey | undefined {
  return tree?.history ?? (declared && { origin: declared.root.fsPath, name: declared.written });
}
