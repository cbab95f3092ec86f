/**
 * Kills what a dead warden left, from its records alone. Run by the switch, by the side that saw the warden die, and at the
 * next start; any number of them may run at once.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { displayCommandLine } from '../../command/commandLine.ts';
import { uncontained } from '../../platform/container.ts';
import { type Platform, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import { withoutWrongVariables } from '../../protocol/guardianVariables.ts';
import { serveArguments } from '../../protocol/serveCommand.ts';
import type { HookCommand, StopStep } from '../../protocol/startRequest.ts';
import { commandsOf } from '../../protocol/stopSteps.ts';
import { type Localizable, localizable, type Text } from '../../protocol/texts.ts';
import { stateLogFolder } from '../../records/logFolder.ts';
import { appendToPlainFile } from '../../records/plainFile.ts';
import { removeFile, removeRecordFolder } from '../../records/recordFiles.ts';
import {
  type FoundTreeRecord,
  type RecordFolder,
  readAllRecords,
  rewriteCommands,
  type TreeRecord,
  type WardenRecord,
} from '../../records/records.ts';
import type { CommandSurroundings } from '../trees/memberCommand.ts';
import { runHook } from '../trees/treeHooks.ts';
import { claim, release } from './claims.ts';
import type { Cleaning } from './cleaner.ts';
import { removeCgroupRoots } from './cleanup.ts';
import { MemberFinder } from './memberFinder.ts';
import { describeSurvivors, reapTimeoutMillis, terminate } from './termination.ts';

export interface FailedCommand {
  readonly command: string;
  readonly problem: Text;
}

export interface ReapedTree {
  readonly name: string;
  readonly killed: number;
  /** Number of commands of its stop that were run. */
  readonly commands?: number;
  readonly failed?: readonly FailedCommand[];
  /** Why something of it may be alive, as a clause. */
  readonly problem: Localizable | undefined;
}

export interface SweepResult {
  readonly workspace: string;
  readonly warden: string;
  readonly trees: readonly ReapedTree[];
}

/** Whether the warden that wrote these records still runs. */
export function isWardenAlive(platform: Platform, { warden }: RecordFolder): boolean {
  if (warden.bootId !== platform.bootId) return false;
  const stat = platform.stat(warden.process.pid);
  return stat?.alive === true && sameProcess(stat, warden.process);
}

export interface Sweep {
  readonly swept: readonly SweepResult[];
  /** Trees that are meant to live on, and need a new warden. */
  readonly detached: readonly RecordFolder[];
  readonly unreadable: readonly string[];
}

/** Whether another process has begun to clean up after this warden, and may have been killed itself. */
export function isClaimed({ trees }: RecordFolder): boolean {
  return trees.some(({ claimant }) => claimant !== undefined);
}

/** Kills every managed tree of every warden that is gone; `isMeant`: only of these. */
export async function sweep(
  platform: Platform,
  runtimeFolder: string,
  cleaning: Cleaning = {},
  isMeant: (folder: RecordFolder) => boolean = () => true,
): Promise<Sweep> {
  const { folders, unreadable } = readAllRecords(runtimeFolder);
  const problems: string[] = [];
  // Of many folders, one that cannot be dealt with is no reason to leave the others.
  const attempt = async <T>(path: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(`${path}: what it speaks of could not be dealt with: ${errorText(error)}`);
      return undefined;
    }
  };
  const detached: RecordFolder[] = [];
  const results = folders.map((folder) =>
    attempt(folder.path, async () => {
      if (!isMeant(folder) || isWardenAlive(platform, folder)) return undefined;
      if (!livesOn(platform, folder)) return await reap(platform, folder, cleaning);
      detached.push(folder);
      return undefined;
    }),
  );
  const swept = (await Promise.all(results)).filter((result) => result !== undefined);
  unreadable.forEach(forgetIfStale);
  return {
    swept,
    detached,
    unreadable: [
      ...unreadable.map(({ path, problem }) => `${path}: ${problem}`),
      ...folders.flatMap((folder) => folder.unreadable),
      ...problems,
    ],
  };
}

/** The clock of the day, by which files and boot are compared, may have been put forward since; in milliseconds. */
const clockChange = 24 * 60 * 60 * 1000;

/** What cannot be read is left alone: it may be a newer version's. What is older than this boot speaks of no living process. */
function forgetIfStale({ path }: { readonly path: string }): void {
  try {
    const bootedAt = Date.now() - uptime() * 1000;
    if (statSync(path).mtimeMs < bootedAt - clockChange) removeRecordFolder(path);
  } catch {
    // Another one has just done it.
  }
}

/** Whether any process of a detached warden's trees is alive. */
export function livesOn(platform: Platform, { warden, trees }: RecordFolder): boolean {
  if (warden.lifetime !== 'detached' || warden.bootId !== platform.bootId) return false;
  // Of one that is being cleaned up, what lives are its commands.
  const isMeantTo = ({ detached, claimant }: FoundTreeRecord): boolean => detached !== null && claimant === undefined;
  return trees.some((record) => isMeantTo(record) && new MemberFinder(platform, record, warden).find().length > 0);
}

/** Starts a warden that takes over what the dead one of this folder left running. */
export function startDetachedWarden({ path, warden }: RecordFolder): void {
  const { workspace, window } = warden;
  const args = serveArguments(process.argv[1] ?? '', { workspace, window, logFolder: stateLogFolder(), lifetime: 'detached' });
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { ...withoutWrongVariables(process.env), TREE_WARDEN_RUNTIME_DIR: dirname(path) },
  });
  child.on('error', () => undefined);
  child.unref();
}

