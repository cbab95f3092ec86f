/** Whether registry, records and kernel tell the same story. Each disagreement is one sentence for a person. */
import type { Container } from '../platform/container.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import { readRecordFolder } from '../records/records.ts';
import type { Census } from './trees/membership.ts';
import type { TreeView } from './trees/treeView.ts';

export interface SelfCheckSubject {
  readonly platform: Platform;
  readonly self: ProcessStat;
  readonly recordFolder: string;
  readonly switchPid: number | null;
  /** Why there is no switch, as a sentence, where it is known. */
  readonly switchProblem: string | undefined;
  readonly trees: readonly TreeView[];
  /** A thorough one, taken just now. */
  readonly census: Census;
}

export function selfCheck(subject: SelfCheckSubject): string[] {
  return [
    ...recordFindings(subject),
    ...switchFindings(subject),
    ...handlerFindings(subject),
    ...treeFindings(subject),
    ...strayFindings(subject),
  ];
}

function* recordFindings({ recordFolder, trees }: SelfCheckSubject): Generator<string> {
  const living = trees.filter((tree) => !tree.ended && tree.leader !== undefined);
  try {
    const { trees: records, unreadable } = readRecordFolder(recordFolder);
    for (const problem of unreadable) yield `A record cannot be read: ${problem}.`;
    for (const tree of living)
      if (!records.some((record) => record.tree === tree.id && record.leader?.pid === tree.leader?.pid))
        yield `'${tree.request.name}' runs without its record in ${recordFolder}: it could not be found again after a crash of everything.`;
    // One without a leader is of strays, or of a tree that is just being started.
    for (const record of records.filter(({ leader }) => leader !== null))
      if (trees.every((tree) => tree.id !== record.tree || tree.ended))
        yield `There is a record of '${record.name}', which is not running.`;
  } catch (error) {
    yield `The records in ${recordFolder} cannot be read: ${errorText(error)}.`;
  }
}

function* switchFindings({ platform, self, switchPid, switchProblem }: SelfCheckSubject): Generator<string> {
  if (platform.killsAtDeath) return;
  const found = switchPid === null ? undefined : platform.stat(switchPid);
  if (found?.alive !== true || found.parent !== self.pid)
    yield switchProblem ?? 'The dead man’s switch is not running: if the warden is killed now, its processes end only at the next start.';
  else if (found.stopped)
    yield `The dead man’s switch (pid ${found.pid}) is stopped: if the warden is killed now, its processes end only at the next start. Wake it with 'kill -CONT ${found.pid}'.`;
}

/** Without a handler for each of these, the warden could be ended before its trees. */
function* handlerFindings({ platform }: SelfCheckSubject): Generator<string> {
  for (const signal of [...platform.endSignals, 'SIGCHLD'] as const)
    if (process.listenerCount(signal) === 0) yield `The warden has no handler for ${signal}.`;
}

function* treeFindings({ platform, self, trees, census }: SelfCheckSubject): Generator<string> {
  for (const tree of trees) {
    const { name } = tree.request;
    const members = census.members.get(tree.id) ?? [];
    if (tree.state === 'unkillable') yield `'${name}' could not be ended: ${tree.reason}.`;
    if (tree.ended && members.some((member) => member.alive)) yield `'${name}' has ended, yet members of it are alive.`;
    // Those of the warden itself; what a member does not wait for is its own affair, and shown in the view.
    const unreaped = members.filter(
      (member) => !member.alive && member.parent === self.pid && platform.stat(member.pid)?.startTime === member.startTime,
    );
    if (unreaped.length > 0 && tree.ended) yield `'${name}' has left ${unreaped.length} zombies that were not collected.`;
    const outside = tree.ended || tree.container.path === null ? [] : outsideOf(tree.container, members, platform);
    if (outside.length > 0)
      yield `${outside.length} members of '${name}' have left its ${tree.container.containment}; they are followed by their marks.`;
  }
}

/** Looks twice: members come and go between the census and the container's list. */
function outsideOf(container: Container, members: readonly ProcessStat[], platform: Platform): ProcessStat[] {
  const look = (candidates: readonly ProcessStat[]): ProcessStat[] => {
    const contained = new Set(container.pids());
    return candidates.filter((member) => member.alive && !contained.has(member.pid));
  };
  const stillThere = look(members).filter(
    (member) => platform.stat(member.pid)?.startTime === member.startTime && platform.stat(member.pid)?.alive,
  );
  return look(stillThere);
}

function* strayFindings({ census }: SelfCheckSubject): Generator<string> {
  for (const stray of census.strays)
    yield `${stray.name} (pid ${stray.pid}) descends from the warden and belongs to no tree; it ends with the window.`;
}
