import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { Standing } from '../reconciler/restarts.ts';
import type { TreeView } from './treeView.ts';

/** Number of last lines that are shown of a failed tree. */
const shownLines = 10;

/** What clients see of a tree. */
export function snapshotOf(tree: TreeView, standing: Standing): TreeSnapshot {
  const { request, leader, exit, endedAt, warning, limit, probes } = tree;
  const { restarting, successor, nextStartAt, restarts } = standing;
  return {
    id: tree.id,
    name: request.name,
    ...(request.pool !== undefined && { pool: request.pool }),
    ...(request.group !== undefined && { group: request.group }),
    state: tree.state,
    reason: tree.reason,
    ...(leader && { leader: { pid: leader.pid, group: leader.pid } }),
    ...(exit && { exit }),
    startedAt: tree.startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(restarting && { restarting: true }),
    ...(successor !== undefined && { successor }),
    ...(nextStartAt !== undefined && { nextStartAt }),
    ...(restarts > 0 && { restarts }),
    health: probes.health,
    ...(probes.unhealthyReason !== undefined && { illness: probes.unhealthyReason }),
    ...(tree.state === 'failed' && { lastLines: tree.output.lastLines(shownLines) }),
    ...(tree.rawSocket !== undefined && { rawSocket: tree.rawSocket }),
    commandLine: tree.commandLine,
    cwd: request.cwd,
    stdio: request.stdio,
    lifetime: tree.lifetime,
    containment: tree.container.containment,
    ...(request.limits && { limits: request.limits }),
    ...(warning !== undefined && { warning }),
    ...(limit !== undefined && { limit }),
    ...tree.figures,
  };
}
