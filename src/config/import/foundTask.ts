import type { FoundSchedule } from './composeSchedule.ts';

/** As tasks.json calls them. */
export type System = 'windows' | 'linux' | 'osx';

export interface FoundTask {
  /** As it is called where it was found. */
  readonly label: string;
  readonly command: string | readonly [string, ...string[]];
  /** Relative to the folder that it was found in. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When it is run, once it is kept in a processes.json and started. */
  readonly schedule?: FoundSchedule;
  /** Further keys of its entry in a processes.json; what it depends on, by the labels of the same file. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** What all processes of its file have, below their own. */
  readonly shared?: {
    readonly env?: Readonly<Record<string, string>>;
    readonly envFile?: string;
    readonly log?: Readonly<Record<string, unknown>>;
  };
  /** What its file says of it that has no counterpart: path of the key, and why. */
  readonly left?: readonly string[];
  /** The same of the file; all processes of a file have the same. */
  readonly leftOfFile?: readonly string[];
  /** What runs the file gives each process a port of its own, in the variable PORT. */
  readonly takesPort?: boolean;
  /** Whether it looks like something that keeps running. */
  readonly likely: boolean;
  /** Zero-based line of its file. */
  readonly line: number;
}

/** A process that the workspace already knows under another form. */
export interface FoundProcess extends FoundTask {
  /** One that a processes.json may hold; the label as near as that can be. Unique among what is found. */
  readonly name: string;
  /** The file that it was found in, from the workspace folder. */
  readonly source: string;
  /** What it is one of: "npm scripts". */
  readonly kind: string;
}

/** A folder of the workspace, as a discoverer sees it. Paths are relative to it and have slashes. */
export interface ProjectFolder {
  readonly system: System;
  has(path: string): boolean;
  /** Undefined where there is no such file, or it cannot be read. */
  read(path: string): string | undefined;
  /** Names of the indexed folders in `path`; by default, in this folder. */
  folders(path?: string): readonly string[];
  /** The folder that has this one in it; undefined for that of the workspace. */
  readonly parent: ProjectFolder | undefined;
}

/** Reads one kind of file. Pure: what it finds follows from the text, and from what else is in the folder. */
export interface Discoverer {
  /** What its commands are called: "npm scripts". */
  readonly kind: string;
  /** File names, of which the first that exists counts. */
  readonly files: readonly string[];
  /** Whether a file in a folder below the workspace's counts too. */
  readonly isNested: boolean;
  /** Whether what reads the file starts all that is in it. Otherwise each is a command of its own, such as a script that deploys. */
  readonly startsAll?: boolean;
  /** May throw where the text is not what it should be; nothing is found then. */
  find(text: string, folder: ProjectFolder, file: string): readonly FoundTask[];
}