/** Kills what the trees of one dead warden left, and removes its records unless something of it stays. */
export async function reap(platform: Platform, folder: RecordFolder, cleaning: Cleaning = {}): Promise<SweepResult> {
  const trees = await Promise.all(folder.trees.map((tree) => reapTree(platform, tree, folder.warden, cleaning)));
  const isThisBoot = folder.warden.bootId === platform.bootId;
  const isClean = !isThisBoot || (await removeCgroupRoots(platform, folder.warden.homes));
  // What stays on record, the next start tries again.
  if (isClean && trees.every((tree) => tree.problem === undefined) && folder.unreadable.length === 0) removeRecordFolder(folder.path);
  return { workspace: folder.warden.workspace, warden: folder.warden.warden, trees };
}

/** Ends what is left of one tree, by its record, and runs the commands of its stop. */
export async function reapTree(
  platform: Platform,
  record: FoundTreeRecord,
  warden: Pick<WardenRecord, 'process' | 'lifetime'>,
  cleaning: Cleaning = {},
): Promise<ReapedTree> {
  const { name } = record;
  // A record of an earlier boot speaks of processes that cannot be alive.
  if (record.bootId !== platform.bootId) return { name, killed: 0, problem: undefined };
  if (record.commands === undefined) return await endTree(platform, record, warden, []);
  const own = await claim(platform, record, cleaning.leaving);
  if (own === undefined) return { name, killed: 0, problem: undefined };
  if (own === 'left') return { name, killed: 0, problem: localizable('claimHeld') };
  if (typeof own === 'string') {
    const reaped = await endTree(platform, record, warden, []);
    return { ...reaped, problem: reaped.problem ?? localizable(own === 'held' ? 'claimHeld' : 'claimRefused') };
  }
  let isDone = false;
  try {
    cleaning.onBegun?.(record.tree);
    const reaped = await endTree(platform, own, warden, commandsOf(stepsOf(own)), cleaning);
    isDone = reaped.problem === undefined && removeFile(own.path);
    return reaped;
  } finally {
    // They have been run: what could not be ended is all that is left to do, for whichever process comes next.
    if (!isDone) release(own);
    cleaning.onOver?.(record.tree);
  }
}

/** Checked when the record was read: nothing but signals, times and commands. */
function stepsOf({ commands }: TreeRecord): readonly StopStep[] {
  return (commands?.stop ?? []) as readonly StopStep[];
}

/** So that it is not run again where this process is killed, or something cannot be ended. */
function noteAsRun(record: FoundTreeRecord, left: readonly StopStep[]): void {
  try {
    rewriteCommands(
      record,
      left.map((step) => ('run' in step ? { ...step, run: [...step.run] } : step)),
    );
  } catch {
    // The disk is full: it may be run twice.
  }
}

/** Kills what is left of one tree, and runs these commands. */
async function endTree(
  platform: Platform,
  record: FoundTreeRecord,
  warden: Pick<WardenRecord, 'process' | 'lifetime'>,
  commands: readonly HookCommand[],
  cleaning: Cleaning = {},
): Promise<ReapedTree> {
  let left = stepsOf(record);
  const killed = new Set<number>();
  const failed: FailedCommand[] = [];
  const finder = new MemberFinder(platform, record, warden);
  const surroundings = hookSurroundings(platform, record, () => finder.find(), cleaning);
  const container = record.container === null ? undefined : platform.findContainer(record.container, record.tree);
  const { survivors } = await terminate(
    {
      alive: () => finder.find(container?.pids()),
      killAll: () => {
        const inside = container?.pids() ?? [];
        const done = container?.killAll((pid) => finder.mayKill(pid)) ?? false;
        if (done) for (const pid of inside) killed.add(pid);
        return done;
      },
      signal: (target, signal) => {
        const outcome = platform.signal(target, signal);
        if (outcome === 'sent') killed.add(target.pid);
        return outcome;
      },
      run: async (command) => {
        if (cleaning.hurry?.aborted) return;
        let isNoted = false;
        const note = (): void => {
          if (isNoted || cleaning.hurry?.aborted) return;
          isNoted = true;
          left = left.filter((step) => step !== command);
          noteAsRun(record, left);
        };
        const problem = await runHook(command, cleaning.hurry, surroundings, note);
        note();
        if (isNoted && problem !== undefined) failed.push({ command: displayCommandLine(command.run), problem });
      },
    },
    [{ signal: 'SIGKILL' }, ...commands],
    new AbortController().signal,
    reapTimeoutMillis,
  );
  container?.dispose();
  const isInterrupted = commands.length > 0 && commandsOf(left).length > 0;
  return {
    name: record.name,
    killed: killed.size,
    ...(commands.length > 0 && { commands: commands.length - commandsOf(left).length, failed }),
    problem: survivors.length > 0 ? describeSurvivors(survivors) : isInterrupted ? localizable('commandsLeft') : undefined,
  };
}

/** What the commands of one tree may print into its log, which nothing sets aside any more, in bytes; the rest is lost. */
const maxPrinted = 2 ** 20;

/** As a member of the tree, so that what it leaves is found; its container may be gone. */
function hookSurroundings(
  platform: Platform,
  { tree, commands }: TreeRecord,
  alive: () => ProcessStat[],
  cleaning: Cleaning,
): CommandSurroundings {
  const { cwd = '/', env = {}, log = null } = commands ?? {};
  let written = Promise.resolve();
  let room = maxPrinted;
  return {
    ...{ platform, tree, alive, container: uncontained, request: { cwd, env } },
    onSpawned: (pid) => cleaning.onSpawned?.(pid),
    onCollected: (pid) => cleaning.onCollected?.(pid),
    onOutput: (text) => {
      const kept = text.subarray(0, room);
      room -= kept.length;
      if (log !== null && kept.length > 0) written = written.then(() => appendToPlainFile(log, kept)).catch(() => undefined);
      return written;
    },
  };
}
