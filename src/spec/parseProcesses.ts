import { findNodeAtLocation, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type * as z from 'zod';
import { type ProcessSpec, processesFile, processesJsonSchema, processNameSchema, processSpecSchema } from './schema.ts';

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
  readonly problems: readonly Problem[];
  /** Where each spec's name stands, for "reveal". */
  readonly lines: ReadonlyMap<string, number>;
}

const nothing: ParsedProcesses = { specs: new Map(), problems: [], lines: new Map() };

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
  const problemsAt = (path: readonly (string | number)[], error: z.ZodError): Problem[] =>
    error.issues.flatMap((issue) => {
      const full = [...path, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => ({ ...placeOf(keyNode(tree, [...full, key]) ?? tree, place), message: unknownKey(key, full) }));
      }
      const node = issue.code === 'invalid_key' ? keyNode(tree, full) : nodeOrParent(tree, full);
      return [{ ...placeOf(node ?? tree, place), message: `${full.join('.') || 'processes.json'}: ${issue.message}` }];
    });
  const whole = processesFile.safeParse({ processes: {}, ...without(getNodeValue(tree), 'processes') });
  const problems: Problem[] = whole.success ? [] : problemsAt([], whole.error);
  const declared = findNodeAtLocation(tree, ['processes']);
  if (declared?.type !== 'object') {
    problems.push({ ...placeOf(declared ?? tree, place), message: '"processes" must be an object: { "name": { "command": "…" } }' });
    return { ...before, problems };
  }
  const specs = new Map<string, ProcessSpec>();
  const lines = new Map<string, number>();
  for (const property of declared.children ?? []) {
    const [key, value] = property.children ?? [];
    if (!key || !value) continue;
    const name = String(key.value);
    if (lines.has(name))
      problems.push({ ...placeOf(key, place), message: `processes.${name}: this name is used twice; the later one counts` });
    lines.set(name, placeOf(key, place).line);
    const nameCheck = processNameSchema.safeParse(name);
    if (!nameCheck.success)
      problems.push({ ...placeOf(key, place), message: `processes.${name}: ${nameCheck.error.issues[0]?.message ?? 'not a name'}` });
    const spec = processSpecSchema.safeParse(getNodeValue(value));
    if (!spec.success) problems.push(...problemsAt(['processes', name], spec.error));
    const kept = spec.success && nameCheck.success ? spec.data : before.specs.get(name);
    if (kept) specs.set(name, kept);
    else specs.delete(name);
  }
  return { specs, problems, lines };
}

function without(value: unknown, key: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
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
