/** The files that a workspace's processes.json takes in, read within bounds. */
import { basename, dirname } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import { parseJsonTree } from '../jsonText.ts';
import { pathIn } from '../pathIn.ts';
import { Places } from '../places.ts';
import { UnreadableTextError, withoutByteOrderMark } from '../textFile.ts';
import type { ProblemList } from './problemList.ts';
import type { Source } from './source.ts';

/** How files are reached; both throw where there is none. */
export interface FileAccess {
  read(path: string): string;
  /** Without symbolic links. */
  realPath(path: string): string;
}

/** Maximum number of included files of a workspace folder. */
const maxFiles = 64;
/** Maximum number of files that include each other in a row. */
const maxDepth = 8;
/** Maximum length of all included files together, in UTF-16 code units. */
const maxTotal = 8 * 2 ** 20;

/** Where an `include` stands. */
interface Includer {
  readonly source: Source;
  /** Absolute. */
  readonly folder: string;
  /** Real paths of the files that lead here, its own the last. */
  readonly chain: readonly string[];
}

export interface IncludeContext {
  readonly access: FileAccess;
  readonly problems: ProblemList;
  /** The last texts without a mistake of JSON, by real path. */
  readonly lastTexts: ReadonlyMap<string, string>;
  /** Reads a file that was parsed; the files that it includes. */
  take(source: Source): readonly string[];
}

/** Reads files and what they include, each file once, however often it is included. */
export class IncludedFiles {
  /** Texts without a mistake of JSON, by real path. */
  readonly texts = new Map<string, string>();
  /** What to watch: each path as it is written, and without symbolic links, also where there is no file yet. */
  readonly watched = new Set<string>();
  readonly #context: IncludeContext;
  readonly #taken = new Set<string>();
  #total = 0;
  #isPartial = false;

  constructor(context: IncludeContext) {
    this.#context = context;
  }

  /** Whether some file could not be read, whose processes are not known. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** Reads none of them, and says so: they may be anywhere. */
  leaveOut(include: readonly string[], source: Source): void {
    if (include.length === 0) return;
    this.#isPartial = true;
    const node = this.#context.problems.paths.nearest(source.tree, ['include']);
    this.#context.problems.complain(source, node, 'include: other files are read only in a workspace that is trusted');
  }

  /** To be called for the workspace's own files. */
  follow(include: readonly string[], from: Includer): void {
    for (const [index, written] of include.entries()) this.#follow(written, index, from);
  }

  /** Parses a text; where that is not possible, the one before it counts, and is marked as old. */
  parse(path: string, text: string, folder: string | undefined): Source | undefined {
    const { problems, lastTexts } = this.#context;
    const written = withoutByteOrderMark(text);
    const places = new Places(written);
    const own = { path, ...(folder !== undefined && { folder }) };
    const { tree, faults } = parseJsonTree(written);
    for (const fault of faults) problems.complain({ ...own, places }, fault, fault.message, fault.isJson === true);
    if (faults.length === 0) {
      this.texts.set(path, written);
      return tree && { ...own, tree, places };
    }
    const last = lastTexts.get(path);
    if (last === undefined) return undefined;
    this.texts.set(path, last);
    const before = parseJsonTree(last);
    return before.tree && { ...own, tree: before.tree, places: new Places(last), isOld: true };
  }

  #follow(written: string, index: number, from: Includer): void {
    const { access, problems } = this.#context;
    const node = problems.paths.nearest(from.source.tree, ['include', index]);
    const complain = (message: string): void => {
      this.#isPartial = true;
      problems.complain(from.source, node, `include.${index}: ${message}`);
    };
    const path = pathIn(from.folder, written);
    this.watched.add(path);
    let real: string;
    let text: string;
    try {
      real = access.realPath(path);
      this.watched.add(real);
      if (from.chain.includes(real)) {
        complain(`the files include each other in a circle: ${[...from.chain.slice(from.chain.indexOf(real)), real].join(' → ')}`);
        return;
      }
      if (this.#taken.has(real)) return;
      if (this.#taken.size >= maxFiles) {
        complain(`there are more than ${maxFiles} included files; this one is left out`);
        return;
      }
      if (from.chain.length > maxDepth) {
        complain(`the files include each other more than ${maxDepth} levels deep; this one is left out`);
        return;
      }
      text = access.read(real);
    } catch (error) {
      complain(`cannot read ${path}: ${error instanceof UnreadableTextError ? error.message : errorText(error)}`);
      return;
    }
    this.#taken.add(real);
    this.#total += text.length;
    if (this.#total > maxTotal) {
      complain(`the included files are larger than ${maxTotal / 2 ** 20} MB together; this one is left out`);
      return;
    }
    const folder = folderOf(real);
    const source = this.parse(real, text, folder);
    if (source === undefined) this.#isPartial = true;
    else this.follow(this.#context.take(source), { source, folder, chain: [...from.chain, real] });
  }
}

/** What the paths of a file are relative to: the folder that has it in its `.vscode`, or its own. */
export function folderOf(path: string): string {
  const folder = dirname(path);
  return basename(folder) === '.vscode' ? dirname(folder) : folder;
}
