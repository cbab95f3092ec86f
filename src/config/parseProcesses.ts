import { getNodeValue, type Node } from 'jsonc-parser';
import type * as z from 'zod';
import { nameProblem, normalName } from '../protocol/names.ts';
import { type JsonPath, JsonPaths } from './jsonPaths.ts';
import { parseJsonTree } from './jsonText.ts';
import { KnownKeys } from './knownKeys.ts';
import { type McpServerSpec, mcpServerSchema } from './mcpServerSchema.ts';
import { type ModelSpec, modelSchema } from './modelSchema.ts';
import { type Place, Places } from './places.ts';
import { type ProcessSpec, processSpecSchema } from './processSchema.ts';
import { processesFile } from './schema.ts';
import { maxTextBytes, withoutByteOrderMark } from './textFile.ts';

export interface Problem extends Place {
  readonly message: string;
}

export interface ParsedProcesses {
  /** In the order of the file. An invalid entry is left out, or is the one from before the file was changed. */
  readonly specs: ReadonlyMap<string, ProcessSpec>;
  readonly models: ReadonlyMap<string, ModelSpec>;
  readonly mcpServers: ReadonlyMap<string, McpServerSpec>;
  readonly problems: readonly Problem[];
  /** Where the name of each process and each model stands, for "reveal". */
  readonly lines: ReadonlyMap<string, number>;
}

const nothing: ParsedProcesses = { specs: new Map(), models: new Map(), mcpServers: new Map(), problems: [], lines: new Map() };

/** Maximum number of processes, and of models, of one file. */
const maxEntries = 10_000;
/** Maximum number of problems that are reported for one file. */
const maxProblems = 1000;
/** Maximum length of a message, in characters: what it quotes may be of any length. */
const maxMessage = 500;

/**
 * Reads a processes.json with comments and trailing commas. Never throws: what is wrong is in the answer, with its place.
 * Of `before`, what the same file declared last, all is kept that cannot be read now. Its time grows with the length of the text.
 */
export function parseProcesses(written: string, before = nothing): ParsedProcesses {
  const text = withoutByteOrderMark(written);
  if (text.length > maxTextBytes) {
    const message = `The file is larger than ${maxTextBytes / 2 ** 20} MB; none of it is read.`;
    return { ...before, problems: [{ line: 0, column: 0, endLine: 0, endColumn: 0, message }] };
  }
  const places = new Places(text);
  const { tree, faults } = parseJsonTree(text);
  if (faults.length > 0) return { ...before, problems: faults.map((fault) => ({ ...places.of(fault), message: fault.message })) };
  if (tree === undefined) {
    const empty: Problem = { ...places.of({ offset: 0, length: 0 }), message: 'The file is empty. Start with { "processes": { } }' };
    return { ...before, problems: [empty] };
  }
  const reader = new SectionReader(tree, places);
  reader.readTop();
  const specs = reader.read('processes', processSpecSchema, before.specs);
  const models = reader.read('models', modelSchema, before.models);
  const mcpServers = reader.read('mcpServers', mcpServerSchema, before.mcpServers);
  return {
    specs: specs ?? before.specs,
    models: models ?? before.models,
    mcpServers: mcpServers ?? before.mcpServers,
    problems: reader.problems,
    lines: reader.lines,
  };
}

type Section = 'processes' | 'models' | 'mcpServers';
const sections: readonly string[] = ['processes', 'models', 'mcpServers'] satisfies Section[];

function notAnObject(section: Section): string {
  return `"${section}" must be an object: { "name": { ${section === 'models' ? '"runtime"' : '"command"'}: "…" } }`;
}

/** Reads the sections of one file entry by entry, so that a mistake in one does not take the others away. */
class SectionReader {
  readonly lines = new Map<string, number>();
  readonly #problems: Problem[] = [];
  #untold = 0;
  readonly #tree: Node;
  readonly #places: Places;
  readonly #paths = new JsonPaths();
  readonly #knownKeys = new KnownKeys();

  constructor(tree: Node, places: Places) {
    this.#tree = tree;
    this.#places = places;
  }

