import { getNodeValue, type Node } from 'jsonc-parser';
import type * as z from 'zod';
import { nameProblem, normalName } from '../../protocol/names.ts';
import { processesFile } from '../schema.ts';
import type { ProblemList } from './problemList.ts';
import type { Source } from './source.ts';
import { fixedVariableProblems } from './variableCheck.ts';

export type Section = 'processes' | 'models' | 'mcpServers' | 'languageServers';
const sections: readonly string[] = ['processes', 'models', 'mcpServers', 'languageServers'] satisfies Section[];

/** Maximum number of entries of one section. */
const maxEntries = 10_000;

export interface Entry {
  readonly name: string;
  readonly key: Node;
  readonly value: Node;
  /** Something is wrong with its name, or with a key that would be lost; it is reported. */
  readonly isWrong: boolean;
  /** A key of it is lost, so that what else is found in it may be wrong. */
  readonly hasHiddenKey: boolean;
}

export interface ReadSection<T> {
  readonly entries: ReadonlyMap<string, T>;
  /** Zero-based, also of entries that are not valid. */
  readonly lines: ReadonlyMap<string, number>;
  /** Where each of them is written. */
  readonly written: ReadonlyMap<string, { readonly source: Source; readonly value: Node }>;
}

function notAnObject(section: Section): string {
  return `"${section}" must be an object: { "name": { ${section === 'models' ? '"runtime"' : '"command"'}: "…" } }`;
}

/** Reads the sections of one file entry by entry, so that a mistake in one does not take the others away. */
export class SectionReader {
  readonly #source: Source;
  readonly #problems: ProblemList;

  constructor(source: Source, problems: ProblemList) {
    this.#source = source;
    this.#problems = problems;
  }

  /**
   * Checks what stands beside the sections, but for `handled` keys.
   * @param needsSection Whether a file without any section is a mistake.
   */
  checkTop(handled: readonly string[], needsSection: boolean): void {
    const { tree } = this.#source;
    const properties = tree.type === 'object' ? (tree.children ?? []) : [];
    const names = new Set<string>();
    const others: [string, unknown][] = [];
    for (const { children: [key, value] = [] } of properties) {
      if (!key) continue;
      const name = String(key.value);
      if (names.has(name)) this.#complain(key, `processes.json: there is a second '${name}'; the later one counts`, true);
      names.add(name);
      if (value && !sections.includes(name) && !handled.includes(name)) others.push([name, getNodeValue(value)]);
    }
    const checked = processesFile.safeParse(Object.fromEntries(others));
    if (!checked.success) this.#problems.report(this.#source, tree, [], checked.error);
    const declares = needsSection ? [...sections, 'include'].some((name) => names.has(name)) : tree.type === 'object';
    if (!declares) this.#complain(tree, notAnObject('processes'));
  }

  /**
   * Visits the entries of a section in the order of the file; of two with the same name, the later one counts. False where the section cannot be read.
   * @param isTaken Whether something else has this name.
   */
  visit(section: Section, take: (entry: Entry) => void, isTaken: (name: string) => boolean = () => false): boolean {
    const { tree } = this.#source;
    const declared = this.#problems.paths.valueAt(tree, [section]);
    if (declared === undefined) return tree.type === 'object';
    if (declared.type !== 'object') {
      this.#complain(declared, notAnObject(section));
      return false;
    }
    const names = new Set<string>();
    const written = new Set<unknown>();
    for (const [index, { children: [key, value] = [] }] of (declared.children ?? []).entries()) {
      if (!key || !value) continue;
      if (index >= maxEntries) {
        this.#complain(key, `${section}: there are more than ${maxEntries}; those from here on are left out`);
        break;
      }
      const name = normalName(String(key.value));
      if (isTaken(name)) {
        this.#complain(key, `${section}.${name}: a process has this name; its servers could not be told from it`);
        continue;
      }
      if (names.has(name)) this.#complain(key, `${section}.${name}: this name is used twice; the later one counts`, written.has(key.value));
      written.add(key.value);
      names.add(name);
      // An MCP server has no row that could show its mistake.
      if (section !== 'mcpServers') this.#problems.reading = name;
      take(this.#entry(section, name, key, value));
      this.#problems.reading = undefined;
    }
    return true;
  }

  /** Checks each entry by a schema; one that is not valid is as it was before. Undefined where the section cannot be read. */
  read<T>(
    section: Section,
    schema: z.ZodType<T>,
    before: ReadonlyMap<string, T>,
    isTaken?: (name: string) => boolean,
  ): ReadSection<T> | undefined {
    const entries = new Map<string, T>();
    const lines = new Map<string, number>();
    const written = new Map<string, { readonly source: Source; readonly value: Node }>();
    const take = ({ name, key, value, isWrong, hasHiddenKey }: Entry): void => {
      lines.set(name, this.lineOf(key));
      written.set(name, { source: this.#source, value });
      const entry = schema.safeParse(getNodeValue(value));
      if (!entry.success && !hasHiddenKey) this.#problems.report(this.#source, value, [section, name], entry.error);
      const unfilled = entry.success ? fixedVariableProblems(value, section === 'models' ? ['key'] : []) : [];
      for (const { node, message } of unfilled) this.#complain(node, `${section}.${name}: ${message}`);
      const kept = entry.success && !isWrong && unfilled.length === 0 ? entry.data : before.get(name);
      if (kept) entries.set(name, kept);
      else entries.delete(name);
    };
    return this.visit(section, take, isTaken) ? { entries, lines, written } : undefined;
  }

  lineOf(key: Node): number {
    return this.#source.places.of(key).line;
  }

  #entry(section: Section, name: string, key: Node, value: Node): Entry {
    const wrongName = nameProblem(name);
    if (wrongName !== undefined) this.#complain(key, `${section}.${name}: ${wrongName}`);
    const hidden = hiddenKey(value);
    if (hidden) this.#complain(hidden, `${section}.${name}: there cannot be a key '${String(hidden.value)}' here`);
    return { name, key, value, isWrong: wrongName !== undefined || hidden !== undefined, hasHiddenKey: hidden !== undefined };
  }

  #complain(node: Node, message: string, isJson = false): void {
    this.#problems.complain(this.#source, node, message, isJson);
  }
}

/** A key that JavaScript takes for the prototype of an object: it would be lost, or bring other keys with it. */
function hiddenKey(value: Node): Node | undefined {
  const open = [value];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const [key] = node.type === 'property' ? (node.children ?? []) : [];
    if (key?.value === '__proto__') return key;
    for (const child of node.children ?? []) open.push(child);
  }
  return undefined;
}
