import { type Container, containerOf, uncontained } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import { jobOf } from '../../protocol/jobs.ts';
import type { StartRequest, StopStep } from '../../protocol/startRequest.ts';
import type { TreeRecord, WardenRecord } from '../../records/records.ts';
import { MemberFinder } from '../ending/memberFinder.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import type { Leader } from './leader.ts';
import { followLeader } from './spawnLeader.ts';

/** A detached tree that has outlived its warden, as far as its record and its processes describe it. */
export interface RecoveredTree {
  readonly request: StartRequest;
  readonly commandLine: string;
  readonly log: string;
  readonly leader: ProcessStat;
  readonly members: readonly ProcessStat[];
  readonly container: Container;
}

/** Undefined where no process of it is alive, or where it is not meant to be taken over. */
export function recoverDetached(
  platform: Platform,
  record: TreeRecord,
  warden: Pick<WardenRecord, 'process' | 'lifetime'>,
): RecoveredTree | undefined {
  const { detached, leader, bootId, container: path } = record;
  if (detached === null || leader === null || bootId !== platform.bootId) return undefined;
  const found = path === null ? undefined : platform.findContainer(path, record.tree);
  const members = new MemberFinder(platform, record, warden).find(found?.pids());
  const [first] = members;
  if (first === undefined) return undefined;
  const stat = members.find(({ pid }) => pid === leader.pid) ?? { ...first, ...leader, alive: false };
  const { group, history, isolate, join, commandLine, cwd, log, rotation, stop } = detached;
  const { pool } = jobOf(record.name) ?? {};
  return {
    request: {
      ...(group !== undefined && { group }),
      ...(history !== undefined && { history }),
      ...(isolate && { isolate }),
      ...(join !== undefined && { join }),
      ...(rotation !== undefined && { log: rotation }),
      name: record.name,
      ...(pool !== undefined && { pool }),
      argv: [commandLine],
      cwd,
      // For its commands alone: it cannot be started anew.
      env: record.commands?.env ?? {},
      stdio: 'file',
      // Checked when the record was read: nothing but signals and times.
      stop: (record.commands?.stop ?? stop) as readonly StopStep[],
      whenLeaderExits: 'keep',
      containment: record.containment,
    },
    commandLine,
    log,
    leader: { ...stat, group: record.group ?? stat.group, session: record.session ?? stat.session },
    members,
    container: found ? containerOf(found, record.containment, path) : uncontained,
  };
}

/** How much of an adopted tree's earlier output is read again, in bytes: as much as is kept in memory. */
const adoptedBacklog = 2 ** 20;

/** All that is left of the way to a leader that another warden has spawned: what it writes to its log. */
export function followAdopted(pid: number, output: TreeOutput): Leader | undefined {
  if (output.logPath === undefined) return undefined;
  try {
    const leader = followLeader(pid, { path: output.logPath, rotation: output.rotation }, adoptedBacklog, {
      onOutput: (chunk, skipped) => output.write(chunk, skipped),
      onOutputEnd: () => output.finish(),
    });
    output.attach(leader);
    return leader;
  } catch {
    return undefined; // The log has been removed: its processes live all the same.
  }
}