  get problems(): readonly Problem[] {
    if (this.#untold === 0) return this.#problems;
    return [...this.#problems, { ...this.#places.of({ offset: 0, length: 0 }), message: `There are ${this.#untold} more problems.` }];
  }

  /** What stands beside the sections. */
  readTop(): void {
    const properties = this.#tree.type === 'object' ? (this.#tree.children ?? []) : [];
    const names = new Set<string>();
    const others: [string, unknown][] = [];
    for (const { children: [key, value] = [] } of properties) {
      if (!key) continue;
      const name = String(key.value);
      if (names.has(name)) this.#complain(key, `processes.json: there is a second '${name}'; the later one counts`);
      names.add(name);
      if (value && !sections.includes(name)) others.push([name, getNodeValue(value)]);
    }
    const checked = processesFile.safeParse(Object.fromEntries(others));
    if (!checked.success) this.#report(this.#tree, [], checked.error);
    if (!sections.some((section) => names.has(section))) this.#complain(this.#tree, notAnObject('processes'));
  }

  /** The declarations of the file, with invalid ones as they were before; undefined where the file cannot be read at all. */
  read<T>(section: Section, schema: z.ZodType<T>, before: ReadonlyMap<string, T>): Map<string, T> | undefined {
    const declared = this.#paths.valueAt(this.#tree, [section]);
    if (declared === undefined) return this.#tree.type === 'object' ? new Map() : undefined;
    if (declared.type !== 'object') {
      this.#complain(declared, notAnObject(section));
      return undefined;
    }
    const entries = new Map<string, T>();
    // The server of a client is no name of the warden's: a process may have the same.
    const lines = section === 'mcpServers' ? new Map<string, number>() : this.lines;
    for (const [index, { children: [key, value] = [] }] of (declared.children ?? []).entries()) {
      if (!key || !value) continue;
      if (index >= maxEntries) {
        this.#complain(key, `${section}: there are more than ${maxEntries}; those from here on are left out`);
        break;
      }
      const name = normalName(String(key.value));
      if (lines.has(name) && section === 'models' && !entries.has(name)) {
        this.#complain(key, `models.${name}: a process has this name; its servers could not be told from it`);
        continue;
      }
      if (lines.has(name)) this.#complain(key, `${section}.${name}: this name is used twice; the later one counts`);
      lines.set(name, this.#places.of(key).line);
      const wrongName = nameProblem(name);
      if (wrongName !== undefined) this.#complain(key, `${section}.${name}: ${wrongName}`);
      const entry = schema.safeParse(getNodeValue(value));
      if (!entry.success) this.#report(value, [section, name], entry.error);
      const kept = entry.success && wrongName === undefined ? entry.data : before.get(name);
      if (kept) entries.set(name, kept);
      else entries.delete(name);
    }
    return entries;
  }

  #complain(node: Node, message: string): void {
    if (this.#problems.length >= maxProblems) this.#untold++;
    else this.#problems.push({ ...this.#places.of(node), message: clip(message) });
  }

  /** Locates a problem in the file. `path`: the path of `node` in it. */
  #report(node: Node, path: JsonPath, error: z.ZodError): void {
    for (const issue of error.issues.flatMap(innermost)) {
      const within = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      const full = [...path, ...within];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.#complain(this.#paths.keyAt(node, [...within, key]) ?? node, this.#unknownKey(key, full));
        continue;
      }
      const key = issue.code === 'invalid_key' ? this.#paths.keyAt(node, within) : undefined;
      // A problem with a key has an issue of its own.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      this.#complain(key ?? this.#paths.nearest(node, within), `${whereIs(full)}: ${message}`);
    }
  }

  #unknownKey(key: string, path: JsonPath): string {
    // Not computed for problems beyond the maximum.
    if (this.#problems.length >= maxProblems) return '';
    return `${whereIs(path)}: there is no key '${key}'; known are ${this.#knownKeys.at(path).join(', ')}`;
  }
}

/** Of a value with several shapes: the problems inside the one shape that it has, where its parts are of the right types. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [inside, another] = issue.errors.filter((issues) => issues.every(({ code, path }) => code === 'custom' && path.length > 0));
  if (inside === undefined || another !== undefined) return [issue];
  return inside.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
}

function whereIs(path: JsonPath): string {
  return path.join('.') || 'processes.json';
}

function clip(message: string): string {
  return message.length <= maxMessage ? message : `${message.slice(0, maxMessage)}…`;
}
