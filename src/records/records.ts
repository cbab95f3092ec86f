/**
 * What has to be known after a crash, on disk: one folder a warden, one file a tree. Everything read back is checked:
 * the wrong pid in a record would kill the wrong process.
 */
import { lstatSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import * as z from 'zod';
import { errorText } from '../protocol/errors.ts';
import { maxHookMillis, maxStopSteps } from '../protocol/hooks.ts';
import type { TreeId, WardenId } from '../protocol/identity.ts';
import { maxWritable } from '../protocol/isolation.ts';
import { maxSetAside } from '../protocol/logRotation.ts';
import { listBounded, readBoundedFile } from './boundedFile.ts';
import { listOf } from './listOf.ts';
import { writeNewFile } from './newFile.ts';
import {
  type Claimant,
  isRecordFolderName,
  isTreeRecord,
  maxEntries,
  maxRecordBytes,
  rawSuffix,
  readListed,
  removeFile,
  removeRecordFolder,
  socketFile,
  treeRecordName,
  treeSuffix,
  unfinishedSuffix,
  wardenFile,
} from './recordFiles.ts';

const formatVersion = 1;

/** Of all records together. */
const maxTotalBytes = 32 * 2 ** 20;
/** Members beyond these are not put on record: the marks find them. */
export const maxMembers = 50_000;
/** Of a complaint about a record, in characters. */
const maxComplaint = 300;

const identity = z.object({ pid: z.int().min(2), startTime: z.number().nonnegative() });

const wardenRecord = z.object({
  format: z.literal(formatVersion),
  warden: z.string().transform((id) => id as WardenId),
  bootId: z.string(),
  process: identity,
  version: z.string(),
  workspace: z.string(),
  /** Identifies what the window shows, so that the same window is known after a reload; empty where it is none. */
  window: z.string(),
  /** Whether its trees end when no client owns them. */
  lifetime: z.enum(['managed', 'detached']),
  startedAt: z.number(),
  /** Folders in which the warden may have made cgroups, to be removed after a crash. */
  homes: listOf(z.string(), 100),
});

const plainStep = z.union([z.object({ signal: z.string().regex(/^SIG[A-Z0-9+]+$/) }), z.object({ waitMillis: z.number().nonnegative() })]);
const command = z.object({
  run: z.tuple([z.string().min(1)], z.string()),
  timeoutMillis: z.number().positive().max(maxHookMillis),
  quiet: z.literal(true).optional(),
});

const treeRecord = z.object({
  format: z.literal(formatVersion),
  tree: z.uuid().transform((id) => id as TreeId),
  name: z.string(),
  bootId: z.string(),
  /** Null until it is spawned: a crash in between leaves a record that finds the tree by its marks alone. */
  leader: identity.nullable(),
  /** Process group and session, which are the leader's own. */
  group: z.int().min(2).nullable(),
  session: z.int().min(2).nullable(),
  startedAt: z.number(),
  /** It was there before its warden was told of it: what is older than the warden may be a member. */
  external: z.boolean().optional(),
  containment: z.enum(['group', 'cgroup', 'namespace', 'job']),
  /** Where its container is found again; null where nothing of it outlives the warden. */
  container: z.string().nullable(),
  /** What another warden needs to take it over, for a detached tree; no environment, and secrets masked. */
  detached: z
    .object({
      group: z.string().optional(),
      history: z.object({ origin: z.string(), name: z.string() }).optional(),
      isolate: z
        .object({
          network: z.boolean(),
          write: listOf(z.string(), maxWritable),
          tmp: z.enum(['private', 'shared']),
          secrets: z.enum(['hidden', 'readable']),
          folder: z.string(),
        })
        .optional(),
      join: z.string().optional(),
      commandLine: z.string(),
      cwd: z.string(),
      log: z.string(),
      rotation: z.object({ maxBytes: z.int().min(1), maxFiles: z.int().min(1).max(maxSetAside) }).optional(),
      stop: listOf(plainStep, maxStopSteps),
    })
    .nullable(),
  /** What has to be run when it has ended, whatever has become of its warden; absent: nothing. */
  commands: z
    .object({
      cwd: z.string(),
      /** Of the process, without secrets. */
      env: z.record(z.string(), z.string().nullable()),
      /** Where what they print goes; null: nowhere. */
      log: z.string().nullable(),
      /** The steps of its stop, in which the commands have their place. */
      stop: listOf(z.union([plainStep, command]), maxStopSteps),
    })
    .optional(),
  /** Seen so far, the leader included; the marks find the others. */
  members: listOf(identity, maxMembers),
});

export type WardenRecord = z.output<typeof wardenRecord>;
export type TreeRecord = z.output<typeof treeRecord>;

/** As it was found on disk. */
export interface FoundTreeRecord extends TreeRecord {
  readonly path: string;
  /** It may be dead by now as well. */
  readonly claimant?: Claimant;
}

export interface RecordFolder {
  readonly path: string;
  readonly warden: WardenRecord;
  readonly trees: readonly FoundTreeRecord[];
  /** Invalid files, each with what is wrong with it; they are never acted upon. */
  readonly unreadable: readonly string[];
}

/** Where the warden of this folder listens. On Windows, where sockets have no place on disk, it is a pipe of that name. */
export function socketPath(folder: string): string {
  return sep === '/' ? join(folder, socketFile) : `\\\\.\\pipe\\tree-warden-${basename(folder)}`;
}

/**
 * Tells the file of a socket from another one in its place; undefined where there is none, or it is no socket. A pipe of Windows cannot be removed, and
 * is always the same.
 * @throws Error where its folder cannot be read.
 */
export function socketIdentity(path: string): string | undefined {
  if (sep !== '/') return path;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? `${found.dev}:${found.ino}` : undefined;
}

/** Where a client gets the stdin and stdout of a tree with `stdio: "raw"`. */
export function rawSocketPath(folder: string, tree: string): string {
  const name = `${tree.slice(0, 7)}${rawSuffix}`;
  return sep === '/' ? join(folder, name) : `\\\\.\\pipe\\tree-warden-${basename(folder)}-${tree}`;
}

type NewWardenRecord = Omit<WardenRecord, 'format' | 'homes'> & { readonly homes: readonly string[] };

/** One warden's records; the only writer of its folder. */
export class Records {
  readonly folder: string;
  #warden: NewWardenRecord;

  /** @throws Error, as a sentence, where they cannot be written. */
  constructor(runtimeFolder: string, warden: NewWardenRecord) {
    this.folder = join(runtimeFolder, warden.warden);
    this.#warden = warden;
    try {
      mkdirSync(this.folder, { mode: 0o700 });
      this.#write(wardenFile, { format: formatVersion, ...warden });
    } catch (error) {
      throw new Error(
        `Nothing was started, because the record of running processes cannot be written to ${this.folder}: ${errorText(error)}. Make room there, or set TREE_WARDEN_RUNTIME_DIR to another folder.`,
      );
    }
  }

  /** Takes over the cgroup roots of a dead warden, together with its trees. */
  inheritCgroupRoots(roots: readonly string[]): void {
    this.#warden = { ...this.#warden, homes: [...this.#warden.homes, ...roots] };
    this.#write(wardenFile, { format: formatVersion, ...this.#warden });
  }

  get cgroupRoots(): readonly string[] {
    return this.#warden.homes;
  }

  writeTree(record: Omit<TreeRecord, 'format'>): void {
    this.#write(`${record.tree}${treeSuffix}`, { format: formatVersion, ...record, members: record.members.slice(0, maxMembers) });
  }

  removeTree(tree: TreeId): void {
    removeFile(join(this.folder, `${tree}${treeSuffix}`));
  }

  removeAll(): void {
    removeRecordFolder(this.folder);
  }

  /** Whole or not at all: a reader never sees half a record. */
  #write(name: string, record: object): void {
    const path = join(this.folder, name);
    writeNewFile(`${path}${unfinishedSuffix}`, `${JSON.stringify(record)}\n`);
    renameSync(`${path}${unfinishedSuffix}`, path);
  }
}

