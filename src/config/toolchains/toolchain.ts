/** Programs that a process finds before all others, and the variables that belong to them. */
import { delimiter } from 'node:path';

/** An environment that is selected elsewhere, such as in VS Code. */
export interface PythonEnvironment {
  /** Its `sys.prefix`, absolute. */
  readonly folder: string;
  readonly isConda: boolean;
  /** Folder of its interpreter, absolute, where that is known. */
  readonly bin?: string;
}

export interface Toolchain {
  readonly name: 'python' | 'node';
  /** Folders that come first in PATH, absolute. */
  readonly bins: readonly string[];
  /** Below what the process declares itself; null removes a variable. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Which one it is, for people. */
  readonly place: string;
}

export interface ToolchainContext {
  /** What relative paths mean, absolute. */
  readonly folder: string;
  /** Where a project's own is looked for, absolute, the nearest first. */
  readonly folders: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Home folder of the user. */
  readonly home: string;
  /** The one that is selected in the editor; undefined where none is. */
  selectedPython?(): Promise<PythonEnvironment | undefined>;
  /** Hears of each file that decides, also of those that do not exist. */
  onFile?(path: string): void;
}

/** The name under which an environment has its PATH: Windows writes `Path`. */
export function pathName(env: Readonly<Record<string, unknown>>): string {
  return Object.hasOwn(env, 'PATH') ? 'PATH' : (Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH');
}

/** These folders in front of a PATH, which may be empty. */
export function pathWith(bins: readonly string[], before: string): string {
  return [...bins, ...(before === '' ? [] : [before])].join(delimiter);
}
