import { dateAndTime } from '../../protocol/format.ts';
import type { RemoteStatus } from '../../protocol/runner.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import type { TreeView } from './treeView.ts';

const runnerNames = { slurm: 'Slurm', ssh: 'SSH' } as const;

/** Why a tree on a node is in its state, as a clause: what its scheduler and its node say, before what is known here. */
export function reasonOf({ state, reason }: Pick<TreeView, 'state' | 'reason'>, status: RemoteStatus): Text {
  const { phase, node = '', reason: why, endsAt, stopsAt } = status;
  if (phase === 'paused') return localizable('nodePaused', why ?? '');
  if (phase === 'lost') return localizable('nodeLost', node, why ?? '');
  const isGoing = phase === 'running' || phase === 'ending';
  if (isGoing && state !== 'stopping' && endsAt !== undefined && stopsAt !== undefined) {
    const at = timeOf(endsAt);
    return why === undefined ? localizable('endsByLimit', at) : localizable('limitNotExtended', at, why);
  }
  if (state !== 'starting') return reason;
  const runner = runnerNames[status.runner];
  switch (phase) {
    case 'submitting':
      return localizable('submitting', runner);
    case 'queued':
      if (why === undefined) return localizable('queued', runner);
      return status.ahead === undefined
        ? localizable('queuedBecause', runner, why)
        : localizable('queuedBehind', runner, why, status.ahead);
    case 'connecting':
      return localizable('connecting', node);
    case 'running':
    case 'ending':
    case 'failed':
      return reason;
  }
}

/** `16:04`, or with its day where that is not today. */
function timeOf(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  return dateAndTime(at).slice(isToday ? 11 : 0, 16);
}
