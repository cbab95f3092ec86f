/**
 * What has to be known after a crash, on disk: one folder a warden, one file a tree. Everything read back is checked:
 * the wrong pid in a record would kill the wrong process.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import * as z from 'zod';
import { errorText } from '../protocol/errors.ts';
import type { TreeId, WardenId } from '../protocol/messages.ts';

const formatVersion = 1;

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
  /** Of its trees: whether they end when nobody owns them any more. */
  lifetime: z.enum(['managed', 'detached']),
  startedAt: z.number(),
  /** Where it may have made containers, to be removed after a crash. */
  homes: z.array(z.string()),
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
  containment: z.enum(['group', 'cgroup', 'namespace', 'job']),
  /** Where its container is found again; null where nothing of it outlives the warden. */
  container: z.string().nullable(),
  /** What another warden needs to take it over, for a detached tree; no environment, and secrets masked. */
  detached: z
    .object({
      group: z.string().optional(),
      commandLine: z.string(),
      cwd: z.string(),
      log: z.string(),
      stop: z.array(
        z.union([z.object({ signal: z.string().regex(/^SIG[A-Z0-9+]+$/) }), z.object({ waitMillis: z.number().nonnegative() })]),
      ),
    })
    .nullable(),
  /** Seen so far, the leader included; the marks find the others. */
  members: z.array(identity),
});

export type WardenRecord = z.output<typeof wardenRecord>;
export type TreeRecord = z.output<typeof treeRecord>;

export interface RecordFolder {
  readonly path: string;
  readonly warden: WardenRecord;
  readonly trees: readonly TreeRecord[];
  /** Files that are not what they should be, each with what is wrong; never acted upon. */
  readonly unreadable: readonly string[];
}

const wardenFile = 'warden.json';
const treeSuffix = '.tree.json';

/** Where the warden of this folder listens. On Windows, where sockets have no place on disk, it is a pipe of that name. */
export function socketPath(folder: string): string {
  return sep === '/' ? join(folder, 'warden.sock') : `\\\\.\\pipe\\tree-warden-${basename(folder)}`;
}

type NewWardenRecord = Omit<WardenRecord, 'format' | 'homes'> & { readonly homes: readonly string[] };

/** One warden's records; the only writer of its folder. */
export class Records {
  readonly folder: string;
  #warden: NewWardenRecord;

  constructor(runtimeFolder: string, warden: NewWardenRecord) {
    this.folder = join(runtimeFolder, warden.warden);
    this.#warden = warden;
    mkdirSync(this.folder, { mode: 0o700 });
    this.#write(wardenFile, { format: formatVersion, ...warden });
  }

  /** Takes on the homes of a dead warden, together with its trees. */
  inheritHomes(homes: readonly string[]): void {
    this.#warden = { ...this.#warden, homes: [...this.#warden.homes, ...homes] };
    this.#write(wardenFile, { format: formatVersion, ...this.#warden });
  }

  get homes(): readonly string[] {
    return this.#warden.homes;
  }

  writeTree(record: Omit<TreeRecord, 'format'>): void {
    this.#write(`${record.tree}${treeSuffix}`, { format: formatVersion, ...record });
  }

  removeTree(tree: TreeId): void {
    rmSync(join(this.folder, `${tree}${treeSuffix}`), { force: true });
  }

  removeAll(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Whole or not at all: a reader never sees half a record. */
  #write(name: string, record: object): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

/**
 * Reads one warden's folder.
 * @throws Error where it has no readable warden record.
 */
export function readRecordFolder(path: string): RecordFolder {
  const warden = wardenRecord.parse(readJson(join(path, wardenFile)));
  const trees: TreeRecord[] = [];
  const unreadable: string[] = [];
  for (const name of readdirSync(path).filter((entry) => entry.endsWith(treeSuffix))) {
    try {
      const record = treeRecord.parse(readJson(join(path, name)));
      if (name !== `${record.tree}${treeSuffix}`) throw new Error('it names another tree than its file does');
      trees.push(record);
    } catch (error) {
      unreadable.push(`${join(path, name)}: ${describeProblem(error)}`);
    }
  }
  return { path, warden, trees, unreadable };
}

/** All wardens' folders in the runtime folder; unreadable ones with what is wrong with them. */
export function readAllRecords(runtimeFolder: string): {
  readonly folders: readonly RecordFolder[];
  readonly unreadable: readonly { readonly path: string; readonly problem: string }[];
} {
  const folders: RecordFolder[] = [];
  const unreadable: { readonly path: string; readonly problem: string }[] = [];
  for (const entry of readdirSync(runtimeFolder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(runtimeFolder, entry.name);
    try {
      folders.push(readRecordFolder(path));
    } catch (error) {
      unreadable.push({ path, problem: describeProblem(error) });
    }
  }
  return { folders, unreadable };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function describeProblem(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll('\n', ' ');
  return errorText(error);
}
