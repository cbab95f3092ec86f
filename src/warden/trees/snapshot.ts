import type { TreeSnapshot } from '../../protocol/messages.ts';
import type { Tree } from './tree.ts';

/** So many lines of one that has failed are shown. */
const shownLines = 10;

/** What everybody else is told of a tree. */
export function snapshotOf(tree: Tree): TreeSnapshot {
  const { request, leader, exit, endedAt, nextStartAt, warning, probes } = tree;
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
    ...(tree.restarting && { restarting: true }),
    ...(nextStartAt !== undefined && { nextStartAt }),
    ...(tree.restarts > 0 && { restarts: tree.restarts }),
    health: probes.health,
    ...(probes.illness !== undefined && { illness: probes.illness }),
    ...(tree.state === 'failed' && { lastLines: tree.output.lastLines(shownLines) }),
    commandLine: tree.commandLine,
    cwd: request.cwd,
    stdio: request.stdio,
    lifetime: tree.lifetime,
    containment: tree.container.containment,
    ...(request.limits && { limits: request.limits }),
    ...(warning !== undefined && { warning }),
    ...tree.figures,
  };
}
