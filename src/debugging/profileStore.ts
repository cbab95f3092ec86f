import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export type ProfileKind = 'cpuprofile' | 'heapsnapshot';

/** How many files of a kind are kept: a snapshot is as large as a heap. */
const kept: Readonly<Record<ProfileKind, number>> = { cpuprofile: 20, heapsnapshot: 3 };

/** The folder of the profiles that were recorded last. They hold what the processes had in their memory, so other users have no access. */
export class ProfileStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path of a file that is not there yet. Makes room for it: the oldest ones of its kind are removed. */
  async newFile(label: string, pid: number, kind: ProfileKind, now = new Date()): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith(`.${kind}`));
    const dated = await Promise.all(files.map(async (name) => ({ name, millis: await this.#changedAt(name) })));
    const surplus = dated.sort((a, b) => b.millis - a.millis).slice(kept[kind] - 1);
    await Promise.all(surplus.map(({ name }) => this.remove(join(this.#folder, name))));
    return join(this.#folder, profileName(label, pid, kind, now));
  }

  /** One that is not there is no failure. */
  async remove(file: string): Promise<void> {
    await unlink(file).catch(() => undefined);
  }

  async #changedAt(name: string): Promise<number> {
    return await stat(join(this.#folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  }
}

/** `api-1234-20260131-120000.cpuprofile`, for any name of a process. */
export function profileName(label: string, pid: number, kind: ProfileKind, now: Date): string {
  const name = label
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._-]+/, '')
    .slice(0, 60);
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${name}-${pid}-${time}.${kind}`;
}
