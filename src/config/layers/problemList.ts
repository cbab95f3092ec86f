import type { Node } from 'jsonc-parser';
import type * as z from 'zod';
import { type JsonPath, JsonPaths } from '../jsonPaths.ts';
import { KnownKeys } from '../knownKeys.ts';
import { nearestKey } from '../nearestKey.ts';
import type { Place } from '../places.ts';
import type { Source } from './source.ts';

export interface Problem extends Place {
  readonly message: string;
  /** Absolute path of the file; absent for the workspace's own processes.json. */
  readonly file?: string;
  /** The JSON language of the editor reports it as well, in a file that is open there. */
  readonly isJson?: true;
}

/** Maximum number of problems that are reported for a workspace folder. */
const maxProblems = 1000;
/** Maximum length of a message, in characters: what it quotes may be of any length. */
const maxMessage = 500;

/** A file, whether or not its text could be parsed. */
type ReadText = Pick<Source, 'path' | 'places' | 'isOld'>;

/** What is wrong with the files of a workspace folder, each with its place. */
export class ProblemList {
  /** The first problem of each process and model, by name. */
  readonly mistakes = new Map<string, Problem>();
  /** The first problem that belongs to no process or model. */
  general: Problem | undefined;
  /** Name of the process or model that is being read. */
  reading: string | undefined;
  readonly paths = new JsonPaths();
  readonly #problems: Problem[] = [];
  #untold = 0;
  readonly #knownKeys = new KnownKeys();

  get all(): readonly Problem[] {
    if (this.#untold === 0) return this.#problems;
    const start = { line: 0, column: 0, endLine: 0, endColumn: 0 };
    return [...this.#problems, { ...start, message: `There are ${this.#untold} more problems.` }];
  }

  complain(source: ReadText, node: Pick<Node, 'offset' | 'length'>, message: string, isJson = false): Problem {
    const problem: Problem = { ...this.at(source, node, message), ...(isJson && { isJson }) };
    this.blame(problem);
    if (source.isOld) return problem;
    if (this.#problems.length >= maxProblems) this.#untold++;
    else this.#problems.push(problem);
    return problem;
  }

  /** A problem that is not on the list. */
  at({ path, places }: ReadText, node: Pick<Node, 'offset' | 'length'>, message: string): Problem {
    return { ...places.of(node), message: clip(message), ...(path !== undefined && { file: path }) };
  }

  /** Has a problem that is listed already be one of what is being read, too. */
  blame(problem: Problem): void {
    if (this.reading === undefined) this.general ??= problem;
    else if (!this.mistakes.has(this.reading)) this.mistakes.set(this.reading, problem);
  }

  /** Locates what a schema has found; the first of it. `path`: the path of `node` in the file. */
  report(source: Source, node: Node, path: JsonPath, error: z.ZodError): Problem | undefined {
    const found: Problem[] = [];
    for (const issue of error.issues.flatMap(innermost)) {
      const within = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      const full = [...path, ...within];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys)
          found.push(this.complain(source, this.paths.keyAt(node, [...within, key]) ?? node, this.#unknownKey(key, full)));
        continue;
      }
      const key = issue.code === 'invalid_key' ? this.paths.keyAt(node, within) : undefined;
      // A problem with a key has an issue of its own.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      found.push(this.complain(source, key ?? this.paths.nearest(node, within), `${whereIs(full)}: ${message}`));
    }
    return found[0];
  }

  #unknownKey(key: string, path: JsonPath): string {
    // Not computed for problems beyond the maximum.
    if (this.#problems.length >= maxProblems) return '';
    const known = this.#knownKeys.at(path);
    const meant = nearestKey(key, known);
    const problem = `${whereIs(path)}: there is no key '${key}'`;
    return meant === undefined
      ? `${problem}; known are ${known.join(', ')}`
      : `${problem}. Did you mean "${meant}"? Known are ${known.join(', ')}`;
  }
}

/** Of a value with several shapes: the problems inside the one shape that it has, where its parts are of the right types. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [inside, another] = issue.errors.filter((issues) =>
    issues.every(({ code, path }) => (code === 'custom' || code === 'invalid_union') && path.length > 0),
  );
  if (inside === undefined || another !== undefined) return [issue];
  return inside.map((one) => ({ ...one, path: [...issue.path, ...one.path] })).flatMap(innermost);
}

export function whereIs(path: JsonPath): string {
  return path.join('.') || 'processes.json';
}

function clip(message: string): string {
  return message.length <= maxMessage ? message : `${message.slice(0, maxMessage)}…`;
}