/**
 * Puts a record that was found in the place of itself, with other commands left.
 * @throws Error where that cannot be written; it is then as it was.
 */
export function rewriteCommands(
  { path, claimant: _, ...record }: FoundTreeRecord,
  stop: NonNullable<TreeRecord['commands']>['stop'],
): void {
  writeNewFile(`${path}${unfinishedSuffix}`, `${JSON.stringify({ ...record, commands: { ...record.commands, stop } })}\n`);
  renameSync(`${path}${unfinishedSuffix}`, path);
}

/** For so long, a folder without a record may be one of a warden that is coming or going. */
const comingAndGoingMillis = 10_000;

/** How much may still be read. */
interface Budget {
  bytes: number;
}

/**
 * Reads one warden's folder.
 * @throws Error where it has no readable warden record, or where others could have written it.
 */
export function readRecordFolder(path: string, budget: Budget = { bytes: maxTotalBytes }): RecordFolder {
  assertPrivate(path);
  const warden = wardenRecord.parse(readJson(join(path, wardenFile), budget));
  const { found, complete } = readListed(path, isTreeRecord, (name) => readTreeRecord(path, name, budget));
  const unreadable = found.filter((one) => typeof one === 'string');
  if (!complete) unreadable.unshift(`${path}: it holds more than ${maxEntries} files, and the others were not read`);
  return { path, warden, trees: found.filter((one) => typeof one === 'object'), unreadable };
}

