import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';

export interface YamlEntry {
  readonly name: string;
  readonly value: unknown;
  /** Zero-based line of its name. */
  readonly line: number;
}

/** More aliases than this of one anchor are refused: a few lines of them can stand for gigabytes. */
const maxAliases = 100;
/** The same of all anchors: each is searched for in the whole document. */
const maxAllAliases = 1000;

/** Maximum number of braces and brackets that are open at once: the parser's time grows with the square of it. Those of texts count as well. */
const maxOpen = 500;

export interface ParsedYaml {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  /** The value of a part of it, with its aliases. @throws Error where there are too many. */
  toJs(node: Node): unknown;
}

/** @throws Error where the text is not YAML, or makes too much of its aliases. */
export function parseYaml(text: string): ParsedYaml {
  assertShallow(text);
  const lines = new LineCounter();
  // Names that are there twice would be found by comparing each with each.
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw error;
  let aliases = 0;
  visit(document, {
    Alias: () => {
      if (++aliases > maxAllAliases) throw new RangeError('there are too many aliases');
    },
  });
  return { document, lines, toJs: (node) => node.toJS(document, { maxAliasCount: maxAliases }) as unknown };
}

/** @throws RangeError where it is not. */
function assertShallow(text: string): void {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '{' || bracket === '[' ? open + 1 : Math.max(0, open - 1);
    if (open > maxOpen) throw new RangeError(`more than ${maxOpen} braces and brackets are open at once`);
  }
}

/** Zero-based line of a node. */
export function lineIn(lines: LineCounter, node: unknown): number {
  return lines.linePos(isScalar(node) ? (node.range?.[0] ?? 0) : 0).line - 1;
}

/**
 * The entries of the map under this key, in the order of the file.
 * @throws Error where the text is not YAML, or makes too much of its aliases.
 */
export function yamlEntries(text: string, key: string): YamlEntry[] {
  const { document, lines, toJs } = parseYaml(text);
  const map = isMap(document.contents) ? document.contents.get(key, true) : undefined;
  if (!isMap(map)) return [];
  const values = toJs(map) as Record<string, unknown>;
  return map.items.flatMap(({ key: name }) => {
    if (!isScalar(name)) return [];
    const written = String(name.value);
    return [{ name: written, value: values[written], line: lineIn(lines, name) }];
  });
}
