/** Writes found processes into a processes.json. */
import { createScanner, type Node } from 'jsonc-parser';
import { JsonPaths } from '../jsonPaths.ts';
import { parseJsonTree } from '../jsonText.ts';
import type { FoundProcess } from './foundTask.ts';

type Kept = Pick<
  FoundProcess,
  'name' | 'label' | 'command' | 'cwd' | 'env' | 'schedule' | 'source' | 'more' | 'shared' | 'left' | 'leftOfFile'
>;

/** A processes.json with these processes, and a word on what else it can hold. What could not be taken over is told in comments. */
export function renderProcessesFile(processes: readonly Kept[]): string {
  const names = new Set(processes.map(({ name }) => name));
  const shared = sharedByAll(processes);
  const entries = processes.map((process) => {
    const { name, label, source } = process;
    const origin = name === label ? source : `${source}: ${asOneLine(label)}`;
    const own = shared === undefined ? withShared(process) : process;
    return `    // from ${origin}\n${entryText(own, names, '    ', '  ', '\n')}`;
  });
  const body = entries.length > 0 ? entries.join(',\n') : '    // "web": { "command": "npm run dev", "group": "app", "autoStart": true }';
  const left = leftLines([...new Set(processes.flatMap(({ leftOfFile = [] }) => leftOfFile))]);
  const head = ['// The processes of this workspace. Completion (Ctrl+Space) shows every key.', ...left].join('\n');
  const { log, ...environment } = shared ?? {};
  const beside = { ...environment, ...(log && { defaults: { log } }) };
  const common = Object.entries(beside).map(([key, value]) => `  ${JSON.stringify(key)}: ${indented(value, '  ', '  ', '\n')},\n`);
  return `${head}\n{\n${common.join('')}  "processes": {\n${body}\n  }\n}\n`;
}

/** What stands beside the processes, because each of them has it. */
function sharedByAll(processes: readonly Kept[]): Kept['shared'] {
  const [first, ...others] = processes;
  const text = JSON.stringify(first?.shared);
  return others.every(({ shared }) => JSON.stringify(shared) === text) ? first?.shared : undefined;
}

/** With what all processes of its file have, for a file whose other processes are not of it. */
function withShared(process: Kept): Kept {
  const { shared, env, more = {} } = process;
  if (shared === undefined) return process;
  const files = [shared.envFile, more['envFile']].flat().filter((file) => file !== undefined);
  return {
    ...process,
    ...((shared.env ?? env) && { env: { ...shared.env, ...env } }),
    more: { ...(shared.log && { log: shared.log }), ...more, ...(files.length > 0 && { envFile: files.length === 1 ? files[0] : files }) },
  };
}

/**
 * The text of a processes.json with one more process, behind those that are there. Comments and all else stay as they are.
 * @throws RangeError with a clause where that cannot be done.
 */
export function keepInFile(text: string, process: Kept): string {
  const { tree, faults } = parseJsonTree(text);
  const entry = withShared(process);
  if (faults.length > 0) throw new RangeError('it is not valid JSON');
  // There may be comments in it.
  if (tree === undefined)
    return text.trim() === ''
      ? renderProcessesFile([process])
      : `${text.trimEnd()}\n{\n  "processes": {\n${entryText(entry, new Set([process.name]), '    ', '  ', '\n')}\n  }\n}\n`;
  if (tree.type !== 'object') throw new RangeError('it holds something else than an object');
  const section = new JsonPaths().valueAt(tree, ['processes']);
  const names = new Set([process.name, ...(section?.children ?? []).map(({ children: [name] = [] }) => String(name?.value))]);
  if (section === undefined)
    return inserted(
      text,
      tree,
      (indent, step, eol) => `${indent}"processes": {${eol}${entryText(entry, names, indent + step, step, eol)}${eol}${indent}}`,
    );
  if (section.type !== 'object') throw new RangeError('"processes" in it is not an object');
  if (new JsonPaths().valueAt(section, [process.name])) throw new RangeError(`it has a process “${process.name}” already`);
  return inserted(text, section, (indent, step, eol) => entryText(entry, names, indent, step, eol));
}

