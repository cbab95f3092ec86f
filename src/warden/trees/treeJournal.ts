import { displayCommandLine } from '../../command/commandLine.ts';
import type { Journal } from '../journal.ts';
import type { TreeEmitter } from './treeEvents.ts';
import type { TreeView } from './treeView.ts';

/** Writes what happens to the trees into the journal. */
export function journalTrees(events: TreeEmitter, journal: Journal): void {
  events.on('spawned', ({ id: tree, request, commandLine }, { pid, group }) =>
    journal.write({ event: 'spawned', tree, spec: request.name, pid, pgid: group, command: commandLine }),
  );
  events.on('stateChanged', (tree) => journalState(journal, tree));
  events.on('healthChanged', ({ id: tree, request, probes }) =>
    journal.write({ event: 'health', tree, spec: request.name, state: probes.health, reason: String(probes.unhealthyReason ?? '') }),
  );
  events.on('promptChanged', ({ id: tree, request, prompt }) => {
    if (prompt !== undefined) journal.write({ event: 'prompt', tree, spec: request.name, reason: prompt });
  });
  events.on('escalated', ({ id: tree, request }, signal) => journal.write({ event: 'escalation', tree, spec: request.name, signal }));
  events.on('hookEnded', ({ id: tree, request }, { command, problem, durationMillis }) =>
    journal.write({
      event: 'hook',
      tree,
      spec: request.name,
      command: displayCommandLine(command.run),
      durationMillis,
      reason: String(problem ?? 'done'),
    }),
  );
  events.on('ended', (tree) => journalEnd(journal, tree));
}

function journalState(journal: Journal, { id, request, state, reason, leader, commandLine }: TreeView): void {
  if (state === 'failed' && leader === undefined) {
    journal.write({ event: 'start-failed', tree: id, spec: request.name, command: commandLine, reason: String(reason) });
  } else {
    journal.write({ event: 'state', tree: id, spec: request.name, state, reason: String(reason) });
  }
  if (state === 'unkillable') journal.write({ event: 'cleanup-failed', tree: id, spec: request.name, reason: String(reason) });
}

/** Of one that was never spawned, nothing has ended. */
function journalEnd(journal: Journal, { id, request, exit, leader, state, runMillis, reason }: TreeView): void {
  if (leader === undefined) return;
  const { code = null, signal = null } = exit ?? {};
  const durationMillis = runMillis;
  journal.write({
    event: 'ended',
    tree: id,
    spec: request.name,
    pid: leader.pid,
    pgid: leader.group,
    state,
    durationMillis,
    code,
    signal,
    reason: String(reason),
  });
}
