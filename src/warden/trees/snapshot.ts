import type { RemoteFigures } from '../../protocol/remoteRequests.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { withData } from '../../protocol/texts.ts';
import { noStanding, type Standing } from '../reconciler/restarts.ts';
import { reasonOf } from './remoteReason.ts';
import type { RemoteView } from './remoteTrees.ts';
import type { TreeView } from './treeView.ts';

/** Number of last lines that are shown of a tree that has ended. */
const shownLines = 10;

/** Of a tree that does not run on its node yet: what its connector takes up here is not its own. */
const nothingYet: RemoteFigures = { members: [], cpuPercent: 0, memoryBytes: 0, readRate: 0, writeRate: 0, zombies: 0 };

/** What clients see of a tree. */
export function snapshotOf(tree: TreeView, standing: Standing = noStanding, remote?: RemoteView): TreeSnapshot {
  const { request, leader, exit, readyAt, endedAt, warning, limit, probes } = tree;
  const reason = remote && endedAt === undefined ? reasonOf(tree, remote.status) : tree.reason;
  const { askedAt, restarting, successor, nextStartAt, restarts, gaveUp } = standing;
  return {
    id: tree.id,
    name: request.name,
    ...(request.pool !== undefined && { pool: request.pool }),
    ...(request.history && { history: request.history }),
    ...(request.group !== undefined && { group: request.group }),
    state: tree.state,
    reason: String(reason),
    ...withData('reasonData', reason),
    ...(leader && { leader: { pid: leader.pid, group: leader.pid } }),
    ...(exit && { exit }),
    ...(askedAt !== undefined && { askedAt }),
    startedAt: tree.startedAt,
    ...(readyAt !== undefined && { readyAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(endedAt !== undefined && tree.endWasWanted && { stopped: true as const }),
    ...(restarting && { restarting: true }),
    ...(successor !== undefined && { successor }),
    ...(nextStartAt !== undefined && { nextStartAt }),
    ...(restarts > 0 && { restarts }),
    ...(gaveUp && { gaveUp: true as const }),
    health: probes.health,
    ...(probes.unhealthyReason !== undefined && {
      illness: String(probes.unhealthyReason),
      ...withData('illnessData', probes.unhealthyReason),
    }),
    ...((endedAt !== undefined || tree.state === 'failed') && { lastLines: tree.output.lastLines(shownLines) }),
    ...(tree.rawSocket !== undefined && { rawSocket: tree.rawSocket }),
    commandLine: tree.commandLine,
    cwd: request.cwd,
    stdio: request.stdio,
    lifetime: tree.lifetime,
    ...(tree.external && { external: tree.external }),
    containment: tree.container.containment,
    ...(request.limits && { limits: request.limits }),
    ...(request.isolate && { isolate: request.isolate }),
    ...(request.join !== undefined && { join: request.join }),
    ...(warning !== undefined && { warning: String(warning), ...withData('warningData', warning) }),
    ...(limit !== undefined && { limit: String(limit), ...withData('limitData', limit) }),
    ...(tree.prompt !== undefined && endedAt === undefined && { prompt: tree.prompt }),
    ...tree.figures,
    ...(remote && endedAt === undefined && { remote: remote.status, ...(remote.figures ?? nothingYet) }),
  };
}
