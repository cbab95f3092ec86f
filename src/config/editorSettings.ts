/** The settings of VS Code, for a program outside of it: as they are in files. Defaults of settings are in none. */
import { join } from 'node:path';
import { getNodeValue, type Node } from 'jsonc-parser';
import { CannotStartError } from '../command/executable.ts';
import { JsonPaths } from './jsonPaths.ts';
import { parseJsonTree } from './jsonText.ts';
import { readTextFile, UnreadableTextError } from './textFile.ts';

export interface SettingsContext {
  /** Of the workspace. */
  readonly folder: string;
  /** Of the user. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether this is macOS, which keeps the settings of applications in a folder of its own. */
  readonly isMac: boolean;
}

/** Names of the folders that editors have for their users' data. */
const editors = ['Code', 'Code - Insiders', 'VSCodium'];

/**
 * The files that may have a setting, the strongest first; none of them need exist. Places: code.visualstudio.com, "User and workspace settings", "Portable
 * mode" and, for the machine's own settings, "Remote Development using SSH".
 */
export function settingsFiles({ folder, home, env, isMac }: SettingsContext): string[] {
  const applications = isMac
    ? join(home, 'Library', 'Application Support')
    : env['APPDATA'] || env['XDG_CONFIG_HOME'] || join(home, '.config');
  const portable = env['VSCODE_PORTABLE'];
  return [
    join(folder, '.vscode', 'settings.json'),
    join(home, '.vscode-server', 'data', 'Machine', 'settings.json'),
    ...(portable ? [join(portable, 'user-data', 'User', 'settings.json')] : []),
    ...editors.map((name) => join(applications, name, 'User', 'settings.json')),
  ];
}

/** Maximum number of parts of the name of a setting that may be spread over nested objects. */
const maxParts = 10;

/** Reads each file when it is needed for the first time. */
export class EditorSettings {
  readonly #paths: readonly string[];
  readonly #trees = new Map<string, Node | undefined>();
  readonly #json = new JsonPaths();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /**
   * As it is written in the strongest file that has it.
   * @throws CannotStartError where no file has it, or one cannot be read.
   */
  valueOf(name: string): unknown {
    for (const path of this.#paths) {
      const tree = this.#treeOf(path);
      const node = tree && this.#find(tree, name.split('.'));
      if (node) return getNodeValue(node);
    }
    throw new CannotStartError(
      `The setting '${name}' is in none of the files where it was looked for: ${this.#paths.join(', ')}. A default of VS Code is known in the editor only; write the setting into the first of these files.`,
    );
  }

  #treeOf(path: string): Node | undefined {
    if (!this.#trees.has(path)) this.#trees.set(path, read(path));
    return this.#trees.get(path);
  }

  /** Names may be written in one, or as objects within objects. */
  #find(tree: Node, parts: readonly string[]): Node | undefined {
    if (tree.type !== 'object') return undefined;
    for (let length = parts.length; length > 0; length--) {
      const value = this.#json.valueAt(tree, [parts.slice(0, length).join('.')]);
      const found = value && length < parts.length ? this.#find(value, parts.slice(length)) : value;
      if (found || parts.length > maxParts) return found;
    }
    return undefined;
  }
}

/** What is wrong with it is left aside, as VS Code does, where there is something to read. */
function read(path: string): Node | undefined {
  try {
    return parseJsonTree(readTextFile(path)).tree;
  } catch (error) {
    if (error instanceof UnreadableTextError && error.isMissing) return undefined;
    throw new CannotStartError(`Cannot read the settings in ${path}: ${(error as Error).message}.`);
  }
}
