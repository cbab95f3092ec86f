import type { Journal } from '../journal.ts';
import type { Tree } from './tree.ts';

export function journalState(journal: Journal, { id, request, state, reason, leader, commandLine }: Tree): void {
  if (state === 'failed' && leader === undefined) {
    journal.write({ event: 'start-failed', tree: id, spec: request.name, command: commandLine, reason });
  } else {
    journal.write({ event: 'state', tree: id, spec: request.name, state, reason });
  }
  if (state === 'unkillable') journal.write({ event: 'cleanup-failed', tree: id, spec: request.name, reason });
}

/** Of one that was never spawned, nothing has ended. */
export function journalEnd(journal: Journal, { id, request, exit, leader, state, runMillis, reason }: Tree): void {
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
    reason,
  });
}
