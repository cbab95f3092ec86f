/** A project of process-compose as its files have it, with what they extend and override. Pure, but for what the folder reads. */
import { isMap, isScalar } from 'yaml';
import type { ProjectFolder } from '../foundTask.ts';
import { asObject } from '../jsonEntries.ts';
import { lineIn, parseYaml } from '../yamlEntries.ts';
import { Notes } from './notes.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ComposeProcess {
  readonly name: string;
  readonly fields: Fields;
  /** Zero-based, in the file that was asked for; that of the last line above it where another file has it. */
  readonly line: number;
}

export interface ComposeProject {
  /** All beside the processes. */
  readonly fields: Fields;
  readonly processes: readonly ComposeProcess[];
  readonly notes: Notes;
}

/** Maximum number of files, and of processes, that extend each other. */
const maxDepth = 10;
const overrides = ['process-compose.override.yml', 'process-compose.override.yaml'];

/** @throws Error where the text is not YAML, or makes too much of its aliases. */
export function readProject(text: string, folder: ProjectFolder | undefined): ComposeProject {
  const notes = new Notes();
  const own = readFile(text);
  let { fields, processes } = withBase(own, folder, notes, 0);
  const [override] = overrides.filter((name) => folder?.has(name));
  const written = override === undefined ? undefined : folder?.read(override);
  if (written !== undefined) ({ fields, processes } = merged({ fields, processes }, readFile(written)));
  const byName = new Map(processes);
  const lines = new Map(own.lines);
  let last = 0;
  return {
    fields,
    notes,
    processes: Array.from(byName, ([name, value]) => {
      last = lines.get(name) ?? last;
      return { name, fields: withBaseProcess(name, value, byName, notes), line: last };
    }),
  };
}

interface ReadFile {
  readonly fields: Fields;
  readonly processes: readonly (readonly [string, Fields])[];
}

function readFile(text: string): ReadFile & { readonly lines: readonly (readonly [string, number])[] } {
  const { document, lines, toJs } = parseYaml(text);
  const { processes: _, ...fields } = isMap(document.contents) ? asObject(toJs(document.contents)) : {};
  const map = isMap(document.contents) ? document.contents.get('processes', true) : undefined;
  const items = isMap(map) ? map.items.filter(({ key }) => isScalar(key)) : [];
  const values = isMap(map) ? asObject(toJs(map)) : {};
  const named = items.map(({ key }) => [String(isScalar(key) ? key.value : ''), lineIn(lines, key)] as const);
  return { fields, processes: named.map(([name]) => [name, asObject(values[name])] as const), lines: named };
}

/** With the file that its `extends` names, below it. */
function withBase(file: ReadFile, folder: ProjectFolder | undefined, notes: Notes, depth: number): ReadFile {
  const { extends: base, ...fields } = file.fields;
  if (typeof base !== 'string' || base === '') return { ...file, fields };
  const text = depth < maxDepth ? folder?.read(base) : undefined;
  if (text === undefined) {
    notes.leave('extends', `the file ${JSON.stringify(base)} cannot be read; what it declares is not here`);
    return { ...file, fields };
  }
  return merged(withBase(readFile(text), folder, notes, depth + 1), { ...file, fields });
}

function merged(below: ReadFile, above: ReadFile): ReadFile {
  const processes = new Map(below.processes);
  for (const [name, fields] of above.processes) processes.set(name, overlaid(asObject(processes.get(name)), fields));
  return { fields: overlaid(below.fields, above.fields), processes: [...processes] };
}

function withBaseProcess(name: string, own: Fields, all: ReadonlyMap<string, Fields>, notes: Notes): Fields {
  const chain = [name];
  let { extends: base, ...result } = own;
  while (typeof base === 'string' && base !== '') {
    const below = all.get(base);
    if (below === undefined || chain.includes(base) || chain.length > maxDepth) {
      notes.leave(`processes.${name}.extends`, `${JSON.stringify(base)} ${below === undefined ? 'is no process' : 'extends this one'}`);
      return result;
    }
    chain.push(base);
    const { extends: next, ...fields } = below;
    result = overlaid(fields, result);
    base = next;
  }
  return result;
}

/** Values of the upper one replace those below; environments, dependencies and variables are merged by their names, arguments appended. */
function overlaid(below: Fields, above: Fields): Fields {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const before = below[key];
    if (value === null || value === undefined) continue;
    if (key === 'environment' || key === 'env_cmds' || key === 'depends_on' || key === 'vars')
      result[key] = { ...namedValues(before), ...namedValues(value) };
    else if (key === 'entrypoint' && Array.isArray(before) && Array.isArray(value)) result[key] = [...before, ...value];
    else if (isPlainObject(before) && isPlainObject(value)) result[key] = overlaid(before, value);
    else result[key] = value;
  }
  return result;
}

function isPlainObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `["A=1"]`, or an object. What has no `=` in it is there with undefined. */
export function namedValues(value: unknown): Record<string, unknown> {
  if (!Array.isArray(value)) return { ...asObject(value) };
  return Object.fromEntries(
    value.map((entry: unknown): [string, unknown] => {
      const text = typeof entry === 'string' ? entry : JSON.stringify(entry);
      const at = text.indexOf('=');
      return at <= 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
