/** Whether registry, records and kernel tell the same story. Each disagreement is one sentence for a person. */
import type { Container } from '../platform/container.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { readRecordFolder } from '../records/records.ts';
import type { Census } from './trees/membership.ts';
import type { TreeView } from './trees/treeView.ts';

export interface SelfCheckSubject {
  readonly platform: Platform;
  readonly self: ProcessStat;
  readonly recordFolder: string;
  readonly switchPid: number | null;
  /** Why there is no switch, as a sentence, where it is known. */
  readonly switchProblem: Text | undefined;
  readonly trees: readonly TreeView[];
  /** A thorough one, taken just now. */
  readonly census: Census;
}

export function selfCheck(subject: SelfCheckSubject): Text[] {
  return [
    ...recordFindings(subject),
    ...switchFindings(subject),
    ...handlerFindings(subject),
    ...treeFindings(subject),
    ...strayFindings(subject),
  ];
}

function* recordFindings({ recordFolder, trees }: SelfCheckSubject): Generator<Text> {
  const living = trees.filter((tree) => !tree.ended && tree.leader !== undefined);
  try {
    const { trees: records, unreadable } = readRecordFolder(recordFolder);
    for (const problem of unreadable) yield localizable('recordUnreadable', problem);
    for (const tree of living)
      if (!records.some((record) => record.tree === tree.id && record.leader?.pid === tree.leader?.pid))
        yield localizable('recordMissing', tree.request.name, recordFolder);
    // One without a leader is of strays, or of a tree that is just being started.
    for (const record of records.filter(({ leader }) => leader !== null))
      if (trees.every((tree) => tree.id !== record.tree || tree.ended)) yield localizable('recordWithoutTree', record.name);
  } catch (error) {
    yield localizable('recordsUnreadable', recordFolder, errorText(error));
  }
}

function* switchFindings({ platform, self, switchPid, switchProblem }: SelfCheckSubject): Generator<Text> {
  if (platform.killsAtDeath) return;
  const found = switchPid === null ? undefined : platform.stat(switchPid);
  if (found?.alive !== true || found.parent !== self.pid) yield switchProblem ?? localizable('switchMissing');
  else if (found.stopped) yield localizable('switchStopped', found.pid);
}

/** Without a handler for each of these, the warden could be ended before its trees. */
function* handlerFindings({ platform }: SelfCheckSubject): Generator<Text> {
  for (const signal of [...platform.endSignals, 'SIGCHLD'] as const)
    if (process.listenerCount(signal) === 0) yield localizable('handlerMissing', signal);
}

function* treeFindings({ platform, self, trees, census }: SelfCheckSubject): Generator<Text> {
  for (const tree of trees) {
    const { name } = tree.request;
    const members = census.members.get(tree.id) ?? [];
    if (tree.state === 'unkillable') yield localizable('unkillable', name, tree.reason);
    if (tree.ended && members.some((member) => member.alive)) yield localizable('endedWithMembers', name);
    // Those of the warden itself; what a member does not wait for is its own affair, and shown in the view.
    const unreaped = members.filter(
      (member) => !member.alive && member.parent === self.pid && platform.stat(member.pid)?.startTime === member.startTime,
    );
    if (unreaped.length > 0 && tree.ended) yield localizable('zombiesLeft', name, unreaped.length);
    const outside = tree.ended || tree.container.path === null ? [] : outsideOf(tree.container, members, platform);
    if (outside.length > 0) yield localizable('outsideContainer', name, outside.length, tree.container.containment);
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

function* strayFindings({ census }: SelfCheckSubject): Generator<Text> {
  for (const stray of census.strays) yield localizable('strayFound', stray.name, stray.pid);
}
