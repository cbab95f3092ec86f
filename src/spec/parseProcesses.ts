import { findNodeAtLocation, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type * as z from 'zod';
import { type ModelSpec, modelSchema } from './modelSchema.ts';
import { type ProcessSpec, processSpecSchema } from './processSchema.ts';
import { nameSchema, processesFile, processesJsonSchema } from './schema.ts';

/** Zero-based, as editors count; people are shown one more. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
}

export interface ParsedProcesses {
  /** In the file's order. What is wrong is not among them, or is there as it was before. */
  readonly specs: ReadonlyMap<string, ProcessSpec>;
  readonly models: ReadonlyMap<string, ModelSpec>;
  readonly problems: readonly Problem[];
  /** Where the name of each process and each model stands, for "reveal". */
  readonly lines: ReadonlyMap<string, number>;
}

const nothing: ParsedProcesses = { specs: new Map(), models: new Map(), problems: [], lines: new Map() };

/**
 * Reads a processes.json with comments and trailing commas. Never throws: what is wrong is in the answer, with its place.
 * Of `before`, what the same file declared last, all is kept that cannot be read now.
 */
export function parseProcesses(text: string, before = nothing): ParsedProcesses {
  const place = placesIn(text);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (tree === undefined) {
    const empty: Problem = { ...place(0, 0), message: 'The file is empty. Start with { "processes": { } }' };
    return { ...before, problems: [empty] };
  }
  const syntax = errors.map((error): Problem => ({ ...place(error.offset, error.length), message: syntaxMessage(error) }));
  if (syntax.length > 0) return { ...before, problems: syntax };
  const reader = new SectionReader(tree, place);
  const whole = processesFile.safeParse(without(getNodeValue(tree), ['processes', 'models']));
  if (!whole.success) reader.report([], whole.error);
  if (!findNodeAtLocation(tree, ['processes']) && !findNodeAtLocation(tree, ['models'])) reader.complain(tree, notAnObject('processes'));
  const specs = reader.read('processes', processSpecSchema, before.specs);
  const models = reader.read('models', modelSchema, before.models);
  return { specs: specs ?? before.specs, models: models ?? before.models, problems: reader.problems, lines: reader.lines };
}

function notAnObject(section: Section): string {
  return `"${section}" must be an object: { "name": { ${section === 'models' ? '"runtime"' : '"command"'}: "…" } }`;
}

type Section = 'processes' | 'models';

/** Reads the sections of one file entry by entry, so that a mistake in one does not take the others away. */
class SectionReader {
  readonly problems: Problem[] = [];
  readonly lines = new Map<string, number>();
  readonly #tree: Node;
  readonly #place: Place;

  constructor(tree: Node, place: Place) {
    this.#tree = tree;
    this.#place = place;
  }

  complain(node: Node, message: string): void {
    this.problems.push({ ...placeOf(node, this.#place), message });
  }

  /** Says where what is wrong stands. */
  report(path: readonly (string | number)[], error: z.ZodError): void {
    for (const issue of error.issues) {
      const full = [...path, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.complain(keyNode(this.#tree, [...full, key]) ?? this.#tree, unknownKey(key, full));
        continue;
      }
      const node = issue.code === 'invalid_key' ? keyNode(this.#tree, full) : nodeOrParent(this.#tree, full);
      this.complain(node ?? this.#tree, `${full.join('.') || 'processes.json'}: ${issue.message}`);
    }
  }

  /** What is declared there, with what is broken as it was before; undefined where nothing of it can be read. */
  read<T>(section: Section, schema: z.ZodType<T>, before: ReadonlyMap<string, T>): Map<string, T> | undefined {
    const declared = findNodeAtLocation(this.#tree, [section]);
    if (declared === undefined) return this.#tree.type === 'object' ? new Map() : undefined;
    if (declared.type !== 'object') {
      this.complain(declared, notAnObject(section));
      return undefined;
    }
    const entries = new Map<string, T>();
    for (const property of declared.children ?? []) {
      const [key, value] = property.children ?? [];
      if (!key || !value) continue;
      const name = String(key.value);
      if (this.lines.has(name) && section === 'models' && !entries.has(name)) {
        this.complain(key, `models.${name}: a process has this name; its servers could not be told from it`);
        continue;
      }
      if (this.lines.has(name)) this.complain(key, `${section}.${name}: this name is used twice; the later one counts`);
      this.lines.set(name, placeOf(key, this.#place).line);
      const nameCheck = nameSchema.safeParse(name);
      if (!nameCheck.success) this.complain(key, `${section}.${name}: ${nameCheck.error.issues[0]?.message ?? 'not a name'}`);
      const entry = schema.safeParse(getNodeValue(value));
      if (!entry.success) this.report([section, name], entry.error);
      const kept = entry.success && nameCheck.success ? entry.data : before.get(name);
      if (kept) entries.set(name, kept);
      else entries.delete(name);
    }
    return entries;
  }
}

function without(value: unknown, keys: readonly string[]): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([name]) => !keys.includes(name)));
}

function unknownKey(key: string, path: readonly (string | number)[]): string {
  const where = path.length > 0 ? path.join('.') : 'processes.json';
  return `${where}: there is no key '${key}'; known are ${knownKeys(path).join(', ')}`;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
}

/** What may stand there, as the editor's schema has it. */
function knownKeys(path: readonly (string | number)[]): string[] {
  let schemas: readonly JsonSchema[] = [processesJsonSchema()];
  const alternatives = (schema: JsonSchema): readonly JsonSchema[] => [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
  for (const part of path) {
    schemas = schemas.flatMap(alternatives).flatMap(({ properties, additionalProperties }) => {
      const next = properties?.[part] ?? additionalProperties;
      return typeof next === 'object' ? [next] : [];
    });
  }
  return schemas.flatMap(alternatives).flatMap(({ properties = {} }) => Object.keys(properties));
}

function syntaxMessage({ error }: ParseError): string {
  const words = printParseErrorCode(error)
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return `Not valid JSON: ${words}`;
}

function nodeOrParent(tree: Node, path: readonly (string | number)[]): Node | undefined {
  return findNodeAtLocation(tree, [...path]) ?? (path.length > 0 ? nodeOrParent(tree, path.slice(0, -1)) : tree);
}

function keyNode(tree: Node, path: readonly (string | number)[]): Node | undefined {
  return findNodeAtLocation(tree, [...path])?.parent?.children?.[0];
}

type Place = (offset: number, length: number) => Omit<Problem, 'message'>;

function placeOf(node: Node, place: Place): Omit<Problem, 'message'> {
  return place(node.offset, node.length);
}

function placesIn(text: string): Place {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  const at = (offset: number): { line: number; column: number } => {
    const line = starts.findLastIndex((start) => start <= offset);
    return { line, column: offset - (starts[line] ?? 0) };
  };
  return (offset, length) => {
    const end = at(offset + length);
    return { ...at(offset), endLine: end.line, endColumn: end.column };
  };
}
