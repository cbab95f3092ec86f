/** The MCP servers that the file of a client declares, and which of them can be guarded. */
import type { Node } from 'jsonc-parser';
import { isLauncher } from '../../protocol/mcpLauncher.ts';
import { parseJsonTree } from '../jsonText.ts';
import { Places } from '../places.ts';

/** A server that is started as a process. */
export interface DeclaredServer {
  readonly name: string;
  /** Keys from the top of the file to the entry, for example `servers`, `files`. */
  readonly path: readonly string[];
  /** `other`: it is left as it is, for the reason in `why`. */
  readonly state: 'bare' | 'guarded' | 'other';
  /** A clause; empty where the state is not `other`. */
  readonly why: string;
  /** Without the guard; empty where it is not known. */
  readonly argv: readonly string[];
  readonly nodes: ServerNodes | undefined;
}

/** Where the parts of an entry stand in the text. */
export interface ServerNodes {
  /** The property `command`. */
  readonly command: Node;
  /** The property `args`. */
  readonly args: Node | undefined;
}

/** The file is not one of servers, as a sentence with its place. */
export class ClientFileError extends Error {}

/** Maximum number of servers in a file. */
const maxServers = 1000;

/** The separator before a command that had a list of arguments, and before one that had none. */
export const separators = { withArgs: '--', alone: '--alone' } as const;

/**
 * All servers of a file, in its order. The file is JSON with comments and trailing commas; servers are in `servers` (VS Code), `mcpServers` (all others), and in `mcpServers`
 * of one of the `projects` (the local scope of Claude Code).
 * @throws ClientFileError where the text is broken.
 */
export function declaredServers(text: string): DeclaredServer[] {
  const { tree, faults } = parseJsonTree(text);
  const [fault] = faults;
  if (fault) {
    const { line, column } = new Places(text).of(fault);
    throw new ClientFileError(`line ${line + 1}, column ${column + 1}: ${fault.message}`);
  }
  // A client makes such a file before there is anything to put into it.
  if (tree === undefined) return [];
  if (tree.type !== 'object') throw new ClientFileError('it is not an object');
  const servers = sectionsOf(tree).flatMap(({ path, section }) =>
    entriesOf(section).map(([name, entry, isTwice]) => serverOf(name, [...path, name], entry, isTwice)),
  );
  if (servers.length > maxServers) throw new ClientFileError(`it declares more than ${maxServers} servers`);
  return servers;
}

interface Section {
  readonly path: readonly string[];
  readonly section: Node;
}

function sectionsOf(tree: Node): Section[] {
  const own = ['servers', 'mcpServers'].flatMap((key) => sectionAt(tree, [key]));
  const projects = valueIn(tree, 'projects');
  const ofProjects = entriesOf(projects).flatMap(([name, project]) =>
    sectionAt(project, ['mcpServers']).map(({ section }) => ({ path: ['projects', name, 'mcpServers'], section })),
  );
  return [...own, ...ofProjects];
}

function sectionAt(node: Node, path: readonly [string]): Section[] {
  const section = valueIn(node, path[0]);
  return section?.type === 'object' ? [{ path, section }] : [];
}

function serverOf(name: string, path: readonly string[], entry: Node, isTwice: boolean): DeclaredServer {
  const other = (why: string): DeclaredServer => ({ name, path, state: 'other', why, argv: [], nodes: undefined });
  if (isTwice) return other('its name is declared twice');
  if (entry.type !== 'object') return other('it is not an object');
  const properties = new Map<string, Node>();
  for (const property of entry.children ?? []) {
    const key = keyOf(property);
    if (properties.has(key)) return other(`it has ${key} twice`);
    properties.set(key, property);
  }
  const stringOf = (key: string): string | undefined => {
    const value: unknown = properties.get(key)?.children?.[1]?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const type = stringOf('type');
  const remote = ['url', 'serverUrl', 'httpUrl'].find((key) => properties.has(key));
  if (remote !== undefined || (type !== undefined && type !== 'stdio' && type !== 'local')) return other('it is a remote server');
  const [commandProperty, argsProperty] = [properties.get('command'), properties.get('args')];
  const command = stringOf('command');
  if (commandProperty === undefined || command === undefined || command.trim() === '') return other('it has no command');
  const args = argsProperty === undefined ? [] : stringsIn(argsProperty.children?.[1]);
  if (args === undefined) return other('its args are not a list of strings');
  const nodes: ServerNodes = { command: commandProperty, args: argsProperty };
  if (isLauncher(command)) {
    const isWhole = args.length >= 3 && (args[1] === separators.withArgs || args[1] === separators.alone);
    return isWhole
      ? { name, path, state: 'guarded', why: '', argv: args.slice(2), nodes }
      : other('its guard was changed, so that its command is not known');
  }
  if (isOwnCommand(command, args)) return other('it runs Tree Warden already');
  // VS Code inserts what the debugger needs between a known command and its arguments.
  if (valueIn(valueIn(entry, 'dev'), 'debug')) return other('it is debugged (dev.debug), for which its command must be its own');
  if (valueIn(entry, 'sandboxEnabled')?.value === true) return other('it runs in a sandbox, which keeps its guard from working');
  return { name, path, state: 'bare', why: '', argv: [command, ...args], nodes };
}

/** `tree-warden …`, by its name or by its script. */
function isOwnCommand(command: string, [first = '']: readonly string[]): boolean {
  return [command, first].some((word) => /(?:^|[\\/])tree-warden(?:\.cmd)?$|[\\/]tree-warden[^\\/]*[\\/]dist[\\/]cli\.js$/.test(word));
}

function stringsIn(node: Node | undefined): string[] | undefined {
  if (node?.type !== 'array') return undefined;
  const values = (node.children ?? []).map(({ value }) => value as unknown);
  return values.every((value) => typeof value === 'string') ? values : undefined;
}

/** Of an object: name, value, and whether another entry has the same name. */
function entriesOf(node: Node | undefined): [string, Node, boolean][] {
  if (node?.type !== 'object') return [];
  const properties = node.children ?? [];
  const counts = new Map<string, number>();
  for (const property of properties) counts.set(keyOf(property), (counts.get(keyOf(property)) ?? 0) + 1);
  return properties.flatMap((property): [string, Node, boolean][] => {
    const value = property.children?.[1];
    return value ? [[keyOf(property), value, (counts.get(keyOf(property)) ?? 0) > 1]] : [];
  });
}

function valueIn(node: Node | undefined, key: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  return node.children?.find((property) => keyOf(property) === key)?.children?.[1];
}

function keyOf(property: Node): string {
  return String(property.children?.[0]?.value);
}
