/** Names of what several folders of one window declare: unique in the window, and kept for as long as something runs under them. */
import { freeNameLike, maxNameLength, modelDependency, modelOfDependency, nameFrom } from '../protocol/names.ts';

export interface NamedEntry {
  /** Identifies the declaration in the window, however often its file is read. */
  readonly key: string;
  /** The name in its file. */
  readonly written: string;
  /** See {@link folderLabels}. */
  readonly folder: string;
}

export interface LabeledFolder {
  readonly name: string;
  /** With `/` between its parts. */
  readonly path: string;
}

/** A name for each folder that no other one has: its own, or as much of the end of its path as tells it apart. */
export function folderLabels(folders: readonly LabeledFolder[]): string[] {
  return folders.map(({ name, path }, index) => {
    const namesakes = folders.filter((other, at) => at !== index && other.name === name);
    if (namesakes.length === 0) return name;
    const parts = path.split('/').filter(Boolean);
    const end = (count: number): string => parts.slice(-count).join('/');
    const length = parts.findIndex((_, at) => !namesakes.some((other) => `/${other.path}`.endsWith(`/${end(at + 1)}`))) + 1;
    return length === 0 ? name : end(length);
  });
}

/** A name as it is in its file, with the folder in front. */
export function nameInFolder(folder: string, written: string): string {
  return `${nameFrom(folder, 'folder').slice(0, Math.max(1, maxNameLength - written.length - 1))}/${written}`;
}

/** What one folder's file declares: the name in the window of a name in the file; undefined where it declares no such thing. */
export interface NamesOfFile {
  process(written: string): string | undefined;
  model(written: string): string | undefined;
}

/** What the window calls that which one folder's file names, a process or, in a dependency, a model; the same where the file declares neither. */
export function nameInWindow(written: string, file: NamesOfFile): string {
  const process = file.process(written);
  if (process !== undefined) return process;
  const wanted = modelOfDependency(written);
  const model = wanted === undefined ? undefined : file.model(wanted);
  return model === undefined ? written : modelDependency(model);
}

/** Names by the keys of their entries. */
export class WindowNames {
  readonly #isInUse: (name: string) => boolean;
  #assigned: ReadonlyMap<string, string> = new Map();

  /** `isInUse`: whether something runs under this name. */
  constructor(isInUse: (name: string) => boolean) {
    this.#isInUse = isInUse;
  }

  /** The one of each entry that was assigned last. */
  of(key: string): string | undefined {
    return this.#assigned.get(key);
  }

  /** What several folders have under the same name has its folder's in front. What runs keeps the name that it was started with, also without an entry. */
  assign(entries: readonly NamedEntry[]): void {
    const next = new Map([...this.#assigned].filter(([, name]) => this.#isInUse(name)));
    const counts = new Map<string, number>();
    for (const { written } of entries) counts.set(written, (counts.get(written) ?? 0) + 1);
    const taken = new Set(next.values());
    for (const { key, written, folder } of entries) {
      if (next.has(key)) continue;
      const isAmbiguous = (counts.get(written) ?? 0) > 1 || taken.has(written);
      const name = freeNameLike(isAmbiguous ? nameInFolder(folder, written) : written, (one) => taken.has(one));
      next.set(key, name);
      taken.add(name);
    }
    this.#assigned = next;
  }
}