/** `names`: the processes of the file, without which nothing can depend on them. */
function entryText(process: Kept, names: ReadonlySet<string>, indent: string, step: string, eol: string): string {
  const { name, command, cwd, env, schedule, left = [] } = process;
  const { dependsOn, ...more } = process.more ?? {};
  const dependencies = Object.entries((dependsOn ?? {}) as Readonly<Record<string, unknown>>);
  const kept = dependencies.filter(([other]) => names.has(other));
  const missing = dependencies.filter(([other]) => !names.has(other)).map(([other]) => `dependsOn: ${other} is not in this file`);
  const needs = kept.length > 0 && { dependsOn: Object.fromEntries(kept) };
  const entry = { command, cwd, env, ...more, ...needs, schedule };
  const comments = leftLines([...left, ...missing]).map((line) => `${indent}${line}${eol}`);
  return `${comments.join('')}${indent}${JSON.stringify(name)}: ${indented(entry, indent, step, eol)}`;
}

/** Comments that say what has another meaning here, or none. */
function leftLines(left: readonly string[]): string[] {
  return left.map((line) => `// differs here: ${line.slice(0, 300).replaceAll(/\p{Cc}|[\u2028\u2029]/gu, ' ')}`);
}

/** Maximum length of a value that stands in one line. */
const maxLine = 100;

/** As JSON, with short lists and objects in one line each. */
function indented(value: unknown, indent: string, step: string, eol: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const key = (name: string): string => (Array.isArray(value) ? '' : `${JSON.stringify(name)}: `);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const inner = indent + step;
  const lines = entries.map(([name, one]) => {
    const short = inOneLine(one);
    return `${inner}${key(name)}${short.length <= maxLine ? short : indented(one, inner, step, eol)}`;
  });
  return entries.length === 0 ? `${open}${close}` : `${open}${eol}${lines.join(`,${eol}`)}${eol}${indent}${close}`;
}

function inOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  const entries = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${inOneLine(one)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** The text with a property behind the last one of an object, and behind the comments that belong to that. */
function inserted(text: string, object: Node, property: (indent: string, step: string, eol: string) => string): string {
  const eol = /\r\n/.test(text) ? '\r\n' : '\n';
  const outer = indentAt(text, object.offset);
  const last = object.children?.at(-1);
  const first = object.children?.[0];
  const isOnLineOfItsOwn = first !== undefined && text.slice(0, first.offset).match(/(?:^|\n)[ \t]*$/) !== null;
  const indent = isOnLineOfItsOwn && first ? indentAt(text, first.offset) : `${outer}  `;
  const step = indent.startsWith(outer) && indent.length > outer.length ? indent.slice(outer.length) : '  ';
  const written = property(indent, step, eol);
  if (last === undefined) {
    const end = object.offset + object.length - 1;
    const inside = text.slice(object.offset + 1, end).trimEnd();
    return `${text.slice(0, object.offset + 1)}${inside}${eol}${written}${eol}${outer}${text.slice(end)}`;
  }
  const end = last.offset + last.length;
  const { at, hasComma } = endOfLineAfter(text, end, object.offset + object.length - 1);
  const before = hasComma ? text.slice(0, at) : `${text.slice(0, end)},${text.slice(end, at)}`;
  const rest = text.slice(at);
  const closes = /^\s*\}/.test(rest) && !/^\s*[\r\n]/.test(rest);
  return `${before.trimEnd()}${eol}${written}${hasComma ? ',' : ''}${closes ? `${eol}${outer}${rest.trimStart()}` : rest}`;
}

/** jsonc-parser's values of SyntaxKind, an enum that is only there in types. */
const comma = 5;
const lineBreak = 14;
const lineComment = 12;
const blockComment = 13;
const space = 15;

/** Behind the comma and the comments that follow a property in its own line. */
function endOfLineAfter(text: string, from: number, close: number): { readonly at: number; readonly hasComma: boolean } {
  const scanner = createScanner(text);
  scanner.setPosition(from);
  let hasComma = false;
  let at = from;
  for (;;) {
    const token: number = scanner.scan();
    if (scanner.getTokenOffset() >= close || token === lineBreak) return { at, hasComma };
    if (token === comma) hasComma = true;
    else if (token !== lineComment && token !== blockComment && token !== space) return { at, hasComma };
    at = scanner.getTokenOffset() + scanner.getTokenLength();
  }
}

/** The white space that the line of this offset begins with. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return text.slice(start, offset).match(/^[ \t]*/)?.[0] ?? '';
}

/** For a comment, which ends with its line: what ends a line anywhere is written as an escape. */
function asOneLine(text: string): string {
  return JSON.stringify(text.slice(0, 100)).replaceAll(/\p{Cc}|[\u2028\u2029]/gu, ' ');
}
