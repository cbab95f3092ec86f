/** Files in which servers keep the prompts that they have worked on: `PROMPTS/MODEL/INSTANCE-SLOT.bin`. */
import { mkdir, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const namePattern = /^(\d{1,4})-(\d{1,4})\.bin$/;
/** Of a model's folder: of its declaration. */
const folderPattern = /^[0-9a-f]{32}$/;
/** Of all models together. */
export const most = { bytes: 16 * 2 ** 30, ageMillis: 7 * 24 * 3_600_000 } as const;

export interface PromptFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
}

/** Makes the folder again, where it was empty for so long that it is gone. @throws the system's error. */
export async function ensureFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

export function fileName(instance: number, slot: number): string {
  return `${instance}-${slot}.bin`;
}

/** What is too old, and the oldest of what is too much. */
export function superfluous(files: readonly PromptFile[], now: number): PromptFile[] {
  let bytes = 0;
  return files
    .toSorted((a, b) => b.at - a.at)
    .filter((file) => {
      if (now - file.at > most.ageMillis) return true;
      bytes += file.bytes;
      return bytes > most.bytes;
    });
}

/** Slots of an instance that have a file. */
export async function savedSlots(folder: string, instance: number): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const [, owner, slot] = name.match(namePattern) ?? [];
    return Number(owner) === instance ? [Number(slot)] : [];
  });
}

export async function removeFile(folder: string, instance: number, slot: number): Promise<void> {
  await unlink(join(folder, fileName(instance, slot))).catch(() => undefined);
}

/**
 * Removes what is superfluous in the folders of all models that are beside this one, and folders that have been empty for long: a server that runs may have one in which
 * nothing is yet.
 */
export async function tidy(folder: string, now: number): Promise<void> {
  const root = dirname(folder);
  const folders = (await readdir(root).catch(() => [])).filter((name) => folderPattern.test(name)).map((name) => join(root, name));
  const files = (await Promise.all(folders.map(filesIn))).flat();
  for (const { path } of superfluous(files, now)) await unlink(path).catch(() => undefined);
  for (const other of folders) {
    const { mtimeMs = now } = (await stat(other).catch(() => undefined)) ?? {};
    // One that has something in it stays.
    if (other !== folder && now - mtimeMs > most.ageMillis) await rmdir(other).catch(() => undefined);
  }
}

async function filesIn(folder: string): Promise<PromptFile[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => namePattern.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const file = await stat(path).catch(() => undefined);
      return file?.isFile() ? [{ path, bytes: file.size, at: file.mtimeMs }] : [];
    }),
  );
  return found.flat();
}