/** Answers with what is wrong with it, where it is no valid record. */
function readTreeRecord(folder: string, name: string, budget: Budget): FoundTreeRecord | string {
  const path = join(folder, name);
  try {
    const named = treeRecordName(name);
    if (named === undefined) throw new Error('its name is not that of a tree');
    const record = treeRecord.parse(readJson(path, budget));
    if (named.tree !== record.tree) throw new Error('the tree in it is not the one in its file name');
    return { ...record, path, ...(named.claimant && { claimant: named.claimant }) };
  } catch (error) {
    if (isMissing(error)) throw error;
    return `${path}: ${describeProblem(error)}`;
  }
}

/** The folder of a warden whose record is invalid, with what is wrong with it. */
export interface UnreadableFolder {
  readonly path: string;
  readonly problem: string;
}

export interface AllRecords {
  readonly folders: readonly RecordFolder[];
  readonly unreadable: readonly UnreadableFolder[];
}

/** The folders of all wardens in the runtime folder. Folders with other names are ignored. */
export function readAllRecords(runtimeFolder: string): AllRecords {
  const folders: RecordFolder[] = [];
  const { entries, complete } = listBounded(runtimeFolder, maxEntries);
  const unreadable = complete
    ? []
    : [{ path: runtimeFolder, problem: `it holds more than ${maxEntries} entries, and the others were not read` }];
  const budget: Budget = { bytes: maxTotalBytes };
  for (const { name, isFolder } of entries) {
    if (!isFolder || !isRecordFolderName(name)) continue;
    const path = join(runtimeFolder, name);
    try {
      folders.push(readRecordFolder(path, budget));
    } catch (error) {
      // A warden that is just starting, or has just ended.
      if (isMissing(error) && !isOlderThan(path, comingAndGoingMillis)) continue;
      unreadable.push({ path, problem: describeProblem(error) });
    }
  }
  return { folders, unreadable };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** False where it is not there. */
function isOlderThan(path: string, millis: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  // A file's time is one of the clock of the day.
  const latestAt = Date.now() - millis;
  return found !== undefined && found.mtimeMs < latestAt;
}

/** The records decide which processes are killed. */
function assertPrivate(path: string): void {
  const { uid, mode } = lstatSync(path);
  // Windows has neither.
  if (!process.getuid) return;
  if (uid !== process.getuid()) throw new Error(`it belongs to another user (${uid})`);
  if ((mode & 0o022) !== 0) throw new Error('other users may write to it');
}

function readJson(path: string, budget: Budget): unknown {
  if (budget.bytes <= 0) throw new Error(`the records before it reach the limit of ${maxTotalBytes} bytes`);
  const text = readBoundedFile(path, maxRecordBytes);
  budget.bytes -= text.length;
  return JSON.parse(text);
}

function describeProblem(error: unknown): string {
  const text = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : errorText(error);
  return text.length > maxComplaint ? `${text.slice(0, maxComplaint)}…` : text;
}
